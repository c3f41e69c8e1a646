"""Checks of what services publish: on which gateway and port, what of themselves, and beside whom."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.context import paths
from cmp.context.gateways import candidates
from cmp.context.hosts import best
from cmp.context.ingress import published
from cmp.context.model import (
    HTTP_PROTOCOLS,
    TCP_PROTOCOLS,
    TLS_PROTOCOLS,
    Context,
    Exposure,
    HttpMatch,
    IngressHosts,
    Service,
)
from cmp.context.routes import answers, stands_alone
from cmp.context.servers import Gateway, Server
from cmp.diagnostics import did_you_mean, nearest


def check_gateways(context: Context) -> Iterator[Finding]:
    """A host has one gateway that serves it, and a port that speaks what is asked for there."""
    gateways = context.platform.gateways if context.platform is not None else ()
    names = [gateway.name for gateway in gateways]
    for service in context.services:
        for exposure in service.exposures:
            item, path = exposure.spec, ("expose", exposure.at)
            if item.delegated and item.gateway is None:
                pass  # whose host it is, and at which gateway, is said by who hands it over
            elif item.host is None and item.gatewayPort is None and not item.delegated:
                message = f'"expose[{exposure.at}].host" is missing'
                yield Finding("MS102", service, path, message, "add host: ...")
            elif not gateways:
                help = (
                    "declare it in a meshplatform.yaml here or above (in Argo CD, manifest-generate-paths must send it)"
                )
                yield Finding("MS202", service, path, "there is no gateway to expose this host on", help)
            elif item.gateway is not None and item.gateway not in names:
                message = f'the platform has no gateway "{item.gateway}"'
                yield Finding("MS202", service, (*path, "gateway"), message, did_you_mean(item.gateway, names))
            elif not item.delegated:
                yield from _gateway_serves(service, exposure, gateways)
            if item.gatewayPort is None or exposure.server is not None:
                yield from _exposed_port(service, exposure)


def _gateway_serves(service: Service, exposure: Exposure, gateways: tuple[Gateway, ...]) -> Iterator[Finding]:
    item, found = exposure.spec, candidates(gateways, exposure.spec, service.namespace)
    path: tuple[Step, ...] = ("expose", exposure.at, "host" if item.host is not None else "gatewayPort")
    what = f'"{item.host}"' if item.host is not None else f'a port "{item.gatewayPort}"'
    if item.gateway is not None and found and not found[0].spec.hosts:
        message = f'"{item.gateway}" is an egress gateway: it has no hosts, and serves none'
        yield Finding("MS204", service, ("expose", exposure.at, "gateway"), message, "name another, or give it hosts")
    elif len(found) > 1:
        listed = ", ".join(gateway.name for gateway in found)
        message = f"several gateways {'serve' if item.host is not None else 'have'} {what}: {listed}"
        yield Finding("MS204", service, path, message, f"choose one: gateway: {found[0].name}")
    elif item.host is not None and (not found or best(found[0].hosts_for(service.namespace), item.host) < 0):
        if item.tls is not None and found:
            return  # it has a server of its own there
        hosts = sorted({host for gateway in (found or gateways) for host in gateway.hosts_for(service.namespace)})
        name = f'gateway "{found[0].name}" does not serve' if found else "no gateway serves"
        help = f"{_slip(item.host, hosts)}hosts served: {', '.join(hosts)}"
        if item.tls is not None:
            help = f"name the one that is to serve it: gateway: {gateways[0].name}"
        yield Finding("MS204", service, path, f"{name} {what}", help)
    elif item.gatewayPort is not None and (not found or exposure.server is None):
        names = sorted({server.name for gateway in (found or gateways) for server in gateway.servers})
        message = f'no gateway has a port "{item.gatewayPort}"'
        if found:
            message = f'gateway "{found[0].name}" has no port "{item.gatewayPort}"'
        help = did_you_mean(item.gatewayPort, names)
        yield Finding("MS205", service, ("expose", exposure.at, "gatewayPort"), message, help)
    elif found and any(one.tls is not None and one.tls.mode == "AUTO_PASSTHROUGH" for one in _servers(exposure)):
        message = f'gateway "{found[0].name}" passes on there what other clusters send, by names that Istio makes'
        yield Finding("MS204", service, path, message, "choose another port or gateway")


def _slip(host: str, served: list[str]) -> str:
    """The question whether another host was meant: one that is served, each of whose labels is nearly the given one."""
    labels = host.split(".")
    for pattern in served:
        known = pattern.removeprefix("*.").split(".")
        given = labels[-len(known) :]
        head = labels[: -len(known)]
        same = len(given) == len(known) and bool(head) == pattern.startswith("*.")
        if same and all(one == other or nearest(one, [other]) for one, other in zip(given, known, strict=True)):
            return f'did you mean "{".".join(head + known)}"? '
    return ""


def _servers(exposure: Exposure) -> tuple[Server, ...]:
    """The servers of the platform that an item is published at."""
    if exposure.server is not None:
        return (exposure.server,)
    if exposure.gateway is None or exposure.spec.tls is not None:
        return ()
    return tuple(server for server in exposure.gateway.main if server.kind == exposure.kind)


#: What a service's port has to speak by what the gateway does, in words.
_SPOKEN = {"http": ("HTTP", HTTP_PROTOCOLS), "tls": ("TLS", TLS_PROTOCOLS), "tcp": ("TCP", TCP_PROTOCOLS)}


def _exposed_port(service: Service, exposure: Exposure) -> Iterator[Finding]:
    path: tuple[Step, ...] = ("expose", exposure.at)
    named, port, kind = exposure.spec.port, exposure.port, exposure.kind
    words, wanted = _SPOKEN[kind]
    names = [one.name for one in service.ports if one.protocol in wanted]
    if port is None and named is not None:
        message = f'"{service.name}" has no port "{named}"'
        yield Finding("MS205", service, (*path, "port"), message, did_you_mean(named, names) or "leave it out")
    elif port is None and not answers(exposure.spec):
        message = f'"{service.name}" has no one {words} port to expose'
        other = {"http": "add port: 8080", "tls": "add ports: {https: 8443}", "tcp": "add ports: {tcp: 5432}"}[kind]
        yield Finding("MS205", service, path, message, f"name one: port: {names[0]}" if names else other)
    elif port is not None:
        refusal = _refusal(exposure, port.name, port.protocol)
        if refusal is not None:
            at = (*path, "port") if named is not None else path
            yield Finding("MS205", service, at, *refusal)


def _refusal(exposure: Exposure, name: str, protocol: str) -> tuple[str, str] | None:
    """Why a port cannot be published so, and what to write."""
    kind, server = exposure.kind, exposure.server
    if kind == "http" and protocol in TLS_PROTOCOLS:
        help = "pass it on to the service: tls: PASSTHROUGH"
        if server is not None:
            help = "name a port of the gateway whose tls is PASSTHROUGH, or a port of the service that speaks HTTP"
        return f'port "{name}" speaks TLS itself, so the gateway cannot read its requests', help
    if kind == "http" and protocol not in HTTP_PROTOCOLS:
        help = "expose an HTTP port, or name a port of the gateway that takes connections: gatewayPort: ..."
        return f'port "{name}" does not speak HTTP', help
    if kind == "tls" and protocol not in TLS_PROTOCOLS:
        help = "name a port called https or tls, or let the gateway end TLS: tls: {credentialName: ...}"
        return f'the gateway passes TLS on, and port "{name}" does not speak it', help
    if kind == "tcp" and protocol in HTTP_PROTOCOLS:
        return f'port "{name}" speaks HTTP, and the gateway passes on connections here', "publish it on a host"
    if kind == "tcp" and protocol in TLS_PROTOCOLS and server is not None and server.tls is not None:
        help = "name a port of the gateway without tls, or a port of the service that speaks plain TCP"
        return f'port "{name}" speaks TLS itself, and the gateway ends TLS here', help
    return None


# -- what an item says -------------------------------------------------------------------------------------------------

#: Keys about requests, of which a gateway that passes on connections sees none.
_OF_REQUESTS = ("path", "rewrite", "headers", "redirect", "directResponse", "fault", "mirror")
_INHERITED = ("timeout", "retries", "cors")


def check_exposed(context: Context) -> Iterator[Finding]:
    """What an item says has something to do with how it is published."""
    for service in context.services:
        for exposure in service.exposures:
            item, path = exposure.spec, ("expose", exposure.at)
            for key in ("tls", "gatewayPort") if item.delegated else ():
                if getattr(item, key) is not None:
                    message = f'"{key}" is said by who hands the requests over'
                    yield Finding("MS218", service, (*path, key), message, "leave it out", True)
            if item.tls is not None and item.gatewayPort is not None:
                message = '"tls" and "gatewayPort" exclude each other: one is a server of its own, the other is not'
                yield Finding("MS105", service, (*path, "tls"), message, 'keep "tls" or "gatewayPort"', True)
            if exposure.kind != "http":
                yield from _without_requests(service, exposure)
            elif not stands_alone(item):
                for key in ("fault", "mirror"):
                    if getattr(item, key):
                        message = f'"{key}" is for a host that stands alone: this one shows the routes of the service'
                        help = "add to or destinations, or say it in a route"
                        yield Finding("MS218", service, (*path, key), message, help, True)
            yield from _redirected(service, exposure)


def _without_requests(service: Service, exposure: Exposure) -> Iterator[Finding]:
    item, path = exposure.spec, ("expose", exposure.at)
    said = [key for key in _OF_REQUESTS if getattr(item, key)]
    said += [key for key in _INHERITED if getattr(item, key) not in (None, getattr(service.spec, key))]
    for key in said:
        message = f'"{key}" is about requests, and the gateway passes on connections here'
        yield Finding("MS218", service, (*path, key), message, "leave it out", True)
    if exposure.kind == "tcp" and item.host is not None:
        message = f'port "{item.gatewayPort}" of the gateway takes connections, whatever their host'
        yield Finding("MS218", service, (*path, "host"), message, "leave the host out", True)


def _redirected(service: Service, exposure: Exposure) -> Iterator[Finding]:
    """A gateway that passes TLS on and redirects plain HTTP to it leaves no way to an HTTP port."""
    gateway, item = exposure.gateway, exposure.spec
    if gateway is None or item.tls is not None or exposure.server is not None or exposure.kind != "http":
        return
    if gateway.spec.httpsRedirect and any(server.kind == "tls" for server in gateway.main):
        message = f'gateway "{gateway.name}" redirects plain HTTP and passes TLS on: no request gets to this port'
        yield Finding("MS219", service, ("expose", exposure.at), message, "expose a port that speaks TLS itself")


# -- beside whom -------------------------------------------------------------------------------------------------------


def check_paths(context: Context) -> Iterator[Finding]:
    """On one host of a gateway no request fits rules of two services; one may take the rest.

    Istio merges the VirtualServices of a host at a gateway in no defined order, and moves only what matches everything
    behind the others (istio pilot/pkg/networking/core/route, SortVHostRoutes). Of two that pass on connections, the
    second is left out (pilot/pkg/networking/core/gateway.go, buildGatewayNetworkFiltersFromTLSRoutes).
    """
    taken: dict[tuple[str, ...], list[tuple[Service, IngressHosts]]] = {}
    for service in context.services:
        for ingress in service.ingress:
            where = (ingress.kind, ingress.bound[-1], *map(str, ingress.ports))
            for host in ingress.hosts if ingress.kind != "tcp" else ():
                taken.setdefault((ingress.gateway.name, host, *where), []).append((service, ingress))
    for (gateway, host, *_), items in sorted(taken.items()):
        for index, (service, ingress) in enumerate(items):
            for other, earlier in items[:index]:
                clash = _clash(ingress, earlier)
                if clash is not None:
                    message = f'"{service.name}" and "{other.name}" both take {clash} of "{host}"'
                    related = ((other, _exposing(other, gateway, host), "also taken here"),)
                    path = _exposing(service, gateway, host)
                    help = "give each its own path" if ingress.kind == "http" else "give each a host of its own"
                    yield Finding("MS209", service, path, message, help, related=related)


def check_gateway_ports_taken(context: Context) -> Iterator[Finding]:
    """A port of a gateway that passes on connections leads to one service."""
    taken: dict[tuple[str, str], tuple[Service, Exposure]] = {}
    for service in context.services:
        for exposure in service.exposures:
            if exposure.kind != "tcp" or exposure.server is None or not published(exposure):
                continue
            assert exposure.gateway is not None  # it has the server
            key = (exposure.gateway.name, exposure.server.name)
            other, earlier = taken.setdefault(key, (service, exposure))
            if earlier is not exposure:
                who = f'"{service.name}" and "{other.name}" both take' if other is not service else "two items take"
                message = f'{who} port "{key[1]}" of gateway "{key[0]}"'
                related = ((other, ("expose", earlier.at), "also taken here"),)
                path = ("expose", exposure.at, "gatewayPort")
                yield Finding("MS209", service, path, message, "give each a port of its own", related=related)


def _exposing(service: Service, gateway: str, host: str) -> tuple[Step, ...]:
    """The path of the first item that exposes a host on a gateway."""
    return next(
        ("expose", one.at)
        for one in service.exposures
        if one.gateway is not None and (one.gateway.name, one.spec.host) == (gateway, host)
    )


def _clash(one: IngressHosts, other: IngressHosts) -> str | None:
    """What two services both take: a path, or all of them. One that takes the rest does not clash."""
    if one.kind != "http":
        return "all connections"
    for left in (match for rule in one.rules for match in rule.matches):
        for right in (match for rule in other.rules for match in rule.matches):
            if (left == ANY_REQUEST) != (right == ANY_REQUEST):
                continue
            a, b = (match.path or paths.EVERYTHING.outer for match in (left, right))
            if paths.overlap(a, b):
                longer = max(a, b, key=lambda rule: len(rule.value)).value
                return "all paths" if longer == "/" else longer
    return None


ANY_REQUEST = HttpMatch()
