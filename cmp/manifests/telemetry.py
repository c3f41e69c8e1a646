"""What proxies measure, log and trace: Istio's Telemetry of a service, and the platform's of mesh, namespace, gateway.

https://istio.io/latest/docs/reference/config/telemetry/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cmp.context.model import Platform, Service
from cmp.context.telemetry import sinks
from cmp.manifests.step import PlatformStep, Step, fields, for_machines_too, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from typing import TypeVar

    from cmp.spec.telemetry import AccessLogging, Metrics, MetricsOverride, Telemetry, Tracing

    Item = TypeVar("Item", AccessLogging, Metrics, Tracing)

API = "telemetry.istio.io/v1"

Sinks = Mapping[str, tuple[str, ...]]
Providers = list[Manifest] | None


def telemetry(service: Service) -> Iterator[Manifest]:
    """One Telemetry for the pods of a service: of two, Istio would take the older one."""
    spec = service.spec.telemetry
    if spec is not None and service.facts.labels and (said := _said(spec, service.observed.sinks)):
        selector = {"matchLabels": dict(service.facts.labels)}
        found = manifest(API, "Telemetry", service.name, spec={"selector": selector, **said})
        yield for_machines_too(service, found, "IST0101")


def wide_telemetry(platform: Platform) -> Iterator[Manifest]:
    """One Telemetry for the mesh, in the root namespace, one for each namespace, and one for each gateway's pods."""
    for one in platform.wide:
        holder: Any = platform.spec
        if one.path:
            holder = getattr(holder, one.path[0])[one.path[1]]
        spec = holder.telemetry
        inside = (
            one.namespace if one.selector is not None else None
        )  # what is said of a namespace is around its gateways
        if spec is not None and (said := _said(spec, sinks(platform.spec, inside))):
            selector = {"matchLabels": dict(one.selector)} if one.selector is not None else None
            found = manifest(API, "Telemetry", one.name, spec={"selector": selector, **said})
            found["metadata"]["namespace"] = one.namespace
            yield found


def _said(spec: Telemetry, sinks: Sinks) -> Manifest:
    traced = (spec.tracing,) if spec.tracing is not None else ()
    found = {
        "accessLogging": [
            _logging(one, to) for one, to in _with_providers(spec.accessLogging, sinks.get("accessLogging"))
        ],
        "metrics": [_metrics(one, to) for one, to in _with_providers(spec.metrics, sinks.get("metrics"))],
        "tracing": [_tracing(one, to) for one, to in _with_providers(traced, sinks.get("tracing"))],
    }
    return {key: items for key, items in found.items() if items}


def _with_providers(items: Iterable[Item], inherited: tuple[str, ...] | None) -> Iterator[tuple[Item, Providers]]:
    """Items with who gets what they say: who is named, in the item, in one before it, or around."""
    names = inherited or ()
    for item in items:
        names = item.providers or names
        yield item, [{"name": name} for name in names] or None


def _tracing(one: Tracing, providers: Providers) -> Manifest:
    found = fields(one)
    tags = {name: _tag(tag) for name, tag in found.pop("customTags", {}).items()}
    return {**found, "customTags": tags or None, "providers": providers}


def _tag(tag: Manifest) -> Manifest:
    return {kind: value if isinstance(value, dict) else {"value": value} for kind, value in tag.items()}


def _logging(one: AccessLogging, providers: Providers) -> Manifest:
    return {
        "match": fields(one.match) if one.match is not None else None,
        "providers": providers,
        "filter": fields(one.filter) if one.filter is not None else None,
        "disabled": one.disabled or None,
    }


def _metrics(one: Metrics, providers: Providers) -> Manifest:
    """Labels that all metrics go without come first, so that an override can give a metric one back."""
    removed = {
        "match": {"metric": "ALL_METRICS"},
        "tagOverrides": {name: {"operation": "REMOVE"} for name in one.remove},
    }
    return {
        "providers": providers,
        "overrides": [*([removed] if one.remove else ()), *map(_override, one.overrides)] or None,
        "reportingInterval": one.reportingInterval,
    }


def _override(one: MetricsOverride) -> Manifest:
    tags = {
        name: {"operation": tag.operation or "UPSERT", "value": tag.value} for name, tag in one.tagOverrides.items()
    }
    return {
        "match": fields(one.match) or None if one.match is not None else None,
        "disabled": one.disabled,
        "tagOverrides": tags or None,
    }


STEPS = (Step(Wave.NAMES, telemetry),)
PLATFORM_STEPS = (PlatformStep(Wave.NAMES, wide_telemetry),)
