"""The rules of a service's VirtualServices: one model for the mesh and for every gateway.

A route of the spec becomes one rule per replacement of its path, since Istio has one rewrite per rule: ``/a/*`` with
``rewrite: /new`` sends /a to /new and /a/x to /new/x.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from cmp.context import paths
from cmp.context.destinations import Destinations
from cmp.context.matching import Place, conditions, has_conditions, holds, rule_name, takes_all
from cmp.context.model import (
    HTTP_PROTOCOLS,
    Exposure,
    HttpMatch,
    HttpRule,
    IngressHosts,
    Mirrored,
    Port,
)
from cmp.context.names import delegated_name, digest, split
from cmp.context.paths import EVERYTHING, Mapped, Span

if TYPE_CHECKING:
    from cmp.spec.service import MeshService
    from cmp.spec.traffic import Match, Mirror, Route, Target


class Router:
    """What all rules for the requests of one service share: its namespace, ports, and where they can lead."""

    def __init__(self, namespace: str, spec: MeshService, ports: Sequence[Port], destinations: Destinations) -> None:
        self._namespace = namespace
        self._spec = spec
        self._ports = ports
        self._destinations = destinations

    def mesh(self) -> tuple[HttpRule, ...]:
        """The rules that callers inside the mesh follow, for every HTTP port."""
        ports = [port for port in self._ports if port.protocol in HTTP_PROTOCOLS]
        rules: list[HttpRule] = []
        for port in ports:
            place = Place(port, port.number if len(self._ports) > 1 else None)
            suffix = f"-{port.name}" if len(ports) > 1 else ""
            rules += [rule._replace(name=rule.name + suffix) for rule in self._rules([EVERYTHING], place)]
        return _unlike(rules)

    def delegated(self, exposures: Iterable[Exposure]) -> tuple[HttpRule, ...]:
        """The rules for those parts of other services' hosts that these hand to the service."""
        rules: list[HttpRule] = []
        for exposure in exposures:
            if exposure.spec.delegated and exposure.port is not None:
                rules += self._exposed(exposure, Place(exposure.port, item=exposure.spec))
        return _unlike(rules)

    def ingress(self, name: str, exposures: Iterable[Exposure]) -> tuple[IngressHosts, ...]:
        """The VirtualServices of gateways: hosts without rules of their own share one per gateway."""
        by_host: dict[tuple[str, str], list[Exposure]] = {}
        for exposure in exposures:
            host, gateway = exposure.spec.host, exposure.gateway
            if gateway is not None and host is not None and exposure.port is not None and not exposure.spec.delegated:
                by_host.setdefault((gateway.name, host), []).append(exposure)
        shared: dict[tuple[str, int], list[str]] = {}
        found: list[IngressHosts] = []
        for (at, host), items in sorted(by_host.items()):
            if len(items) == 1 and self._is_plain(items[0]):
                shared.setdefault((at, _number(items[0])), []).append(host)
            else:
                found.append(self._hosts(f"{name}-{at}-{digest(host)}", (host,), items))
        for (at, number), hosts in sorted(shared.items()):
            items = by_host[at, hosts[0]]
            usual = self._spec_port(items[0]) == number
            found.append(self._hosts(f"{name}-{at}" if usual else f"{name}-{at}-{number}", tuple(hosts), items))
        return tuple(found)

    def _spec_port(self, exposure: Exposure) -> int | None:
        """The port that a host without ``port`` publishes."""
        ports = [port for port in self._ports if port.protocol in HTTP_PROTOCOLS]
        return _number(exposure) if exposure.spec.port is None or len(ports) == 1 else None

    def _is_plain(self, exposure: Exposure) -> bool:
        item, spec = exposure.spec, self._spec
        own = item.path or item.rewrite or item.to or item.destinations or item.headers
        usual = (item.timeout, item.retries, item.cors) == (spec.timeout, spec.retries, spec.cors)
        return not own and usual

    def _hosts(self, name: str, hosts: tuple[str, ...], items: Sequence[Exposure]) -> IngressHosts:
        gateway = items[0].gateway
        assert gateway is not None  # only such items are grouped
        rules: list[HttpRule] = []
        for exposure in sorted(items, key=lambda item: not item.spec.path):  # what takes the rest comes last
            assert exposure.port is not None  # only such items are grouped
            rules += self._exposed(exposure, Place(exposure.port, None, gateway.name, exposure.spec))
        return IngressHosts(name, gateway, hosts, _unlike(rules))

    def _exposed(self, exposure: Exposure, place: Place) -> list[HttpRule]:
        item = exposure.spec
        seen = paths.spans(item.path, item.rewrite.path if item.rewrite else None)
        if item.to or item.destinations:
            return self._default(seen, item, place)
        return self._rules(seen, place)

    def _rules(self, spans: list[Span], place: Place) -> list[HttpRule]:
        rules: list[HttpRule] = []
        for route in self._spec.routes:
            fitting = [match for match in route.match if holds(match, place)]
            if route.match and not fitting:
                continue
            rules += self._route(route, fitting, spans, place)
            if not route.match or any(takes_all(match, place) for match in fitting):
                return rules
        return rules + self._default(spans, place.item or self._spec, place)

    def _route(self, route: Route, fitting: Sequence[Match], spans: list[Span], place: Place) -> Iterator[HttpRule]:
        found: list[tuple[str | None, list[HttpMatch]]] = []
        own, item = route.rewrite, place.item
        for match in fitting or (None,):
            for condition in conditions(match, own.path if own else None, spans):
                if not found or found[-1][0] != condition.replacement:  # one rule has one rewrite, and order counts
                    found.append((condition.replacement, []))
                found[-1][1].extend(self._matches(match, condition, place.only))
        targets = self._destinations.of(route, place.port) if _sends(route) else ()
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
        name, namespace = split(reference, self._namespace)
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
            self._destinations.of(item, place.port),
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
        source = split(match.from_, self._namespace) if match.from_ is not None else None
        return [HttpMatch(path, method, port, source, match) for method in match.method or (None,)]

    def _mirrored(self, mirror: Mirror, port: Port) -> Mirrored:
        """A copy goes to one place: where a service has several versions, to any of its pods."""
        share = 100 if mirror.percentage is None else mirror.percentage
        first, *more = self._destinations.listed(mirror, port)
        return Mirrored(first._replace(weight=100, subset=None if more else first.subset), share)


def _unlike(rules: Iterable[HttpRule]) -> tuple[HttpRule, ...]:
    """Rules with names of their own: the second of a name gets a number."""
    seen: dict[str, int] = {}
    found = []
    for rule in rules:
        seen[rule.name] = count = seen.get(rule.name, 0) + 1
        found.append(rule if count == 1 else rule._replace(name=f"{rule.name}-{count}"))
    return tuple(found)


def _sends(route: Route) -> bool:
    """Whether a route sends requests on itself, and does not answer them or hand them to another's rules."""
    return not (route.redirect or route.directResponse or route.delegate)


def _number(exposure: Exposure) -> int:
    return exposure.port.number if exposure.port is not None else 0
