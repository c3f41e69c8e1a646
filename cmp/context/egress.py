"""What a service may reach: the hosts of its Sidecar, and the outside hosts that a namespace declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import ExternalHost, ExternalPort, Origination, Target, WayOut
from cmp.context.names import fqdn, split
from cmp.context.servers import Gateway

if TYPE_CHECKING:
    from cmp.spec.egress import Call, CallTls


def external(call: Call) -> tuple[str, ExternalPort] | None:
    """The outside host and port of a call; None for a call inside the mesh."""
    if call.url is None:
        return None
    from cmp.spec.syntax import SCHEMES

    scheme, _, rest = call.url.partition("://")
    host, _, port = rest.partition(":")
    number = int(port) if port else SCHEMES[scheme]
    assert number is not None  # the validator asks for a port where the scheme has none
    return host.lower(), ExternalPort(number, scheme, call.tls is not None, call.gateway or "")


#: The egress gateways of the platform by name.
Gateways = Mapping[str, Gateway]


def hosts(
    name: str | None, namespace: str, calls: Iterable[Call], target: Target, gateways: Gateways
) -> tuple[str, ...]:
    """The hosts of a Sidecar: the control plane's namespace, the service itself, and what it calls.

    https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
    """
    found = {f"{target.root_namespace if target.root_namespace != namespace else '.'}/*"}
    if name is not None:
        found.add(f"./{fqdn(name, namespace, target.cluster_domain)}")
    for call in calls:
        found.update(f"{where}/*" if where != namespace else "./*" for where in call.namespaces)
        if call.service is not None:
            other, where = split(call.service, namespace)
            found.add(f"{where if where != namespace else '.'}/{fqdn(other, where, target.cluster_domain)}")
        outside = external(call)
        if outside is not None:
            found.add(f"./{outside[0]}")
        gateway = gateways.get(call.gateway or "")
        if gateway is not None:
            found.add(f"{gateway.namespace if gateway.namespace != namespace else '.'}/{gateway.host}")
    whole = {one.removesuffix("/*") for one in found if one.endswith("/*")}  # what is in them is not said again
    return tuple(sorted(one for one in found if one.endswith("/*") or one.partition("/")[0] not in whole))


def declared(
    owners: Iterable[tuple[str, str, Iterable[Call]]], namespace: str, gateways: Gateways
) -> dict[str, tuple[ExternalHost, ...]]:
    """The outside hosts of one namespace by the service that declares them.

    Args:
        owners: name, app or an empty string, and calls of each service of the namespace.
        namespace: where they all are.
        gateways: the platform's egress gateways.

    A host has one ServiceEntry in a namespace, with the ports of all callers: of two, istiod keeps the older one. The
    first caller by name declares it, under the name of its app if it has one.
    """
    ports: dict[str, dict[ExternalPort, Call]] = {}
    first: dict[str, tuple[str, str]] = {}
    for name, app, calls in sorted(owners, key=lambda owner: owner[:2]):
        for call in calls:
            outside = external(call)
            if outside is not None:
                ports.setdefault(outside[0], {}).setdefault(outside[1], call)
                first.setdefault(outside[0], (name, app))
    found: dict[str, list[ExternalHost]] = {}
    for host, called in sorted(ports.items()):
        name, app = first[host]
        entry = f"{app or name}-{host.replace('*.', 'wildcard.')}"
        ways = _ways(entry, host, called, namespace, gateways)
        found.setdefault(name, []).append(ExternalHost(entry, host, tuple(sorted(called)), ways))
    return {name: tuple(entries) for name, entries in found.items()}


def _ways(
    entry: str, host: str, called: Mapping[ExternalPort, Call], namespace: str, gateways: Gateways
) -> tuple[WayOut, ...]:
    """The ports of a host that are reached through a gateway.

    At the gateway, calls of all namespaces meet. Each namespace has a name of its own for the host there, so that
    nobody's requests follow the routes of others or go out with their certificate.
    """
    found = []
    for port, call in sorted(called.items()):
        gateway = gateways.get(port.gateway)
        if gateway is not None:
            alias = f"{port.number}.{host}.{namespace}.{gateway.name}.internal"
            tls = tls_settings(call.tls, host) if call.tls is not None else None
            found.append(WayOut(f"{entry}-{port.number}-{gateway.name}", host, port, gateway, alias, tls))
    return tuple(found)


#: The authorities that the proxy's image trusts, as a file in it.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def originations(name: str, calls: Iterable[Call]) -> tuple[Origination, ...]:
    """The outside hosts to whose ports a service's own proxy adds TLS, with the settings of each port."""
    found: dict[str, dict[int, Mapping[str, object]]] = {}
    for call in calls:
        outside = external(call)
        if outside is not None and call.tls is not None and not call.gateway:
            host, port = outside
            found.setdefault(host, {})[port.number] = tls_settings(call.tls, host)
    return tuple(Origination(f"{name}-{host}", host, ports) for host, ports in sorted(found.items()))


def tls_settings(tls: CallTls, host: str) -> Mapping[str, object]:
    """ClientTLSSettings in which the certificate of whoever answers is checked: its issuer, and the host's name in it.

    https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
    """
    return {
        "mode": tls.mode,
        "sni": tls.sni or host,
        "subjectAltNames": list(tls.subjectAltNames) or [host],
        "credentialName": tls.credentialName,
        "caCertificates": tls.caCertificates or (None if tls.credentialName else AUTHORITIES),
        "clientCertificate": tls.clientCertificate,
        "privateKey": tls.privateKey,
    }


def reads_secrets(calls: Iterable[Call]) -> bool:
    """Whether a caller's proxy asks for the key of a Secret; certificates of authorities are given to anybody.

    istio pilot/pkg/xds/sds.go, filterAuthorizedResources
    """
    own = [call.tls for call in calls if call.tls is not None and not call.gateway]
    return any(tls.credentialName and tls.mode == "MUTUAL" for tls in own)
