"""Gateways, of the platform and of services: their servers, certificates, and what services publish on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cmp.context.model import HttpRule, IngressHosts, Service, StreamMatch
from cmp.context.profiles import Profile
from cmp.context.servers import PASSING_ON, Gateway, Server
from cmp.manifests.step import Step, manifest
from cmp.manifests.traffic import API, http, route, stream_match
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.gateway import GatewayTls


def gateway(name: str, on: Gateway, servers: Iterable[Server]) -> Manifest:
    """A Gateway on the pods of a gateway of the platform, in their namespace: there its certificates have to be.

    https://istio.io/latest/docs/reference/config/networking/gateway/
    """
    spec = {"selector": dict(on.selector), "servers": [_server(server) for server in servers]}
    found = manifest(API, "Gateway", name, spec=spec)
    found["metadata"]["namespace"] = on.namespace
    return found


def _server(server: Server) -> Manifest:
    port = {"name": server.name, "number": server.number, "protocol": server.protocol.upper()}
    tls = {"httpsRedirect": True} if server.redirect else _tls(server.tls, server.secret)
    return {"hosts": list(server.hosts), "port": port, "tls": tls}


def _tls(tls: GatewayTls | None, secret: str | None) -> Manifest | None:
    """TLS from 1.2 on unless the spec says otherwise; where it is passed on, the service's own TLS decides."""
    if tls is None:
        return None
    if tls.mode in PASSING_ON:
        return {"mode": tls.mode}
    return {
        "mode": tls.mode or "SIMPLE",
        "credentialName": secret or tls.credentialName,
        "credentialNames": list(tls.credentialNames) or None,
        **{key: getattr(tls, key, None) for key in ("serverCertificate", "privateKey", "caCertificates")},
        "minProtocolVersion": tls.minProtocolVersion or "TLSV1_2",
        "maxProtocolVersion": tls.maxProtocolVersion,
        "cipherSuites": list(tls.cipherSuites) or None,
        "subjectAltNames": list(tls.subjectAltNames) or None,
    }


def certificates(on: Gateway, servers: Iterable[Server]) -> Iterator[Manifest]:
    """A Certificate per Secret of a server that is issued. It has the Secret's name, which stays when it is removed.

    https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.Certificate
    """
    for server in {server.secret: server for server in servers}.values():
        issuer = server.tls.issuer if server.tls is not None else None
        if issuer is None or server.secret is None:
            continue
        reference = {
            "name": issuer.name,
            "kind": issuer.kind or "ClusterIssuer",
            "group": issuer.group or "cert-manager.io",
        }
        spec = {
            "secretName": server.secret,
            "dnsNames": [host.rpartition("/")[2] for host in server.hosts],
            "issuerRef": reference,
        }
        found = manifest("cert-manager.io/v1", "Certificate", server.secret, spec=spec)
        found["metadata"]["namespace"] = on.namespace
        yield found


# -- what services publish ---------------------------------------------------------------------------------------------


def gateway_routes(service: Service) -> Iterator[Manifest]:
    """The VirtualServices that publish the service, made from the same rules and subsets as those of the mesh."""
    for ingress in service.ingress:
        gateway = ingress.gateway
        spec = {
            "exportTo": [gateway.namespace if gateway.namespace != service.namespace else "."],
            "gateways": list(ingress.bound),
            "hosts": list(ingress.hosts),
            **_published(ingress, service.target.profile),
        }
        yield manifest(API, "VirtualService", ingress.name, spec=spec)


def _published(ingress: IngressHosts, profile: Profile) -> Manifest:
    """Rules for requests, or one for connections: by server name where TLS is passed on, else by port."""
    if ingress.kind == "http":
        return {"http": [http(_at_ports(rule, ingress.ports), profile) for rule in ingress.rules]}
    match = StreamMatch(ingress.ports[0], sni=ingress.hosts if ingress.kind == "tls" else ())
    return {ingress.kind: [{"match": [stream_match(match)], "route": route(ingress.destinations)}]}


def _at_ports(rule: HttpRule, ports: tuple[int, ...]) -> HttpRule:
    if not ports:
        return rule
    return rule._replace(matches=tuple(match._replace(port=port) for match in rule.matches for port in ports))


# -- hosts with servers of their own -----------------------------------------------------------------------------------


def own_gateways(service: Service) -> Iterator[Manifest]:
    """The servers that a service writes for its own hosts, applied with the routes that they show.

    A server takes its hosts away from a wildcard's as soon as it is there, so it is not there before its routes; and
    it is removed before a VirtualService is applied that shows them elsewhere.
    """
    for own in service.own_gateways:
        yield gateway(own.name, own.gateway, own.servers)


def own_certificates(service: Service) -> Iterator[Manifest]:
    """The certificates that are issued for them."""
    for own in service.own_gateways:
        yield from certificates(own.gateway, own.servers)


STEPS = (Step(Wave.TRAFFIC, gateway_routes), Step(Wave.TRAFFIC, own_gateways), Step(Wave.FOLLOWERS, own_certificates))
