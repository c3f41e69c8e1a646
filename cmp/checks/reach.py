"""Checks of what is reached: of rules that take the same requests or connections, the first has them all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.context import paths
from cmp.context.hosts import fits
from cmp.context.matching import covers
from cmp.context.model import TCP_PROTOCOLS, TLS_PROTOCOLS, Context, HttpMatch, Service
from cmp.context.names import split
from cmp.context.paths import EVERYTHING, PathRule

if TYPE_CHECKING:
    from cmp.spec.streams import StreamMatch
    from cmp.spec.traffic import Match

NOTHING = "no request gets here: what stands before it takes all"
HELP = "put what is more general behind it, or remove one"


class _Asked(NamedTuple):
    """A condition of a route: the values of the match that it is for, and the gateways where it holds."""

    match: HttpMatch
    values: tuple[tuple[Step, ...], ...] = ()
    gateways: frozenset[str] = frozenset()

    def takes(self, other: _Asked) -> bool:
        there = not self.gateways or (bool(other.gateways) and other.gateways <= self.gateways)
        return there and covers(self.match, other.match)


def check_routes(context: Context) -> Iterator[Finding]:
    """No route, and no match, path or method of one, stands behind others that take all its requests."""
    for service in context.services:
        taken: list[_Asked] = []
        for index, route in enumerate(service.spec.routes):
            at: tuple[Step, ...] = ("routes", index)
            reached: list[bool] = []
            lost: list[tuple[Step, ...]] = []
            for number, match in enumerate(route.match):
                there = [(one, _free(one, taken)) for one in _asked(service, match)]
                reached.append(any(free for _, free in there))
                values = dict.fromkeys(value for one, _ in there for value in one.values) if reached[-1] else {(): None}
                seen = {value for one, free in there if free for value in ((), *one.values)}
                lost += [("match", number, *value) for value in values if value not in seen]
            if not route.match:
                reached.append(_free(_Asked(HttpMatch()), taken))
            for path in lost if any(reached) else [()]:
                yield Finding("MS219", service, (*at, *path), NOTHING, HELP)


def _free(one: _Asked, taken: list[_Asked]) -> bool:
    """Whether anything is left for a condition, which then takes it."""
    free = not any(other.takes(one) for other in taken)
    taken += [one] if free else []
    return free


def _asked(service: Service, match: Match) -> Iterator[_Asked]:
    """The conditions of a match: one for each path and method, and two for a path and what is below it."""
    port = service.port(match.port) if match.port is not None else None
    number = port.number if port is not None else None
    source = split(match.from_, service.namespace) if match.from_ is not None else None
    rules: list[tuple[Step | None, PathRule | None]] = [
        (index, None if rule == EVERYTHING.outer else rule)
        for index, path in enumerate(match.path)
        for rule in paths.rules(path)
    ]
    for index, rule in rules or [(None, None)]:
        for position, method in enumerate(match.method or (None,)):
            values = [("path", index)] if index is not None else []
            values += [("method", position)] if method is not None else []
            found = HttpMatch(rule, method, number, source, match)
            yield _Asked(found, tuple(values), frozenset(match.gateways))


#: The place of an item of a host, and the paths that it takes.
_Taken = tuple[tuple[Step, ...], list[PathRule]]


def check_hosts(context: Context) -> Iterator[Finding]:
    """No item of a host stands behind others that take all its requests."""
    for service in context.services:
        for items in _by_host(service):
            taken: list[PathRule] = []
            for position, (path, rules) in enumerate(items):
                if position and all(any(paths.covers(one, rule) for one in taken) for rule in rules):
                    yield Finding("MS219", service, path, NOTHING, HELP)
                taken += rules


def _by_host(service: Service) -> Iterator[list[_Taken]]:
    """The items of each host, in the order in which they are tried."""
    hosts: dict[tuple[str, ...], list[_Taken]] = {}
    for one in sorted(service.exposures, key=lambda item: not item.spec.path):
        rules = [span.outer for span in paths.spans(one.spec.path, None)]
        gateway, port = one.gateway.name if one.gateway else "", one.server.name if one.server else ""
        key = (gateway, port, one.kind, one.spec.host or f"[{one.at}]")  # of ports without hosts another check tells
        hosts.setdefault(key, []).append((("expose", one.at), rules))
    yield from hosts.values()


class _Connection(NamedTuple):
    """A condition of a rule for connections, for one port and, of TLS, one server name."""

    port: str
    match: StreamMatch | None
    name: str = ""

    def takes(self, other: _Connection) -> bool:
        """Whether it has all connections of another."""
        if self.port != other.port or (self.name and not fits(self.name, other.name)):
            return False
        one, two = self.match, other.match
        if one is None or two is None:
            return one is None or not (one.from_ or one.sourceLabels or one.destinationSubnets)
        nets = not one.destinationSubnets or set(one.destinationSubnets) >= set(two.destinationSubnets) > set()
        return one.from_ in (None, two.from_) and nets and one.sourceLabels.items() <= two.sourceLabels.items()


def check_connections(context: Context) -> Iterator[Finding]:
    """No rule for connections, and no match of one, stands behind others that take all of its."""
    message = NOTHING.replace("request", "connection")
    for service in context.services:
        for key, protocols in (("tcpRoutes", TCP_PROTOCOLS), ("tlsRoutes", TLS_PROTOCOLS)):
            ports = [port for port in service.ports if port.protocol in protocols]
            taken: list[_Connection] = []
            for index, route in enumerate(getattr(service.spec, key)):
                lost = []
                for number, match in enumerate(route.match or (None,)):
                    named = [
                        port.name
                        for port in ports
                        if match is None or match.port in (None, port.name, str(port.number))
                    ]
                    names = getattr(match, "sniHosts", ("",))
                    asked = [_Connection(port, match, name) for port in named for name in names]
                    free = [one for one in asked if not any(other.takes(one) for other in taken)]
                    lost += [number] if asked and not free else []
                    taken += free
                whole = len(lost) == len(route.match or (None,))
                for path in [(key, index)] if whole else [(key, index, "match", number) for number in lost]:
                    yield Finding("MS219", service, path, message, HELP)
