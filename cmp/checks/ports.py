"""Checks of ports: those that a service has, and those that it names."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.checks.held import operations
from cmp.checks.traffic import named
from cmp.context.model import HTTP_PROTOCOLS, Context, Port, Service, find_port
from cmp.context.names import PROTOCOLS, number_of, protocol_of, split
from cmp.diagnostics import did_you_mean


def check_ports(context: Context) -> Iterator[Finding]:
    """Every port has a number, a protocol that Istio knows, and a number of its own; none is the proxy's."""
    for service in context.services:
        for name, port in service.spec.ports.items():
            path: tuple[Step, ...] = ("ports", name)
            if port.port is None:
                yield Finding("MS102", service, path, f'port "{name}" has no number', "add port: 8080")
            if port.protocol is None and protocol_of(name) is None:
                help = f"begin its name with the protocol (http-{name}), or add protocol: one of {', '.join(PROTOCOLS)}"
                yield Finding("MS205", service, path, f'the protocol of port "{name}" is not known', help, True)
        seen: dict[int, str] = {}
        for one in service.ports:
            if one.number in seen:
                message = f'ports "{seen[one.number]}" and "{one.name}" have the same number {one.number}'
                yield Finding("MS205", service, ("ports", one.name), message, "change one of the numbers")
            seen.setdefault(one.number, one.name)
            if one.target in PROXY_PORTS and service.outside is None:
                message = f"port {one.target} belongs to Istio's proxy"
                yield Finding("MS205", service, ("ports", one.name), message, "let the application listen elsewhere")


#: Ports that the proxy itself listens on
#: (https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio).
PROXY_PORTS = frozenset((15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090))


def check_route_ports(context: Context) -> Iterator[Finding]:
    """Ports that routes, hosts, policies and mTLS exceptions name are ports of the service."""
    for service in context.services:
        names = [port.name for port in service.ports]
        for port, path in _named_ports(service):
            if service.port(port) is None:
                yield Finding(
                    "MS205", service, path, f'"{service.name}" has no port "{port}"', did_you_mean(port, names)
                )
        http = service.facts.runs == "host" or any(port.protocol in HTTP_PROTOCOLS for port in service.ports)
        if service.spec.routes and not http:
            message = f'"{service.name}" has routes, but no HTTP port'
            yield Finding("MS205", service, ("routes",), message, "add port: 8080, or remove the routes", True)


def check_destination_ports(context: Context) -> Iterator[Finding]:
    """Ports of other services that routes name are there, as far as this render or the catalog tells."""
    for service in context.services:
        for one, path in named(service):
            if one.port is not None and one.port.isdigit() and not 1 <= (number_of(one.port) or 0) <= 65535:
                message = f'"{one.port}" is not the number of a port'
                yield Finding("MS205", service, (*path, "port"), message, "numbers are 1 to 65535")
                continue
            if one.service is None or one.port is None:
                continue
            ports = _ports_of(context, *split(one.service, service.namespace))
            at = (*path, "port")
            if ports and find_port(ports, one.port) is None:
                help = did_you_mean(one.port, [port.name for port in ports])
                yield Finding("MS205", service, at, f'"{one.service}" has no port "{one.port}"', help)
            elif not ports and number_of(one.port) is None:
                message = f'the port "{one.port}" of "{one.service}" is not known'
                help = "write its number, or list the service in the platform's catalog"
                yield Finding("MS205", service, at, message, help)


def _ports_of(context: Context, name: str, namespace: str) -> tuple[Port, ...]:
    service = context.service(name, namespace)
    if service is not None:
        return service.ports
    listed = context.platform.catalog.get((name, namespace)) if context.platform is not None else None
    return listed.ports if listed is not None else ()


def _named_ports(service: Service) -> Iterator[tuple[str, tuple[Step, ...]]]:
    spec = service.spec
    for key in ("routes", "tcpRoutes", "tlsRoutes"):
        for index, route in enumerate(getattr(spec, key)):
            for number, match in enumerate(route.match):
                if match.port is not None:
                    yield match.port, (key, index, "match", number, "port")
    for one, path in named(service):
        if one.version is not None and one.port is not None:
            yield one.port, (*path, "port")
    for operation, path in operations(spec.access, spec.jwt):
        for key in ("ports", "notPorts"):
            for at, port in enumerate(getattr(operation, key)):
                yield port, (*path, key, at)
    for port in spec.mtls.ports if spec.mtls is not None else ():
        yield port, ("mtls", "ports", port)
