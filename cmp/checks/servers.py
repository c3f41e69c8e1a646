"""Checks of servers that share the pods of a gateway: the platform's, and those of hosts with TLS of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.context.gateways import certificate
from cmp.context.hosts import best
from cmp.context.model import Context, Exposure, Platform, Service
from cmp.context.servers import Gateway, Server

if TYPE_CHECKING:
    from cmp.spec.gateway import GatewayTls

Path = tuple[Step, ...]
Own = tuple[Service, Exposure]


def check_gateway_pods(context: Context) -> Iterator[Finding]:
    """Two gateways on the same pods have no host in common, and no port that only one of them can have.

    Of two servers of a host istiod leaves one out without a word (pilot/pkg/model/gateway.go, mergeGateways).
    """
    platform = context.platform
    gateways = platform.gateways if platform is not None else ()
    for position, gateway in enumerate(gateways):
        assert platform is not None  # it holds the gateway
        for other in gateways[:position]:
            if not _same_pods(gateway, other):
                continue
            path: Path = ("gateways", gateway.name)
            for index, host in enumerate(gateway.hosts):
                if host in other.hosts:
                    message = f'gateways "{other.name}" and "{gateway.name}" are the same pods, and both serve "{host}"'
                    help = "give each its own hosts, or make them one gateway"
                    yield Finding("MS207", platform, (*path, "hosts", index), message, help)
            for server in gateway.servers:
                if any(_exclude(server, one) for one in other.servers):
                    message = f'port {server.number} of the same pods is also one of gateway "{other.name}"'
                    where: Path = (*path, "ports", server.name)
                    yield Finding("MS207", platform, where, message, "change one of the numbers", True)
            for tls, below in _all_tls(gateway):
                yield from _shared(platform, (*path, *below), tls, other)


def _same_pods(one: Gateway, other: Gateway) -> bool:
    """Whether the labels of one select pods of the other."""
    a, b = one.selector.items(), other.selector.items()
    return a <= b or b <= a


def _exclude(one: Server, other: Server) -> bool:
    """Whether two servers cannot share a port: plain HTTP is one family, TLS another, and TCP stands alone."""
    families = [_family(server) for server in (one, other)]
    return one.number == other.number and (families[0] != families[1] or families[0] == "tcp")


def _family(server: Server) -> str:
    return "tls" if server.tls is not None else server.kind


def _all_tls(gateway: Gateway) -> Iterator[tuple[GatewayTls, Path]]:
    if gateway.spec.tls is not None:
        yield gateway.spec.tls, ("tls",)
    for name, port in gateway.spec.ports.items():
        if port.tls is not None:
            yield port.tls, ("ports", name, "tls")


def _secrets(tls: GatewayTls) -> set[str]:
    return {name for name in (tls.credentialName, *tls.credentialNames) if name is not None}


def _naming(tls: GatewayTls, name: str) -> Path:
    """Where TLS names a Secret."""
    if name == tls.credentialName:
        return ("credentialName",)
    return "credentialNames", tls.credentialNames.index(name)


def _shared(owner: Platform | Service, path: Path, tls: GatewayTls, other: Gateway) -> Iterator[Finding]:
    """A certificate of two Gateways: browsers take a connection for both, and get 404 for hosts of the other.

    https://istio.io/latest/docs/ops/common-problems/network-issues/#404-errors-occur-when-multiple-gateways-configured-with-same-tls-certificate
    """
    used = {name for one, _ in _all_tls(other) for name in _secrets(one)}
    for name in sorted(_secrets(tls) & used):
        message = f'"{name}" is a certificate of gateway "{other.name}", too: browsers mix such servers up, and get 404'
        help = "use another certificate, or make them one gateway"
        if isinstance(owner, Service):
            help = "leave tls out: the gateway shows the host with it; or use another certificate"
        yield Finding("MS218", owner, (*path, *_naming(tls, name)), message, help)


def own_servers(context: Context) -> Iterator[Own]:
    """The items that have TLS of their own."""
    for service in context.services:
        for exposure in service.exposures:
            if exposure.spec.tls is not None:
                yield service, exposure


def check_own_servers(context: Context) -> Iterator[Finding]:
    """A host with TLS of its own has one server, and its certificate is no other's."""
    own = list(own_servers(context))
    for position, (service, exposure) in enumerate(own):
        yield from _beside_platform(service, exposure, context)
        for other in own[:position]:
            yield from _beside(service, exposure, *other)
    for service in context.services:
        for exposure in service.exposures:
            if exposure.spec.tls is None and exposure.server is None:
                yield from _hidden(service, exposure, own)


