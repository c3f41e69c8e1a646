"""Checks of the way out: outside hosts that callers see differently, and TLS that a proxy adds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step
from cmp.context.egress import external
from cmp.context.external import ExternalHost, ExternalPort
from cmp.context.model import HTTP_PROTOCOLS, TLS_PROTOCOLS, Context, Platform, Service
from cmp.context.outside import Directory
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.egress import Call, CallTls


def check_external(context: Context) -> Iterator[Finding]:
    """One port of an outside host speaks one protocol, whoever calls it; a wildcard needs one that names hosts."""
    seen: dict[tuple[str, str, int], _First] = {}
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            outside = external(call)
            if outside is None:
                continue
            host, port = outside
            path: tuple[Step, ...] = ("calls", index, "url")
            shared = context.platform.declares(service.namespace) if context.platform is not None else {}
            if host in shared:
                yield from _beside_shared(service, path, shared[host], port)
                continue
            first = seen.setdefault((service.namespace, host, port.number), (service, index, port, call))
            differs = _disagreement(host, port, service, call, first)
            if differs is not None:
                related = ((first[0], ("calls", first[1], "url"), "first declared here"),)
                yield Finding("MS216", service, path, *differs, related=related)
            if host.startswith("*") and port.protocol not in NAMING:
                message = (
                    f'"{call.url}": {port.protocol} does not carry host names, so a wildcard would catch everything'
                )
                yield Finding("MS216", service, path, message, "name the hosts one by one")
        yield from _indistinct(service, context.platform)
        names = [entry.name for entry in service.external] + [one.name for one in service.originations]
        for name in names:
            if len(name) > 253:
                message = f'the name "{name[:40]}..." that is made of this host has {len(name)} characters'
                help = "Kubernetes allows 253: shorten the name of the app or service"
                yield Finding("MS206", service, ("calls",), message, help, True)


def _beside_shared(
    service: Service, path: tuple[Step, ...], entry: ExternalHost, port: ExternalPort
) -> Iterator[Finding]:
    """A host that the platform declares is declared there with all its ports: of two entries one would be lost."""
    if port not in entry.ports:
        listed = ", ".join(f"{one.protocol} {one.number}" for one in entry.ports)
        message = f'the platform declares "{entry.host}" for all, and only so: {listed}'
        yield Finding("MS216", service, path, message, "add this port there, or call it as it is declared")


#: Who first calls a port of an outside host in a namespace: the service, which of its calls, and the port.
_First = tuple[Service, int, ExternalPort, "Call"]


def _disagreement(host: str, port: ExternalPort, service: Service, call: Call, first: _First) -> tuple[str, str] | None:
    """How two calls of one namespace to one port differ, which has one entry for both; and what to do."""
    other, _, same, before = first
    if same.protocol != port.protocol:
        message = f'port {port.number} of "{host}" is {same.protocol} for "{other.name}" and {port.protocol} here'
        return message, "use one protocol"
    if same.tls != port.tls:
        added, plain = (other, service) if same.tls else (service, other)
        message = f'TLS is added to port {port.number} of "{host}" for "{added.name}", but not for "{plain.name}"'
        return message, "say it in both calls, or use two ports"
    if same.gateway != port.gateway:
        ways = [f'"{one}"' if one else "no gateway" for one in (same.gateway, port.gateway)]
        message = (
            f'port {port.number} of "{host}" is called through {ways[0]} by "{other.name}", through {ways[1]} here'
        )
        return message, "let both take one way, or use two ports"
    if before.through != call.through:
        return f'"{host}" is called through another server by "{other.name}"', "name one server in both"
    if before.tls != call.tls and (other is service or port.gateway):
        return f'TLS to port {port.number} of "{host}" is told twice, and differs', "keep one of the two"
    return None


#: Protocols in which the client says which host it wants.
NAMING = ("http", "http2", "grpc", "https", "tls")


def _indistinct(service: Service, platform: Platform | None) -> Iterator[Finding]:
    """Where the protocol names no host, a proxy tells hosts apart by port alone: two on one port are one listener.

    https://istio.io/latest/docs/ops/configuration/traffic-management/tcp-traffic/
    """
    calls = [
        (index, outside) for index, call in enumerate(service.spec.calls) if (outside := external(call)) is not None
    ]
    shared = platform.declares(service.namespace).values() if platform is not None else ()
    for position, (index, (host, port)) in enumerate(calls):
        for entry in shared:
            blind = any(
                port.number == one.number and not {port.protocol, one.protocol} <= {*NAMING} for one in entry.ports
            )
            if blind and host != entry.host:
                message = f'"{host}" and "{entry.host}", which the platform lets all call, share port {port.number}'
                yield Finding("MS216", service, ("calls", index, "url"), message, "use another port for one of them")
        for before, (other, same) in calls[:position]:
            blind = port.protocol not in NAMING or same.protocol not in NAMING
            if blind and host != other and port.number == same.number:
                message = f'"{host}" and "{other}" cannot be told apart on port {port.number}'
                related = ((service, ("calls", before, "url"), "the other one"),)
                help = "use another port for one of them, or let two services call one each"
                yield Finding("MS216", service, ("calls", index, "url"), message, help, related=related)


def check_owned_hosts(context: Context) -> Iterator[Finding]:
    """A host that a service declares is reached as that service says, and the platform declares none of those."""
    directory = Directory(context.services)
    for service in context.services:
        shared = context.platform.declares(service.namespace) if context.platform is not None else {}
        for index, host in enumerate(service.outside.hosts if service.outside is not None else ()):
            if host in shared:
                message = f'the platform declares "{host}" for all'
                yield Finding("MS216", service, ("external", "hosts", index), message, "keep one of the two")
        for index, call in enumerate(service.spec.calls):
            outside, key = external(call), "tls" if call.tls is not None else "gateway"
            owner = directory.owner(outside[0], service.namespace) if outside is not None else None
            if outside is not None and owner is not None and (call.tls is not None or call.gateway is not None):
                message = f'"{owner.name}" declares "{outside[0]}", and how it is reached'
                related = ((owner, ("external",), "declared here"),)
                help = f'write it there: ports of "{owner.name}" take tls' if key == "tls" else "leave it out"
                yield Finding("MS216", service, ("calls", index, key), message, help, True, related)


def check_added_tls(context: Context) -> Iterator[Finding]:
    """TLS is added to what is plain and goes to a host with a name, by settings that Istio's webhook takes.

    istio pkg/config/validation/agent/validation.go, ValidateTLS
    """
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            if call.tls is None:
                continue
            path: tuple[Step, ...] = ("calls", index, "tls")
            outside = external(call)
            if outside is None:
                message = "between services of the mesh the proxies speak mutual TLS anyway"
                yield Finding("MS218", service, path, message, "leave tls out; it is for addresses outside: url", True)
                continue
            host, port = outside
            if host.startswith("*"):
                message = f'"{call.url}": TLS needs the name of one host, which has to be in its certificate'
                yield Finding("MS216", service, ("calls", index, "url"), message, "name the hosts one by one")
            if port.protocol in ALREADY:
                yield Finding("MS218", service, path, *ALREADY[port.protocol], True)
            for below, message, help in _tls(call.tls):
                yield Finding("MS218", service, (*path, *below), message, help)


_ITSELF = ("the application speaks TLS itself here", "leave tls out, or call http:// and let the proxy add TLS")
#: Protocols to which no proxy can add TLS, and why.
ALREADY = {
    **dict.fromkeys(TLS_PROTOCOLS, _ITSELF),
    "mysql": ("MySQL agrees on TLS inside of its own protocol, so a proxy cannot add it", "let the client speak TLS"),
}


def _tls(tls: CallTls) -> Iterator[tuple[tuple[Step, ...], str, str]]:
    pair = tls.clientCertificate is not None and tls.privateKey is not None
    if tls.mode is None:
        yield (), "tls needs a mode", "add mode: SIMPLE or MUTUAL"
    elif tls.mode == "MUTUAL" and tls.credentialName is None and not pair:
        message = "MUTUAL needs the caller's certificate"
        yield ("mode",), message, "add credentialName: name-of-a-secret, or clientCertificate and privateKey"
    elif tls.mode == "SIMPLE" and (tls.clientCertificate or tls.privateKey):
        key = "clientCertificate" if tls.clientCertificate else "privateKey"
        yield (key,), "SIMPLE shows no certificate of the caller", "leave it out, or write mode: MUTUAL"


def check_ways_out(context: Context) -> Iterator[Finding]:
    """A call through a gateway names one, and goes to a host that the gateway can find by what is said in the call."""
    gateways = context.platform.gateways if context.platform is not None else ()
    hosts = {gateway.name: gateway.spec.hosts for gateway in gateways}
    fitting = [name for name in hosts if not hosts[name]]
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            if call.through is not None and not (call.gateway is not None and "://*." in (call.url or "")):
                message = "through is for a host with * that is called through a gateway"
                yield Finding("MS218", service, ("calls", index, "through"), message, "leave it out", True)
            if call.gateway is None:
                continue
            path: tuple[Step, ...] = ("calls", index, "gateway")
            if call.gateway not in hosts:
                help = did_you_mean(call.gateway, fitting) if fitting else "declare it in a meshplatform.yaml"
                yield Finding("MS202", service, path, f'the platform has no gateway "{call.gateway}"', help)
            elif hosts[call.gateway]:
                message = f'"{call.gateway}" is an ingress gateway: it has hosts'
                yield Finding("MS202", service, path, message, "name one without hosts")
            yield from _fits(service, index)
        yield from _long_names(service)


def _fits(service: Service, index: int) -> Iterator[Finding]:
    call = service.spec.calls[index]
    outside, path = external(call), ("calls", index)
    if outside is None:
        message = "services of the mesh are called directly"
        yield Finding("MS218", service, (*path, "gateway"), message, "leave gateway out; it is for url", True)
        return
    host, port = outside
    if host.startswith("*") and call.through is None:
        message = f'"{call.url}": the gateway has to look up a name, and a wildcard is none'
        help = "name the hosts one by one, or add through: the server that answers for all of them"
        yield Finding("MS216", service, (*path, "url"), message, help)
    elif call.through is not None and port.protocol not in TLS_PROTOCOLS:
        message = "only a server name gets to the end as it was asked for, and this is not TLS"
        yield Finding("MS218", service, (*path, "through"), message, "name the hosts one by one", True)
    if port.protocol not in HTTP_PROTOCOLS | TLS_PROTOCOLS:
        message = f"{port.protocol} does not carry host names, by which the gateway tells where a call leads"
        yield Finding("MS216", service, (*path, "url"), message, "call it directly: leave gateway out")
    elif port.protocol in TLS_PROTOCOLS and port.number != 443:
        message = f"the gateway passes TLS on by its server name alone, always to port 443, not {port.number}"
        help = "call it directly, or call http:// and let the gateway add TLS"
        yield Finding("MS216", service, (*path, "url"), message, help)


def _long_names(service: Service) -> Iterator[Finding]:
    for way in (way for entry in service.external for way in entry.ways):
        longest = max(way.name, way.alias, key=len)
        if len(longest) > 253:
            message = f'the name "{longest[:40]}..." that the gateway needs has {len(longest)} characters'
            yield Finding("MS206", service, ("calls",), message, "Kubernetes and DNS allow 253: call it directly", True)


def check_egress_gateways(context: Context) -> Iterator[Finding]:
    """What is said of a gateway is for its direction."""
    for gateway in context.platform.gateways if context.platform is not None else ():
        assert context.platform is not None  # it holds the gateway
        spec, path = gateway.spec, ("gateways", gateway.name)
        if spec.hosts and spec.service is not None:
            message = f'"{gateway.name}" has hosts, and nothing calls the Service of an ingress gateway'
            yield Finding("MS218", context.platform, (*path, "service"), message, "leave it out", True)
        for key in ("tls", "httpsRedirect", "ports") if not spec.hosts else ():
            if getattr(spec, key) not in (None, {}):
                message = f'"{gateway.name}" has no hosts, so it is an egress gateway, which serves none'
                yield Finding("MS218", context.platform, (*path, key), message, "add hosts, or leave it out", True)
