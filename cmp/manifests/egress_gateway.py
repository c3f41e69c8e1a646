"""Calls that leave through an egress gateway: what the callers' namespace says, and what the platform says.

The gateway's servers are the platform's and take every host; an application brings only routes, as it does at an
ingress gateway. docs/adr/0011-ways-through-an-egress-gateway.md says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmp.context.external import ExternalHost, ExternalPort, WayOut
from cmp.context.model import HTTP_PROTOCOLS, Platform, Service
from cmp.context.servers import Gateway
from cmp.manifests.step import PlatformStep, Step, manifest
from cmp.manifests.traffic import retries_of
from cmp.waves import Manifest, Wave

API = "networking.istio.io/v1"

#: Ports of the gateway's Service: for requests, over mutual TLS; and for TLS of the application, which passes through.
REQUESTS = 80
PASSING = 443

#: "No authorities named", which the analyzer says also where a Secret has them.
IN_THE_SECRET = "IST0129"


def gateway_objects(platform: Platform) -> Iterator[Manifest]:
    """The servers of each egress gateway, and what callers' proxies speak to them.

    Pods of gateways are not marked as speaking mutual TLS, so that it has to be written
    (istio manifests/charts/istio-control/istio-discovery/files/gateway-injection-template.yaml).
    """
    for gateway in platform.gateways:
        if gateway.spec.hosts:
            continue
        servers = [
            _server("https-requests", REQUESTS, "HTTPS", "ISTIO_MUTUAL"),
            _server("tls", PASSING, "TLS", "PASSTHROUGH"),
        ]
        yield _there(gateway, "Gateway", {"selector": dict(gateway.selector), "servers": servers})
        modes = ((REQUESTS, "ISTIO_MUTUAL"), (PASSING, "DISABLE"))
        ports = [{"port": {"number": number}, "tls": {"mode": mode}} for number, mode in modes]
        spec = {"exportTo": ["*"], "host": gateway.host, "trafficPolicy": {"portLevelSettings": ports}}
        yield _there(gateway, "DestinationRule", spec)


def _there(gateway: Gateway, kind: str, spec: Manifest) -> Manifest:
    found = manifest(API, kind, gateway.name, spec=spec)
    found["metadata"]["namespace"] = gateway.namespace
    return found


def _server(name: str, number: int, protocol: str, mode: str) -> Manifest:
    return {"hosts": ["*"], "port": {"name": name, "number": number, "protocol": protocol}, "tls": {"mode": mode}}


def way_hosts(service: Service) -> Iterator[Manifest]:
    """The outside host as the gateway knows it: by a name of the calling namespace, at the address that it has."""
    for way in _ways(service):
        port = way.port
        entry = {
            "name": f"{port.protocol}-{port.number}",
            "number": port.number,
            "protocol": port.protocol.upper(),
            "targetPort": port.target if port.target != port.number else None,
        }
        spec = {
            "endpoints": [{"address": way.server}],
            "exportTo": _only_gateway(service, way),
            "hosts": [way.alias],
            "location": "MESH_EXTERNAL",
            "ports": [entry],
            "resolution": "DNS",
        }
        yield of_app(service, manifest(API, "ServiceEntry", way.name, spec=spec))


def way_tls(service: Service) -> Iterator[Manifest]:
    """TLS that the gateway adds for the callers of one namespace. Its files and Secrets are the gateway's.

    https://istio.io/latest/docs/tasks/traffic-management/egress/egress-gateway-tls-origination/
    """
    for way in _ways(service):
        if way.tls is None:
            continue
        settings = [{"port": {"number": way.port.number}, "tls": dict(way.tls)}]
        spec = {
            "exportTo": _only_gateway(service, way),
            "host": way.alias,
            "trafficPolicy": {"portLevelSettings": settings},
        }
        found = of_app(service, manifest(API, "DestinationRule", way.name, spec=spec))
        if way.tls["credentialName"] is not None:
            found["metadata"]["annotations"] = {"galley.istio.io/analyze-suppress": IN_THE_SECRET}
        yield found


def routes_to_gateway(service: Service) -> Iterator[Manifest]:
    """The way from the callers of a namespace to the gateway, and straight on for the host's other ports.

    https://istio.io/latest/docs/tasks/traffic-management/egress/egress-gateway/
    """
    for external in service.external:
        if not external.ways:
            continue
        ways = {way.port: way for way in external.ways}
        requests = [port for port in external.ports if port.protocol in HTTP_PROTOCOLS]
        spec = {
            "exportTo": ["."],
            "hosts": [external.host],
            "http": [_request(service, external, port, ways.get(port)) for port in requests] or None,
            "tls": [_passing(way) for way in external.ways if way.port not in requests] or None,
        }
        yield of_app(service, manifest(API, "VirtualService", external.name, spec=spec))


def _request(service: Service, external: ExternalHost, port: ExternalPort, way: WayOut | None) -> Manifest:
    destination = _at(external.host, port.number) if way is None else _at(way.gateway.host, REQUESTS)
    return {
        "name": f"{port.protocol}-{port.number}",
        "match": [{"port": port.number}],
        "rewrite": {"authority": way.alias} if way is not None else None,
        "route": [{"destination": destination}],
        "retries": retries_of(None, service.target.profile),
    }


def _passing(way: WayOut) -> Manifest:
    match = {"port": way.port.number, "sniHosts": [way.host]}
    return {"match": [match], "route": [{"destination": _at(way.gateway.host, PASSING)}]}


def routes_of_gateway(service: Service) -> Iterator[Manifest]:
    """The way from the gateway to the outside host, which gets back the name that the caller asked for."""
    for way in _ways(service):
        number, route = way.port.number, [{"destination": _at(way.alias, way.port.number)}]
        is_request = way.port.protocol in HTTP_PROTOCOLS
        authority = way.host if number == REQUESTS else f"{way.host}:{number}"
        request = {
            "name": f"{way.port.protocol}-{number}",
            "rewrite": {"authority": authority},
            "route": route,
            "retries": retries_of(None, service.target.profile),
        }
        passing = {"match": [{"port": PASSING, "sniHosts": [way.host]}], "route": route}
        spec = {
            "exportTo": _only_gateway(service, way),
            "gateways": [f"{way.gateway.namespace}/{way.gateway.name}"],
            "hosts": [way.alias if is_request else way.host],
            "http": [request] if is_request else None,
            "tls": None if is_request else [passing],
        }
        yield of_app(service, manifest(API, "VirtualService", way.name, spec=spec))


def _ways(service: Service) -> Iterable[WayOut]:
    return (way for external in service.external for way in external.ways)


def _at(host: str, number: int) -> Manifest:
    return {"host": host, "port": {"number": number}}


def _only_gateway(service: Service, way: WayOut) -> list[str]:
    return [way.gateway.namespace if way.gateway.namespace != service.namespace else "."]


def of_app(service: Service, entry: Manifest) -> Manifest:
    """Something about an outside host belongs to the app, whichever service calls the host."""
    if service.app:
        entry["metadata"]["labels"] = {"app": None, "app.kubernetes.io/name": None}
    return entry


STEPS = (
    Step(Wave.NAMES, way_hosts),
    Step(Wave.GUARDS, way_tls),
    Step(Wave.WAYS_OUT, routes_of_gateway),
    Step(Wave.WAYS_OUT, routes_to_gateway),
)
PLATFORM_STEPS = (PlatformStep(Wave.NAMES, gateway_objects),)
