"""Where requests and connections go: a service's versions with their shares, other services, and outside hosts."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.model import HTTP_PROTOCOLS, TCP_PROTOCOLS, TLS_PROTOCOLS, Destination, Port, Version, find_port

if TYPE_CHECKING:
    from cmp.spec.service import MeshService
    from cmp.spec.streams import StreamDestination, TcpRoute, TlsRoute
    from cmp.spec.traffic import Destination as DestinationSpec
    from cmp.spec.traffic import Mirror, Target

#: Another service's versions with their shares, at a port of a name or number, or at its main one.
Find = Callable[[str, "str | None"], tuple[Destination, ...]]
#: An outside host, at a port of a name or number that speaks one of the protocols.
Outside = Callable[[str, "str | None", Container[str]], tuple[Destination, ...]]


class Destinations(NamedTuple):
    """The targets that one service's rules can name."""

    host: str
    ports: Sequence[Port]
    versions: Sequence[Version]
    find: Find
    outside: Outside

    def of(self, item: Target | TcpRoute | TlsRoute | MeshService, port: Port) -> tuple[Destination, ...]:
        """Where a route or an exposed host sends what comes for a port: what it says, else the versions' weights."""
        to = getattr(item, "to", None)
        if to:
            return tuple(self.own(version, port, weight) for version, weight in to.items() if weight or len(to) == 1)
        listed: tuple[DestinationSpec | StreamDestination, ...] = getattr(item, "destinations", ())
        return self._shared(listed, port) if listed else self.by_weight(port)

    def by_weight(self, port: Port) -> tuple[Destination, ...]:
        """The service's versions that have a share; where nobody told any, all there is."""
        if not self.versions:
            return (Destination(self.host, None, port.number if len(self.ports) > 1 else None),)
        return tuple(self.own(version.name, port, version.weight) for version in self.versions if version.weight)

    def own(self, version: str, port: Port, weight: int) -> Destination:
        """A version of the service itself."""
        return Destination(self.host, version, port.number if len(self.ports) > 1 else None, weight)

    def listed(self, item: DestinationSpec | StreamDestination | Mirror, port: Port) -> tuple[Destination, ...]:
        """What one target of a list stands for, with shares that sum to 100."""
        if item.version is not None:
            named = find_port(self.ports, item.port) if item.port is not None else None
            return (self.own(item.version, named or port, 100),)
        if item.service is not None:
            return self.find(item.service, item.port)
        return self.outside(item.host or "", item.port, alike(port))

    def _shared(self, listed: Sequence[DestinationSpec | StreamDestination], port: Port) -> tuple[Destination, ...]:
        """Targets with their shares. Rules do not chain: a service's own split between versions is repeated here."""
        found: list[Destination] = []
        for one in listed:
            share = 100 if len(listed) == 1 else one.weight or 0
            headers = getattr(one, "headers", None)
            found += [
                target._replace(weight=share * target.weight, headers=headers) for target in self.listed(one, port)
            ]
        scale = 100 if all(target.weight % 100 == 0 for target in found) else 1
        return tuple(target._replace(weight=target.weight // scale) for target in found if target.weight)


def alike(port: Port) -> Container[str]:
    """The protocols that what comes for a port can be sent on to as it is."""
    for protocols in (HTTP_PROTOCOLS, TLS_PROTOCOLS):
        if port.protocol in protocols:
            return protocols
    return TCP_PROTOCOLS
