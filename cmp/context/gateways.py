"""Servers of gateways: those of the platform, and those that services write for hosts with TLS of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from cmp.context.hosts import best
from cmp.context.model import (
    HTTP_PROTOCOLS,
    TCP_PROTOCOLS,
    TLS_PROTOCOLS,
    Exposure,
    Port,
    find_port,
    main_port,
)
from cmp.context.names import digest, protocol_of
from cmp.context.servers import PASSING_ON, Gateway, Kind, OwnGateway, Server

if TYPE_CHECKING:
    from cmp.spec.gateway import GatewayTls
    from cmp.spec.platform import Gateway as GatewaySpec
    from cmp.spec.traffic import Expose


def servers(name: str, spec: GatewaySpec) -> tuple[Server, ...]:
    """The servers of a gateway of the platform: http, with TLS https, and its further ports by their numbers.

    A port that speaks TLS and says nothing of it has the gateway's.
    """
    found = [Server("http", 80, "http", spec.hosts, redirect=bool(spec.httpsRedirect))]
    own = _secret(spec.tls, f"{name}-tls")
    if spec.tls is not None:
        found.append(Server("https", 443, "https", spec.hosts, spec.tls, own))
    for key, port in sorted(spec.ports.items(), key=lambda item: (item[1].port, item[0])):
        protocol = port.protocol or protocol_of(key) or "tcp"
        tls, secret = port.tls, _secret(port.tls, f"{name}-{key}-tls")
        if tls is None and protocol in TLS_PROTOCOLS:
            tls, secret = spec.tls, own
        found.append(Server(key, port.port, protocol, spec.hosts, tls, secret))
    return tuple(found)


def _secret(tls: GatewayTls | None, name: str) -> str | None:
    return name if tls is not None and tls.issuer is not None else None


# -- what services publish there -------------------------------------------------------------------------------------


def exposures(
    items: Iterable[Expose], ports: Sequence[Port], gateways: Sequence[Gateway], namespace: str
) -> Iterator[Exposure]:
    """The ``expose`` items with the gateway, its server and the port of the service that each means."""
    for index, item in enumerate(items):
        fitting = candidates(gateways, item, namespace)
        gateway = fitting[0] if len(fitting) == 1 else None
        server = gateway.server(item.gatewayPort) if gateway is not None and item.gatewayPort is not None else None
        kind = _kind(item, gateway, server, ports)
        port = find_port(ports, item.port) if item.port is not None else _usual(ports, kind)
        yield Exposure(index, item, gateway, port, server, kind)


def _kind(item: Expose, gateway: Gateway | None, server: Server | None, ports: Sequence[Port]) -> Kind:
    if item.tls is not None:
        return "tls" if item.tls.mode in PASSING_ON else "http"
    if server is not None:
        return server.kind
    if gateway is not None and any(one.kind == "tls" for one in gateway.main):
        named = find_port(ports, item.port) if item.port is not None else _usual(ports, "tls")
        return "tls" if named is not None and named.protocol in TLS_PROTOCOLS else "http"
    return "http"


def _usual(ports: Sequence[Port], kind: Kind) -> Port | None:
    """The port that an item without ``port`` publishes: the main one, or the only one that speaks what is wanted."""
    wanted = {"http": HTTP_PROTOCOLS, "tls": TLS_PROTOCOLS, "tcp": TCP_PROTOCOLS}[kind]
    fitting = [port for port in ports if port.protocol in wanted]
    main = main_port(ports)
    return main if main in fitting else main_port(fitting)


def candidates(gateways: Sequence[Gateway], item: Expose, namespace: str) -> list[Gateway]:
    """The gateways that an ``expose`` item may mean: the named one, else those whose hosts cover it most closely.

    Without a host, those that have the port. A host with TLS of its own need not be covered where there is one gateway.
    """
    if item.gateway is not None:
        return [gateway for gateway in gateways if gateway.name == item.gateway]
    gateways = [gateway for gateway in gateways if gateway.spec.hosts]
    able = [gateway for gateway in gateways if gateway.server(item.gatewayPort) is not None]
    among = able if able and item.gatewayPort is not None else list(gateways)
    if item.host is None:
        return able
    scores = [best(gateway.hosts_for(namespace), item.host) for gateway in among]
    top = max(scores, default=-1)
    if top < 0 and item.tls is not None and len(among) == 1:
        return among
    return [gateway for gateway, score in zip(among, scores, strict=True) if score == top >= 0]


# -- servers of services ---------------------------------------------------------------------------------------------


def own_gateway_name(service: str, namespace: str, gateway: Gateway) -> str:
    """The Gateway of a service on the pods of one of the platform: in its namespace, where all services' meet.

    Names of services and namespaces may hold dashes, so the digest tells them apart.
    """
    return _name(service, namespace, gateway.name)


def _name(service: str, namespace: str, *parts: str) -> str:
    """A DNS label (at most 63 characters), which the name of a Gateway has to be."""
    head = f"{namespace}-{service}"[:54].rstrip("-")
    return f"{head}-{digest('/'.join((namespace, service, *parts)))}"


def own_gateways(service: str, namespace: str, items: Iterable[Exposure]) -> tuple[OwnGateway, ...]:
    """One Gateway per gateway on which a service has hosts with TLS of their own."""
    grouped: dict[str, dict[str, Exposure]] = {}
    for item in items:
        if item.spec.tls is not None and item.gateway is not None and item.spec.host is not None:
            grouped.setdefault(item.gateway.name, {}).setdefault(item.spec.host, item)
    found = []
    for _, by_host in sorted(grouped.items()):
        gateway = next(iter(by_host.values())).gateway
        assert gateway is not None  # only such items are grouped
        name = own_gateway_name(service, namespace, gateway)
        found.append(OwnGateway(name, gateway, tuple(_own_servers(service, namespace, gateway, by_host))))
    return tuple(found)


def _own_servers(service: str, namespace: str, gateway: Gateway, items: Mapping[str, Exposure]) -> Iterator[Server]:
    """One server per certificate, and one that redirects plain requests to all of them.

    All are HTTPS, those that pass TLS on too: istiod keeps servers of other protocols on a port apart.
    """
    redirected = []
    shared: dict[tuple[object, ...], list[str]] = {}
    for host, item in sorted(items.items()):
        tls = item.spec.tls
        assert tls is not None  # only such items are grouped
        if tls.httpsRedirect is not False:
            redirected.append(host)
        shared.setdefault(certificate(tls, host), []).append(host)
    if redirected:
        yield Server("http", 80, "http", tuple(redirected), redirect=True)
    for key, hosts in shared.items():
        tls = items[hosts[0]].spec.tls
        secret = _secret(tls, _name(service, namespace, gateway.name, hosts[0]))
        yield Server(f"https-{digest(repr(key))}", 443, "https", tuple(hosts), tls, secret)


def certificate(tls: GatewayTls, host: str) -> tuple[object, ...]:
    """What hosts must have in common to be one server; an issued certificate is for one host."""
    issuer = (tls.issuer.name, tls.issuer.kind, tls.issuer.group, host) if tls.issuer is not None else None
    names = (tls.credentialName, tls.credentialNames, issuer)
    limits = (tls.minProtocolVersion, tls.maxProtocolVersion, tls.cipherSuites, tls.subjectAltNames)
    return (tls.mode, *names, *limits)
