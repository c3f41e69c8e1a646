"""The rules of a service's VirtualServices: one model for the mesh and for every gateway.

A route of the spec becomes one rule per replacement of its path, since Istio has one rewrite per rule: ``/a/*`` with
``rewrite: /new`` sends /a to /new and /a/x to /new/x.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cmp.context import paths
from cmp.context.destinations import Destinations
from cmp.context.matching import Place, conditions, covers, has_conditions, holds, rule_name, takes_all
from cmp.context.model import (
    HTTP_PROTOCOLS,
    Exposure,
    HttpMatch,
    HttpRule,
    Mirrored,
    Port,
)
from cmp.context.names import delegated_name, split
from cmp.context.paths import EVERYTHING, Mapped, Span

if TYPE_CHECKING:
    from cmp.spec.service import MeshService
    from cmp.spec.traffic import Expose, Match, Mirror, Route, Target


class Router:
    """What all rules for the requests of one service share: its namespace, ports, and where they can lead."""

    def __init__(self, namespace: str, spec: MeshService, ports: Sequence[Port], destinations: Destinations) -> None:
        self.namespace = namespace
        self.spec = spec
        self.ports = ports
        self.destinations = destinations

    def mesh(self) -> tuple[HttpRule, ...]:
        """The rules that callers inside the mesh follow, for every HTTP port."""
        ports = [port for port in self.ports if port.protocol in HTTP_PROTOCOLS]
        rules: list[HttpRule] = []
        for port in ports:
            place = Place(port, port.number if len(self.ports) > 1 else None)
            suffix = f"-{port.name}" if len(ports) > 1 else ""
            rules += [rule._replace(name=rule.name + suffix) for rule in self._rules([EVERYTHING], place)]
        return unlike(reached(rules))

    def delegated(self, exposures: Iterable[Exposure]) -> tuple[HttpRule, ...]:
        """The rules for those parts of other services' hosts that these hand to the service."""
        rules: list[HttpRule] = []
        for exposure in exposures:
            if exposure.spec.delegated and exposure.port is not None:
                rules += self.exposed(exposure, Place(exposure.port, item=exposure.spec))
        return unlike(reached(rules))

    def exposed(self, exposure: Exposure, place: Place) -> list[HttpRule]:
        """The rules of an item: its own where it stands alone, else the service's, cut down to its path."""
        item = exposure.spec
        seen = paths.spans(item.path, item.rewrite.path if item.rewrite else None)
        if stands_alone(item):
            mirrors = tuple(self._mirrored(mirror, place.port) for mirror in item.mirror)
            return [rule._replace(route=item, mirrors=mirrors) for rule in self._default(seen, item, place)]
        return self._rules(seen, place)

    def _rules(self, spans: list[Span], place: Place) -> list[HttpRule]:
        rules: list[HttpRule] = []
        for route in self.spec.routes:
            fitting = [match for match in route.match if holds(match, place)]
            if route.match and not fitting:
                continue
            rules += self._route(route, fitting, spans, place)
            if not route.match or any(takes_all(match, place) for match in fitting):
                return rules
        if not self.destinations.host:  # nothing runs here: what no route takes is not found
            return rules
        return rules + self._default(spans, place.item or self.spec, place)

    def _route(self, route: Route, fitting: Sequence[Match], spans: list[Span], place: Place) -> Iterator[HttpRule]:
        found: list[tuple[str | None, list[HttpMatch]]] = []
        own, item = route.rewrite, place.item
        for match in fitting or (None,):
            for condition in conditions(match, own.path if own else None, spans):
                if not found or found[-1][0] != condition.replacement:  # one rule has one rewrite, and order counts
                    found.append((condition.replacement, []))
                found[-1][1].extend(self._matches(match, condition, place.only))
        targets = self.destinations.of(route, place.port) if _sends(route) else ()
        base = HttpRule(
            rule_name(route),
            (),
            targets,
            None,
            (own and own.authority) or (item and item.rewrite and item.rewrite.authority) or None,
            route.timeout,
            route.retries,
            route.cors,
            route.headers or (item.headers if item is not None else None),
            route,
            own.regex if own else None,
            tuple(self._mirrored(mirror, place.port) for mirror in route.mirror),
            self._delegate(route.delegate),
        )
        yield from (base._replace(rewrite=text, matches=tuple(matches)) for text, matches in found)

    def _delegate(self, reference: str | None) -> tuple[str, str] | None:
        if reference is None:
            return None
        name, namespace = split(reference, self.namespace)
        return delegated_name(name), namespace

    def _default(self, spans: list[Span], item: Target | MeshService, place: Place) -> list[HttpRule]:
        grouped: dict[str | None, list[HttpMatch]] = {}
        for span in spans:
            condition = paths.seen_through(span, None)
            if condition is not None:
                grouped.setdefault(condition.replacement, []).extend(self._matches(None, condition, place.only))
        rewrite = getattr(item, "rewrite", None)
        base = HttpRule(
            "default",
            (),
            () if answers(item) else self.destinations.of(item, place.port),
            None,
            rewrite.authority if rewrite else None,
            item.timeout,
            item.retries,
            item.cors,
            getattr(item, "headers", None),
            regex=rewrite.regex if rewrite else None,
        )
        return [base._replace(rewrite=text, matches=tuple(matches)) for text, matches in grouped.items()]

    def _matches(self, match: Match | None, condition: Mapped, port: int | None) -> list[HttpMatch]:
        path = None if condition.rule == EVERYTHING.outer else condition.rule
        if match is None or not (has_conditions(match) or match.ignoreUriCase):
            return [HttpMatch(path, None, port)]
        source = split(match.from_, self.namespace) if match.from_ is not None else None
        return [HttpMatch(path, method, port, source, match) for method in match.method or (None,)]

    def _mirrored(self, mirror: Mirror, port: Port) -> Mirrored:
        """A copy goes to one place: where a service has several versions, to any of its pods."""
        share = 100 if mirror.percentage is None else mirror.percentage
        first, *more = self.destinations.listed(mirror, port)
        return Mirrored(first._replace(weight=100, subset=None if more else first.subset), share)


