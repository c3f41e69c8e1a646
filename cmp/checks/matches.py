"""Checks of where routes hold, how their paths and rewrites combine, and whom they hand requests to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import targets
from cmp.context import paths
from cmp.context.matching import MESH, by_source
from cmp.context.model import Context, HttpRule, Service
from cmp.context.names import delegated_name, split
from cmp.context.paths import PathRule
from cmp.context.routes import stands_alone
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.traffic import Match


def _matches(service: Service) -> Iterator[tuple[Match, tuple[Step, ...]]]:
    for index, route in enumerate(service.spec.routes):
        for number, match in enumerate(route.match):
            yield match, ("routes", index, "match", number)


def _exposing(service: Service) -> set[str]:
    return {one.gateway.name for one in service.exposures if one.gateway is not None}


def check_places(context: Context) -> Iterator[Finding]:
    """Gateways that matches name are among those that expose the service."""
    names = [gateway.name for gateway in context.platform.gateways] if context.platform is not None else []
    for service in context.services:
        exposing = _exposing(service)
        for match, at in _matches(service):
            for position, name in enumerate(match.gateways):
                if name not in (MESH, *names):
                    message = f'the platform has no gateway "{name}"'
                    help = did_you_mean(name, [*names, MESH])
                    yield Finding("MS202", service, (*at, "gateways", position), message, help)
                elif name not in (MESH, *exposing):
                    message = f'"{service.name}" is not exposed at "{name}", so no request gets here from there'
                    help = f"add expose: {{host: ..., gateway: {name}}}, or leave it out"
                    yield Finding("MS219", service, (*at, "gateways", position), message, help)


def check_claims(context: Context) -> Iterator[Finding]:
    """Claims of tokens are known at gateways only, and callers in the mesh only."""
    for service in context.services:
        exposing = _exposing(service)
        for match, at in _matches(service):
            if not match.claims:
                continue
            if not exposing:
                message = f'claims are known at gateways only, and no gateway exposes "{service.name}"'
                yield Finding("MS219", service, (*at, "claims"), message, "match a header in the mesh", True)
            elif by_source(match) or match.gateways == (MESH,):
                message = "claims are known at gateways, and callers in the mesh: no request fits this match"
                yield Finding("MS219", service, (*at, "claims"), message, "match one of them", True)


def check_combinations(context: Context) -> Iterator[Finding]:
    """A regular expression cannot be cut down to the path of an exposed host, nor see a path that is rewritten."""
    for service in context.services:
        for exposure in service.exposures:
            item = exposure.spec
            if exposure.kind != "http" or stands_alone(item):
                continue
            at: tuple[Step, ...] = ("expose", exposure.at)
            rewrite = item.rewrite
            if rewrite is not None and rewrite.regex is not None and service.spec.routes:
                message = "routes cannot see the path that a regular expression makes"
                help = "give the host its own to, or rewrite by path"
                yield Finding("MS215", service, (*at, "rewrite", "regex"), message, help)
            spans = paths.spans(item.path, rewrite.path if rewrite else None)
            for wanted in _not_combinable(service, spans):
                message = f"{wanted} of a route cannot be combined with the path of this host"
                help = "use patterns without regex, or give the host its own to"
                yield Finding("MS215", service, at, message, help)
                break


def _not_combinable(service: Service, spans: list[paths.Span]) -> Iterator[str]:
    """Paths of routes, and what their rewrites look for, that the spans cannot be combined with."""
    moved = any(span.outer != span.inner for span in spans)
    for route in service.spec.routes:
        for rule in (rule for match in route.match for path in match.path for rule in paths.rules(path)):
            if not all(paths.combinable(span, rule) for span in spans):
                yield f'path "{rule.value}"'
        if moved and route.rewrite is not None and route.rewrite.regex is not None:
            yield f'rewrite "{route.rewrite.regex.match}"'


def check_prefix_rewrites(context: Context) -> Iterator[Finding]:
    """A redirect replaces a prefix where the path is one: ``/a/*`` is also ``/a``, which is none."""
    for service in context.services:
        for target, path in targets(service):
            if target.redirect is None or target.redirect.prefixRewrite is None:
                continue
            rules = [rule for rule in _all_rules(service) if rule.route is target]
            other = [m.path for rule in rules for m in rule.matches if m.path is not None and m.path.kind != "prefix"]
            if other:
                message = f'prefixRewrite replaces a prefix, and "{other[0].value}" is matched as a whole'
                help = "write the path as {prefix: /a} or /a*, or redirect to a path"
                yield Finding("MS218", service, (*path, "redirect", "prefixRewrite"), message, help)


def check_delegates(context: Context) -> Iterator[Finding]:
    """A route that hands requests over does so to rules that are there, and that keep to what is handed over.

    Rules of the other that take more are dropped in silence
    (https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate).
    """
    for service in context.services:
        for index, route in enumerate(service.spec.routes):
            if route.delegate is None:
                continue
            path: tuple[Step, ...] = ("routes", index, "delegate")
            name, namespace = split(route.delegate, service.namespace)
            if any(exposure.spec.delegated for exposure in service.exposures):
                message = f'"{service.name}" takes over requests itself: what is handed over cannot be handed on'
                yield Finding("MS220", service, path, message, f"send them to it: destinations: {{service: {name}}}")
            other = context.service(name, namespace)
            if other is None:
                continue
            if not other.delegated:
                message = f'"{other.name}" takes over no requests'
                yield Finding("MS220", service, path, message, f'add to "{other.name}": expose: {{delegated: true}}')
            yield from _handed_over(service, other)


def _handed_over(service: Service, other: Service) -> Iterator[Finding]:
    """Rules that take more than any rule of the other hands over."""
    handing = [rule for rule in _all_rules(service) if rule.delegate == (delegated_name(other.name), other.namespace)]
    given = [match.path for rule in handing for match in rule.matches]
    for rule in other.delegated:
        for match in rule.matches:
            if given and not any(_within(one, match.path) for one in given):
                shown = match.path.value if match.path is not None else "all paths"
                message = f'"{service.name}" hands over less than "{other.name}" takes: {shown}'
                item = next(one for one in other.exposures if one.spec.delegated)
                help = "give the item of expose the path that is handed over"
                yield Finding("MS220", other, ("expose", item.at), message, help)
                return


def _all_rules(service: Service) -> Iterable[HttpRule]:
    return (*service.http, *service.delegated, *(rule for ingress in service.ingress for rule in ingress.rules))


def _within(given: PathRule | None, taken: PathRule | None) -> bool:
    """Whether Istio merges the two: either says nothing, or what is taken is part of what is given, and no regex is."""
    if given is None or taken is None:
        return True
    return "regex" not in (given.kind, taken.kind) and paths.covers(given, taken)


def check_delegated(context: Context) -> Iterator[Finding]:
    """What takes over requests has no host of its own, and knows no claims."""
    for service in context.services:
        for exposure in service.exposures:
            if exposure.spec.delegated and exposure.spec.host is not None:
                message = "the host of what is taken over is said by who hands it over"
                yield Finding("MS105", service, ("expose", exposure.at, "host"), message, "leave it out", True)
