"""Checks of rules for connections: which ports they are for, and which server names they can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.context.hosts import fits
from cmp.context.model import TCP_PROTOCOLS, TLS_PROTOCOLS, Context


def check_encrypted_ports(context: Context) -> Iterator[Finding]:
    """A port that speaks TLS itself is split by server names alone: others would be refused at a rule without any."""
    for service in context.services:
        serving = [version for version in service.versions if version.weight]
        for port in service.ports:
            if port.protocol in TLS_PROTOCOLS and len(serving) > 1 and not service.tls:
                message = f'port "{port.name}" speaks TLS itself: it is split only for server names that are known'
                help = "add tlsRoutes: {match: {sniHosts: ...}}, or give one version all the weight"
                yield Finding("MS218", service, ("ports", port.name), message, help, True)


def check_stream_ports(context: Context) -> Iterator[Finding]:
    """Rules for connections are for ports of their kind."""
    for service in context.services:
        for key, protocols, kind in (("tcpRoutes", TCP_PROTOCOLS, "TCP"), ("tlsRoutes", TLS_PROTOCOLS, "TLS")):
            routes = getattr(service.spec, key)
            if routes and not any(port.protocol in protocols for port in service.ports):
                message = f'"{service.name}" has {key}, but no {kind} port'
                help = f"add one, for example ports: {{{kind.lower()}: 9000}}, or use routes"
                yield Finding("MS205", service, (key,), message, help, True)
                continue
            for index, route in enumerate(routes):
                for number, match in enumerate(route.match):
                    port = service.port(match.port) if match.port is not None else None
                    if port is not None and port.protocol not in protocols:
                        message = f'port "{port.name}" is no {kind} port'
                        help = f"{key} are for ports that speak {', '.join(sorted(protocols))}"
                        yield Finding("MS218", service, (key, index, "match", number, "port"), message, help)


def check_server_names(context: Context) -> Iterator[Finding]:
    """Server names are whole names; they become hosts of the service's rules, which its requests must not follow."""
    for service in context.services:
        for index, route in enumerate(service.spec.tlsRoutes):
            if not route.match:
                message = "a rule for TLS is found by the server that clients ask for"
                yield Finding(
                    "MS102", service, ("tlsRoutes", index), message, f"add match: {{sniHosts: {service.host}}}"
                )
            for number, match in enumerate(route.match):
                if not match.sniHosts:
                    at = ("tlsRoutes", index, "match", number, "sniHosts")
                    yield Finding("MS102", service, at, "a server name is missing", f"write {service.host}")
                for position, name in enumerate(match.sniHosts):
                    path: tuple[Step, ...] = ("tlsRoutes", index, "match", number, "sniHosts", position)
                    if "." not in name or name == "*":
                        message = f'"{name}" is not the whole name of a server'
                        yield Finding("MS104", service, path, message, f"write for example {service.host}")
                    elif fits(name, service.host) and name != service.host:
                        message = f'"{name}" is the name of other services too'
                        yield Finding("MS218", service, path, message, f"write for example {service.host}")
                    elif service.outside is not None:
                        if not any(fits(host, name) for host in service.outside.hosts):
                            message = f'"{name}" is no host of "{service.name}"'
                            help = f"hosts are {', '.join(service.outside.hosts)}"
                            yield Finding("MS218", service, path, message, help)
                    elif service.http and name != service.host:
                        message = f'HTTP requests for "{name}" would follow the routes of "{service.name}"'
                        help = "give what speaks TLS a service of its own"
                        yield Finding("MS218", service, path, message, help)