def reached(rules: Iterable[HttpRule]) -> Iterator[HttpRule]:
    """Rules without the conditions that earlier rules take whole.

    Of what a spec says for all places, a check tells that. What is left is said for some gateways, or for a part of a
    host; Istio's webhook would warn of it (istio pkg/config/validation, analyzeUnreachableHTTPRules).
    """
    taken: list[HttpMatch] = []
    for rule in rules:
        matches: tuple[HttpMatch, ...] = ()
        for match in rule.matches:
            if not any(covers(one, match) for one in taken):
                matches = (*matches, match)
                taken.append(match)
        if matches:
            yield rule._replace(matches=matches)


def unlike(rules: Iterable[HttpRule]) -> tuple[HttpRule, ...]:
    """Rules with names of their own: the second of a name gets a number."""
    seen: dict[str, int] = {}
    found = []
    for rule in rules:
        seen[rule.name] = count = seen.get(rule.name, 0) + 1
        found.append(rule if count == 1 else rule._replace(name=f"{rule.name}-{count}"))
    return tuple(found)


def answers(item: Target | MeshService) -> bool:
    """Whether the proxy answers itself, so that nothing is sent on."""
    return bool(getattr(item, "redirect", None) or getattr(item, "directResponse", None))


def stands_alone(item: Expose) -> bool:
    """Whether an item says itself where its requests go, so that the service's routes are not asked."""
    return bool(item.to or item.destinations) or answers(item)


def _sends(route: Route) -> bool:
    """Whether a route sends requests on itself, and does not answer them or hand them to another's rules."""
    return not (answers(route) or route.delegate)