def _beside_platform(service: Service, exposure: Exposure, context: Context) -> Iterator[Finding]:
    gateway, item, path = exposure.gateway, exposure.spec, ("expose", exposure.at, "tls")
    if gateway is None or item.tls is None or item.host is None or item.host == "*":
        return
    for one in context.platform.gateways if context.platform is not None else ():
        if not _same_pods(one, gateway):
            continue
        if item.host in one.hosts:
            message = f'gateway "{one.name}" has a server for "{item.host}" already'
            yield Finding("MS207", service, path, message, "leave tls out, or take the host out of the gateway's hosts")
        else:
            yield from _shared(service, path, item.tls, one)
    if (
        item.tls.httpsRedirect is False
        and gateway.spec.httpsRedirect
        and best(gateway.hosts_for(service.namespace), item.host) >= 0
    ):
        message = f'gateway "{gateway.name}" redirects all hosts that it serves, this one too'
        yield Finding("MS218", service, (*path, "httpsRedirect"), message, "leave it out", True)


def _beside(service: Service, exposure: Exposure, other: Service, earlier: Exposure) -> Iterator[Finding]:
    """Two items with TLS of their own: of one host or certificate they are one server, which one service writes."""
    a, b, path = exposure.spec, earlier.spec, ("expose", exposure.at)
    if not _meet(exposure, earlier) or a.tls is None or b.tls is None or a.host is None or b.host is None:
        return
    one_gateway = service is other and exposure.gateway is earlier.gateway
    if a.host == b.host:
        same = certificate(a.tls, "") == certificate(b.tls, "") and a.tls.httpsRedirect == b.tls.httpsRedirect
        if one_gateway and same:
            return
        message = f'"{service.name}" and "{other.name}" both write a server for "{a.host}"'
        help = "expose it in one of them, and lead from there to the other: destinations"
        if one_gateway:
            message, help = f'"{a.host}" has one server, and two items say different tls of it', "say the same in both"
        related = ((other, ("expose", earlier.at, "tls"), "the other one"),)
        yield Finding("MS207", service, (*path, "tls"), message, help, related=related)
    elif not one_gateway:
        for name in sorted(_secrets(a.tls) & _secrets(b.tls)):
            message = f'"{name}" is the certificate of "{b.host}", too: browsers mix such servers up, and get 404'
            related = ((other, ("expose", earlier.at, "tls"), "the other one"),)
            help = "use another certificate, or let the platform's gateway have it"
            at = (*path, "tls", *_naming(a.tls, name))
            yield Finding("MS218", service, at, message, help, related=related)


def _meet(one: Exposure, other: Exposure) -> bool:
    return one.gateway is not None and other.gateway is not None and _same_pods(one.gateway, other.gateway)


def _hidden(service: Service, exposure: Exposure, own: list[Own]) -> Iterator[Finding]:
    """An item without TLS of its own whose host has a server of its own: clients come to that one."""
    for other, earlier in own:
        if exposure.spec.host == earlier.spec.host and exposure.spec.host is not None and _meet(exposure, earlier):
            message = f'no request gets here: "{exposure.spec.host}" has a server of its own'
            help = "say the same tls here" if other is service else "expose it there, with destinations"
            related = ((other, ("expose", earlier.at, "tls"), "written here"),)
            yield Finding("MS219", service, ("expose", exposure.at), message, help, related=related)
            return
