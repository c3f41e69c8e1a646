"""Gateways and their servers: plain records. What is in them is decided in ``gateways`` and ``resolve``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from cmp.context.model import HTTP_PROTOCOLS

if TYPE_CHECKING:
    from cmp.spec.gateway import GatewayTls
    from cmp.spec.platform import Gateway as GatewaySpec

#: What a gateway does with what arrives: reads requests, or passes on connections, by server name or as they are.
Kind = Literal["http", "tls", "tcp"]
#: Modes in which the gateway does not end TLS.
PASSING_ON = ("PASSTHROUGH", "AUTO_PASSTHROUGH")


class Server(NamedTuple):
    """A port of a gateway with its hosts. ``secret`` is the certificate that is issued for it; a redirect has none."""

    name: str
    number: int
    protocol: str
    hosts: tuple[str, ...]
    tls: GatewayTls | None = None
    secret: str | None = None
    redirect: bool = False

    @property
    def kind(self) -> Kind:
        """What it does with what arrives."""
        if self.tls is not None and self.tls.mode in PASSING_ON:
            return "tls"
        return "http" if self.protocol in ("https", *HTTP_PROTOCOLS) else "tcp"


class Gateway(NamedTuple):
    """A gateway of the platform: an ingress gateway has the server http, with TLS https, an egress gateway none.

    ``host`` is that of its Service.
    """

    name: str
    namespace: str
    principal: str
    spec: GatewaySpec
    servers: tuple[Server, ...] = ()
    host: str = ""

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels of its pods."""
        return self.spec.selector or {"istio": self.name}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that it serves, whoever may show them."""
        return tuple(host.rpartition("/")[2] for host in self.spec.hosts)

    def hosts_for(self, namespace: str) -> tuple[str, ...]:
        """The hosts that services of a namespace may show.

        https://istio.io/latest/docs/reference/config/networking/gateway/#Server (hosts)
        """
        parts = [host.rpartition("/") for host in self.spec.hosts]
        own = ("", "*", namespace, *(["."] if namespace == self.namespace else []))
        return tuple(host for where, _, host in parts if where in own)

    @property
    def main(self) -> tuple[Server, ...]:
        """The servers that a host is published on where no port of the gateway is named."""
        return tuple(server for server in self.servers if server.number in (80, 443))

    def server(self, port: str | None) -> Server | None:
        """The server at a port, by its name or number."""
        return next((one for one in self.servers if port in (one.name, str(one.number))), None)


class OwnGateway(NamedTuple):
    """The Gateway that a service writes for hosts with servers of their own, on the pods of one of the platform's."""

    name: str
    gateway: Gateway
    servers: tuple[Server, ...]
