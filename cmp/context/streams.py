"""The rules for connections whose requests Istio does not read: by port, caller and, with TLS, the server's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cmp.context.destinations import Destinations
from cmp.context.model import TCP_PROTOCOLS, TLS_PROTOCOLS, Port, StreamMatch, StreamRule
from cmp.context.names import split

if TYPE_CHECKING:
    from cmp.spec.service import MeshService
    from cmp.spec.streams import StreamMatch as StreamMatchSpec
    from cmp.spec.streams import TcpRoute


def tcp(spec: MeshService, namespace: str, ports: Sequence[Port], destinations: Destinations) -> Iterator[StreamRule]:
    """The rules of each TCP port, in the order written, and behind them the versions' weights."""
    for port in ports:
        if port.protocol in TCP_PROTOCOLS:
            yield from _of_port(spec.tcpRoutes, namespace, port, len(ports) > 1, destinations)


def _of_port(
    routes: Sequence[TcpRoute], namespace: str, port: Port, several: bool, destinations: Destinations
) -> Iterator[StreamRule]:
    number = port.number if several else None
    bare = StreamMatch(number)
    for route in routes:
        fitting = [_match(match, namespace, number) for match in route.match if at(match, port)]
        if route.match and not fitting:
            continue
        matches = tuple(fitting or (bare,))
        yield StreamRule(port, destinations.of(route, port), matches if bare not in matches else (bare,))
        if bare in matches:
            return
    yield StreamRule(port, destinations.by_weight(port), (bare,))


def tls(spec: MeshService, namespace: str, ports: Sequence[Port], destinations: Destinations) -> Iterator[StreamRule]:
    """The rules of each port that speaks TLS itself. There is none for other server names: they are refused.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#TLSRoute
    """
    for port in ports:
        for route in spec.tlsRoutes if port.protocol in TLS_PROTOCOLS else ():
            number = port.number if len(ports) > 1 else None
            fitting = [match for match in route.match if at(match, port)]
            matches = tuple(_match(match, namespace, number)._replace(sni=match.sniHosts) for match in fitting)
            if matches:
                yield StreamRule(port, destinations.of(route, port), matches)


def at(match: StreamMatchSpec, port: Port) -> bool:
    """Whether a match is for a port."""
    return match.port in (None, port.name, str(port.number))


def _match(match: StreamMatchSpec, namespace: str, number: int | None) -> StreamMatch:
    source = split(match.from_, namespace) if match.from_ is not None else None
    return StreamMatch(number, source, match.sourceLabels, match.destinationSubnets)
