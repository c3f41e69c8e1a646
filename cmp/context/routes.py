"""The rules of a service's VirtualServices: one model for the mesh and for every gateway.

A route of the spec becomes one rule per replacement of its path, since Istio has one rewrite per rule: ``/a/*`` with
``rewrite: /new`` sends /a to /new and /a/x to /new/x.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cmp.context import paths
from cmp.context.model import (
    HTTP_PROTOCOLS,
    TLS_PROTOCOLS,
    Destination,
    Exposure,
    HttpMatch,
    HttpRule,
    IngressHosts,
    Port,
    StreamRule,
    Version,
    find_port,
)
from cmp.context.names import digest, split
from cmp.context.paths import EVERYTHING, Mapped, Span

if TYPE_CHECKING:
    from cmp.spec.service import MeshService
    from cmp.spec.traffic import Destination as DestinationSpec
    from cmp.spec.traffic import Match, Route, Target, TextMatch

#: Another service's versions with their shares, at a port: what a ``destinations`` item with ``service`` stands for.
Lookup = Callable[[str, "str | None"], tuple[Destination, ...]]


class Router:
    """What all rules of one service share: its host, ports, versions, and how to find other services."""

    def __init__(
        self,
        host: str,
        namespace: str,
        spec: MeshService,
        ports: Sequence[Port],
        versions: Sequence[Version],
        find: Lookup,
        outside: Lookup,
    ) -> None:
        self._host = host
        self._namespace = namespace
        self._spec = spec
        self._ports = ports
        self._versions = versions
        self._find = find
        self._outside = outside

    def mesh(self) -> tuple[HttpRule, ...]:
        """The rules that callers inside the mesh follow, for every HTTP port."""
        ports = [port for port in self._ports if port.protocol in HTTP_PROTOCOLS]
        rules: list[HttpRule] = []
        for port in ports:
            only = port.number if len(self._ports) > 1 else None
            suffix = f"-{port.name}" if len(ports) > 1 else ""
            rules += [rule._replace(name=rule.name + suffix) for rule in self._rules([EVERYTHING], port, only)]
        return _unlike(rules)

    def streams(self) -> tuple[StreamRule, ...]:
        """Where connections of ports go whose requests Istio does not read, and that are not encrypted already."""
        ports = [port for port in self._ports if port.protocol not in HTTP_PROTOCOLS | TLS_PROTOCOLS]
        return tuple(StreamRule(port, self._by_weight(port)) for port in ports)

    def ingress(self, name: str, exposures: Iterable[Exposure]) -> tuple[IngressHosts, ...]:
        """The VirtualServices of gateways: hosts without rules of their own share one per gateway."""
        by_host: dict[tuple[str, str], list[Exposure]] = {}
        for exposure in exposures:
            if exposure.gateway is not None and exposure.port is not None:
                by_host.setdefault((exposure.gateway.name, exposure.spec.host), []).append(exposure)
        shared: dict[tuple[str, int], list[str]] = {}
        found: list[IngressHosts] = []
        for (gateway, host), items in sorted(by_host.items()):
            if len(items) == 1 and self._is_plain(items[0]):
                shared.setdefault((gateway, _number(items[0])), []).append(host)
            else:
                found.append(self._hosts(f"{name}-{gateway}-{digest(host)}", (host,), items))
        for (gateway, number), hosts in sorted(shared.items()):
            items = by_host[gateway, hosts[0]]
            usual = self._spec_port(items[0]) == number
            found.append(
                self._hosts(f"{name}-{gateway}" if usual else f"{name}-{gateway}-{number}", tuple(hosts), items)
            )
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
        rules: list[HttpRule] = []
        for exposure in sorted(items, key=lambda item: not item.spec.path):  # what takes the rest comes last
            rules += self._exposed(exposure)
        gateway = items[0].gateway
        assert gateway is not None  # only such items are grouped
        return IngressHosts(name, gateway, hosts, _unlike(rules))

    def _exposed(self, exposure: Exposure) -> list[HttpRule]:
        item, port = exposure.spec, exposure.port
        assert port is not None  # only such items are grouped
        seen = paths.spans(item.path, item.rewrite.path if item.rewrite else None)
        if item.to or item.destinations:
            return self._default(seen, item, port, None)
        return self._rules(seen, port, None, item)

    def _rules(self, spans: list[Span], port: Port, only: int | None, item: Target | None = None) -> list[HttpRule]:
        rules: list[HttpRule] = []
        for route in self._spec.routes:
            if not _at(route, port):
                continue
            rules += self._route(route, spans, port, only, item)
            if not route.match or any(takes_all(match) and _at_port(match, port) for match in route.match):
                return rules
        return rules + self._default(spans, item or self._spec, port, only)

    def _route(
        self, route: Route, spans: list[Span], port: Port, only: int | None, item: Target | None
    ) -> Iterator[HttpRule]:
        found: list[tuple[str | None, list[HttpMatch]]] = []
        replacement = route.rewrite.path if route.rewrite else None
        for match in route.match or (None,):
            if match is not None and (not _at_port(match, port) or (item is not None and _by_source(match))):
                continue  # sources are known in the mesh only
            for condition in _conditions(match, replacement, spans):
                if not found or found[-1][0] != condition.replacement:  # one rule has one rewrite, and order counts
                    found.append((condition.replacement, []))
                found[-1][1].extend(self._matches(match, condition, only))
        authority = (
            (route.rewrite and route.rewrite.authority) or (item and item.rewrite and item.rewrite.authority) or None
        )
        name = route.name or digest(repr([_signature(m) for m in route.match]))
        for text, matches in found:
            targets = () if route.redirect or route.directResponse else self._targets(route, port)
            yield HttpRule(
                name,
                tuple(matches),
                targets,
                text,
                authority,
                route.timeout,
                route.retries,
                route.cors,
                route.headers or (item.headers if item is not None else None),
                route,
            )

    def _default(self, spans: list[Span], item: Target | MeshService, port: Port, only: int | None) -> list[HttpRule]:
        grouped: dict[str | None, list[HttpMatch]] = {}
        for span in spans:
            condition = paths.seen_through(span, None)
            if condition is not None:
                grouped.setdefault(condition.replacement, []).extend(self._matches(None, condition, only))
        rewrite = getattr(item, "rewrite", None)
        authority = rewrite.authority if rewrite else None
        headers = getattr(item, "headers", None)
        targets = self._targets(item, port)
        return [
            HttpRule("default", tuple(m), targets, text, authority, item.timeout, item.retries, item.cors, headers)
            for text, m in grouped.items()
        ]

    def _matches(self, match: Match | None, condition: Mapped, port: int | None) -> list[HttpMatch]:
        path = None if condition.rule == EVERYTHING.outer else condition.rule
        if match is None or not (has_conditions(match) or match.ignoreUriCase):
            return [HttpMatch(path, None, port)]
        source = split(match.from_, self._namespace) if match.from_ is not None else None
        return [HttpMatch(path, method, port, source, match) for method in match.method or (None,)]

    # -- destinations ------------------------------------------------------------------------------------------------

    def _targets(self, item: Target | MeshService, port: Port) -> tuple[Destination, ...]:
        to = getattr(item, "to", None)
        if to:
            return tuple(self._own(version, port, weight) for version, weight in to.items() if weight or len(to) == 1)
        listed: tuple[DestinationSpec, ...] = getattr(item, "destinations", ())
        if listed:
            return self._shared(listed, port)
        return self._by_weight(port)

    def _shared(self, listed: Sequence[DestinationSpec], port: Port) -> tuple[Destination, ...]:
        """Targets with their shares. Rules do not chain: a service's own split between versions is repeated here."""
        found: list[Destination] = []
        for one in listed:
            share = 100 if len(listed) == 1 else one.weight or 0
            found += [
                target._replace(weight=share * target.weight, headers=one.headers) for target in self._listed(one, port)
            ]
        scale = 100 if all(target.weight % 100 == 0 for target in found) else 1
        return tuple(target._replace(weight=target.weight // scale) for target in found if target.weight)

    def _by_weight(self, port: Port) -> tuple[Destination, ...]:
        return tuple(self._own(version.name, port, version.weight) for version in self._versions if version.weight)

    def _own(self, version: str, port: Port, weight: int) -> Destination:
        return Destination(self._host, version, port.number if len(self._ports) > 1 else None, weight)

    def _listed(self, item: DestinationSpec, port: Port) -> tuple[Destination, ...]:
        if item.version is not None:
            named = find_port(self._ports, item.port) if item.port is not None else None
            return (self._own(item.version, named or port, 100),)
        if item.service is not None:
            return self._find(item.service, item.port)
        return self._outside(item.host or "", item.port)


def _unlike(rules: Iterable[HttpRule]) -> tuple[HttpRule, ...]:
    """Rules with names of their own: the second of a name gets a number."""
    seen: dict[str, int] = {}
    found = []
    for rule in rules:
        seen[rule.name] = count = seen.get(rule.name, 0) + 1
        found.append(rule if count == 1 else rule._replace(name=f"{rule.name}-{count}"))
    return tuple(found)


def _number(exposure: Exposure) -> int:
    return exposure.port.number if exposure.port is not None else 0


def has_conditions(match: Match) -> bool:
    """Whether a match asks for more than a path and a port."""
    texts = (match.headers, match.withoutHeaders, match.cookies, match.queryParams, match.authority, match.scheme)
    return any(texts) or bool(match.method) or _by_source(match)


def _by_source(match: Match) -> bool:
    return match.from_ is not None or bool(match.sourceLabels)


def takes_all(match: Match) -> bool:
    """Whether a match holds for every request of the ports that it is for."""
    conditions = has_conditions(match)
    everything = not match.path or any(EVERYTHING.outer in paths.rules(path) for path in match.path)
    return not conditions and everything


def _at(route: Route, port: Port) -> bool:
    return not route.match or any(_at_port(match, port) for match in route.match)


def _at_port(match: Match, port: Port) -> bool:
    return match.port in (None, port.name, str(port.number))


def _conditions(match: Match | None, replacement: str | None, spans: list[Span]) -> Iterator[Mapped]:
    """The conditions on the path under which a match holds, as clients ask through the spans."""
    path = match.path if match is not None else ()
    wanted: Sequence[Mapped | None] = paths.mapped(path, replacement)
    if not path:
        wanted = (None,) if replacement is None else (Mapped(EVERYTHING.outer, f"{replacement.rstrip('/')}/"),)
    for one in wanted:
        for span in spans:
            if one is None or paths.combinable(span, one.rule):  # else a check reports it
                condition = paths.seen_through(span, one)
                if condition is not None:
                    yield condition


def _signature(match: Match) -> list[object]:
    """What a match says, as plain data in a fixed order: the name of a rule is a digest of it.

    What a match does not say is not in it, so that keys that the language gets later rename no rule.
    """
    texts = [_texts(match.headers), _texts(match.queryParams)]
    base = [[tuple(rule) for path in match.path for rule in paths.rules(path)], *texts, match.method, match.port]
    more = {
        "withoutHeaders": _texts(match.withoutHeaders),
        "cookies": _texts(match.cookies),
        "authority": _texts({"": match.authority} if match.authority else {}),
        "scheme": _texts({"": match.scheme} if match.scheme else {}),
        "ignoreUriCase": match.ignoreUriCase,
        "from": match.from_,
        "sourceLabels": match.sourceLabels,
    }
    return [*base, *((key, value) for key, value in more.items() if value)]


def _texts(texts: Mapping[str, TextMatch]) -> dict[str, object]:
    return {key: (text.exact, text.prefix, text.regex, text.present) for key, text in texts.items()}
