"""Hosts outside the mesh: what a namespace declares of them, and the ways there."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cmp.context.servers import Gateway


class ExternalPort(NamedTuple):
    """A port outside the mesh that a call names, and the protocol that the application speaks.

    ``tls`` says that a proxy adds TLS to it: the application's own, or the one of the egress ``gateway``.
    """

    number: int
    protocol: str
    tls: bool = False
    gateway: str = ""

    @property
    def target(self) -> int:
        """The port that is connected to: what is plain HTTP for the application is HTTPS outside, at 443 for 80."""
        return 443 if self.tls and self.number == 80 else self.number


class WayOut(NamedTuple):
    """A port of an outside host that is reached through an egress gateway.

    ``alias`` is what the gateway knows the host by, for the callers of one namespace. ``tls`` is what the gateway adds,
    in Istio's fields. ``server`` is who answers: the host, or for one with ``*`` the server of all its names.
    """

    name: str
    host: str
    port: ExternalPort
    gateway: Gateway
    alias: str
    tls: Mapping[str, object] | None
    server: str


class ExternalHost(NamedTuple):
    """An outside host that a service of this render is to declare for its namespace."""

    name: str
    host: str
    ports: tuple[ExternalPort, ...]
    ways: tuple[WayOut, ...] = ()
    export_to: tuple[str, ...] = (".",)

    def port(self, name: str | None, protocols: Container[str]) -> ExternalPort | None:
        """The port of a number, else the first, of those that speak one of the protocols as the application does."""
        fitting = [port for port in self.ports if port.protocol in protocols]
        fitting = [port for port in fitting if not port.tls and not port.gateway]
        return next((port for port in fitting if name in (None, str(port.number))), None)


class Origination(NamedTuple):
    """An outside host to whose ports the proxy of one caller adds TLS, in Istio's fields by port."""

    name: str
    host: str
    ports: Mapping[int, Mapping[str, object]]
