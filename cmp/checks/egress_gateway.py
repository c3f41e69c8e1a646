"""Checks of calls through an egress gateway, and of the gateways themselves."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.context.egress import external
from cmp.context.model import HTTP_PROTOCOLS, TLS_PROTOCOLS, Context, Service
from cmp.diagnostics import did_you_mean


def check_ways_out(context: Context) -> Iterator[Finding]:
    """A call through a gateway names one, and goes to a host that the gateway can find by what is said in the call."""
    gateways = context.platform.gateways if context.platform is not None else ()
    hosts = {gateway.name: gateway.spec.hosts for gateway in gateways}
    fitting = [name for name in hosts if not hosts[name]]
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
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
    if host.startswith("*"):
        message = f'"{call.url}": the gateway has to look up a name, and a wildcard is none'
        yield Finding("MS216", service, (*path, "url"), message, "name the hosts one by one, or leave gateway out")
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
