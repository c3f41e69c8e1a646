"""Checks of what proxies measure, log and trace. What Istio does not refuse it takes, and then does something else.

istio pilot/pkg/model/telemetry.go, pkg/config/validation/validation.go
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.context.model import Context, Platform, Service
from cmp.context.telemetry import BUILT_IN, LABELS, Level, around, items, takes
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.telemetry import AccessLogging, MetricsOverride, Telemetry

Path = tuple[Step, ...]


class Held(NamedTuple):
    """A Telemetry of a spec, where it stands, and what is said around it."""

    owner: Service | Platform
    path: Path
    spec: Telemetry
    around: tuple[Level, ...] = ()


def held(context: Context) -> Iterator[Held]:
    """All Telemetries of a render: those of services, then the platform's."""
    platform = context.platform.spec if context.platform is not None else None
    for service in context.services:
        if service.spec.telemetry is not None:
            yield Held(service, ("telemetry",), service.spec.telemetry, tuple(around(platform, service.namespace)))
    if context.platform is None or platform is None:
        return
    if platform.telemetry is not None:
        yield Held(context.platform, ("telemetry",), platform.telemetry)
    for name, namespace in platform.namespaces.items():
        if namespace.telemetry is not None:
            path = ("namespaces", name, "telemetry")
            yield Held(context.platform, path, namespace.telemetry, tuple(around(platform, None)))
    for name, gateway in platform.gateways.items():
        if gateway.telemetry is not None:
            said = tuple(around(platform, gateway.namespace))
            yield Held(context.platform, ("gateways", name, "telemetry"), gateway.telemetry, said)


def check_providers(context: Context) -> Iterator[Finding]:
    """Who gets something is there, and takes it: Istio drops what is for others in silence."""
    providers = context.platform.spec.providers if context.platform is not None else {}
    for one in held(context):
        for block, usual in BUILT_IN.items():
            for below, item in items(one.spec, block):
                for at, name in enumerate(item.providers):
                    path = (*one.path, *below, "providers", at)
                    listed, known = providers.get(name), [*usual, *providers]
                    if listed is None and name not in {name for names in BUILT_IN.values() for name in names}:
                        message = f'there is no provider "{name}"'
                        help = did_you_mean(name, known) or "add it to the providers of the platform"
                        yield Finding("MS202", one.owner, path, message, help)
                    elif not takes(listed, block) if listed is not None else name not in usual:
                        message = f'provider "{name}" takes no {_WHAT[block]}'
                        fitting = [*usual, *(other for other, kind in providers.items() if takes(kind, block))]
                        yield Finding("MS250", one.owner, path, message, f"name one that does: {', '.join(fitting)}")


_WHAT = {"tracing": "traces", "accessLogging": "logs", "metrics": "metrics"}


def check_telemetry(context: Context) -> Iterator[Finding]:
    """What is said has an effect, and only one."""
    for one in held(context):
        if not (one.spec.tracing is not None or one.spec.accessLogging or one.spec.metrics):
            message = "this says nothing of traces, logs or metrics"
            yield Finding("MS102", one.owner, one.path, message, "add tracing: 5%, or leave it out")
        yield from _tracing(one)
        yield from _logging(one, one.spec.accessLogging)
        for index, metrics in enumerate(one.spec.metrics):
            path = (*one.path, "metrics", index)
            if not (metrics.providers or metrics.remove or metrics.overrides or metrics.reportingInterval):
                yield Finding("MS102", one.owner, path, "this says nothing of metrics", "add remove: [source_app]")
            for at, override in enumerate(metrics.overrides):
                yield from _override(one, override, (*path, "overrides", at))


def _tracing(held: Held) -> Iterator[Finding]:
    tracing = held.spec.tracing
    if tracing is not None and len(tracing.providers) > 1:
        message = "Istio sends traces to one provider, and would take the first"
        path = (*held.path, "tracing", "providers")
        yield Finding("MS250", held.owner, path, message, f"keep {tracing.providers[0]}")


def _logging(held: Held, entries: tuple[AccessLogging, ...]) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(entries):
        path = (*held.path, "accessLogging", index)
        if item.disabled and item.filter is not None:
            message = "what is not logged needs no filter"
            yield Finding("MS250", held.owner, (*path, "filter"), message, "leave out filter or disabled", True)
        mine = {
            (name, side)
            for name in item.providers or ("",)
            for side in _sides(item.match.mode if item.match is not None else None)
        }
        if mine & seen:
            message = "the same requests are logged to the same provider above, and Istio would take only this"
            yield Finding("MS250", held.owner, path, message, "join the conditions with ||, or name another provider")
        seen |= mine


def _sides(mode: str | None) -> tuple[str, ...]:
    return ("CLIENT", "SERVER") if mode in (None, "CLIENT_AND_SERVER") else (mode,)


def _override(held: Held, override: MetricsOverride, path: Path) -> Iterator[Finding]:
    if override.disabled is None and not override.tagOverrides:
        yield Finding("MS102", held.owner, path, "this overrides nothing", "add disabled: true, or tagOverrides")
    for name, tag in override.tagOverrides.items():
        at = (*path, "tagOverrides", name)
        if tag.operation == "REMOVE" and tag.value is not None:
            message = f'"{name}" is removed, and so has no value'
            yield Finding("MS250", held.owner, (*at, "value"), message, "leave out value or operation", True)
        if tag.operation != "REMOVE" and tag.value is None:
            yield Finding("MS102", held.owner, at, f'"{name}" has no value', "add value: in CEL, or write REMOVE")


def check_labels(context: Context) -> Iterator[Finding]:
    """What is removed is there: Istio's own label, or one that was added before."""
    for one in held(context):
        known = {*LABELS}
        for level in (*one.around, Level(one.spec, one.path, False)):
            for metrics in level.spec.metrics:
                known |= {
                    n for o in metrics.overrides for n, tag in o.tagOverrides.items() if tag.operation != "REMOVE"
                }
        for index, metrics in enumerate(one.spec.metrics):
            path = (*one.path, "metrics", index)
            removed = [(name, (*path, "remove", at)) for at, name in enumerate(metrics.remove)]
            for at, override in enumerate(metrics.overrides):
                tags = ((*path, "overrides", at, "tagOverrides", name) for name in override.tagOverrides)
                removed += [
                    (str(at[-1]), at) for at in tags if override.tagOverrides[str(at[-1])].operation == "REMOVE"
                ]
            for name, where in removed:
                if name not in known:
                    message = f'metrics have no label "{name}"'
                    yield Finding("MS251", one.owner, where, message, did_you_mean(name, sorted(known)))


def check_one_telemetry(context: Context) -> Iterator[Finding]:
    """A pod has one Telemetry: of two that select it, Istio would take the older one (IST0159)."""
    told = [one for one in context.services if one.spec.telemetry is not None and one.facts.labels]
    for index, service in enumerate(told):
        for other in told[:index]:
            mine, theirs = service.facts.labels.items(), other.facts.labels.items()
            if other.namespace == service.namespace and (mine <= theirs or theirs <= mine):
                message = f'the pods of "{service.name}" are among those of "{other.name}", which has telemetry too'
                help = "say it in one of the two"
                related = ((other, ("telemetry",), "said first here"),)
                yield Finding("MS250", service, ("telemetry",), message, help, True, related)
