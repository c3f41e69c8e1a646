"""What a service may reach: the hosts of its Sidecar, and the outside hosts that a namespace declares."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.external import ExternalHost, ExternalPort, Origination, WayOut
from cmp.context.model import Destination, Platform, Service, Target
from cmp.context.names import fqdn, number_of, split
from cmp.context.servers import Gateway

if TYPE_CHECKING:
    from cmp.context.outside import Directory
    from cmp.spec.egress import Call, CallTls, SharedCall

#: The egress gateways of the platform by name.
Gateways = Mapping[str, Gateway]

#: A namespace and a host in it, or ``*`` for all of them, as a Sidecar names them.
Seen = tuple[str, str]


def external(call: SharedCall) -> tuple[str, ExternalPort] | None:
    """The outside host and port of a call; None for a call inside the mesh."""
    if call.url is None:
        return None
    from cmp.spec.syntax import SCHEMES

    scheme, _, rest = call.url.partition("://")
    host, _, port = rest.partition(":")
    number = int(port) if port else SCHEMES[scheme]
    assert number is not None  # the validator asks for a port where the scheme has none
    added = getattr(call, "tls", None) is not None
    return host.lower(), ExternalPort(number, scheme, added, getattr(call, "gateway", None) or "")


def called(call: SharedCall, namespace: str, domain: str, directory: Directory, caller: str) -> Iterable[Seen]:
    """What the proxy of a caller's namespace has to know for a call that is written in a namespace."""
    for where in call.namespaces:
        yield (caller if where == "." else where), "*"
    if call.service is not None:
        name, where = split(call.service, namespace)
        for host in directory.hosts_of(name, where) or (fqdn(name, where, domain),):
            yield where, host
    outside = external(call)
    if outside is not None:
        owner = directory.owner(outside[0], namespace)
        yield owner.namespace if owner is not None else namespace, outside[0]


def hosts(
    own: Iterable[str],
    namespace: str,
    calls: Iterable[Call],
    target: Target,
    directory: Directory,
    gateways: Gateways,
    shared: Iterable[Seen],
) -> tuple[str, ...]:
    """The hosts of a Sidecar: the control plane's namespace, the service's own, and what it and all others call.

    https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
    """
    found = {(target.root_namespace, "*"), *shared, *((namespace, host) for host in own)}
    for call in calls:
        found.update(called(call, namespace, target.cluster_domain, directory, namespace))
        gateway = gateways.get(call.gateway or "")
        if gateway is not None:
            found.add((gateway.namespace, gateway.host))
    whole = {where for where, host in found if host == "*"}  # what is in them is not said again
    kept = [(where, host) for where, host in found if host == "*" or where not in whole]
    return tuple(sorted(f"{where if where != namespace else '.'}/{host}" for where, host in kept))


def declared(
    owners: Iterable[tuple[str, str, Iterable[SharedCall]]],
    owned: Collection[str],
    namespace: str,
    gateways: Gateways,
) -> dict[str, tuple[ExternalHost, ...]]:
    """The outside hosts of one namespace by the service that declares them.

    Args:
        owners: name, app or an empty string, and calls of each service of the namespace.
        owned: hosts that a service declares as its own.
        namespace: where they all are.
        gateways: the platform's egress gateways.

    A host has one ServiceEntry in a namespace, with the ports of all callers: of two, istiod keeps the older one. The
    first caller by name declares it, under the name of its app if it has one.
    """
    ports: dict[str, dict[ExternalPort, SharedCall]] = {}
    first: dict[str, tuple[str, str]] = {}
    for name, app, calls in sorted(owners, key=lambda owner: owner[:2]):
        for call in calls:
            outside = external(call)
            if outside is not None and outside[0] not in owned:
                ports.setdefault(outside[0], {}).setdefault(outside[1], call)
                first.setdefault(outside[0], (name, app))
    found: dict[str, list[ExternalHost]] = {}
    for host, at in sorted(ports.items()):
        name, app = first[host]
        entry = f"{app or name}-{host.replace('*.', 'wildcard.')}"
        ways = _ways(entry, host, at, namespace, gateways)
        found.setdefault(name, []).append(ExternalHost(entry, host, tuple(sorted(at)), ways))
    return {name: tuple(entries) for name, entries in found.items()}


def _ways(
    entry: str, host: str, calls: Mapping[ExternalPort, SharedCall], namespace: str, gateways: Gateways
) -> tuple[WayOut, ...]:
    """The ports of a host that are reached through a gateway.

    At the gateway, calls of all namespaces meet. Each namespace has a name of its own for the host there, so that
    nobody's requests follow the routes of others or go out with their certificate.
    """
    found = []
    for port in sorted(calls):
        gateway = gateways.get(port.gateway)
        if gateway is not None:
            named = host.replace("*.", "wildcard.")
            alias = f"{port.number}.{named}.{namespace}.{gateway.name}.internal"
            added: CallTls | None = getattr(calls[port], "tls", None)
            tls = tls_settings(added, host) if added is not None else None
            server = getattr(calls[port], "through", None) or host
            found.append(WayOut(f"{entry}-{port.number}-{gateway.name}", host, port, gateway, alias, tls, server))
    return tuple(found)


Owned = Mapping[tuple[str, str], tuple[ExternalHost, ...]]


def owned(services: Collection[Service], directory: Directory, platform: Platform | None) -> Owned:
    """The outside hosts that calls ask for, by the service, and its namespace, that declares them.

    Those that the platform declares for all have an empty name.
    """
    found, ways = {}, gateways(platform)
    for namespace in sorted({service.namespace for service in services}):
        there = [service for service in services if service.namespace == namespace and service.facts.limited]
        owners = [(one.name, one.app, own_calls(one, platform)) for one in there]
        for name, entries in declared(owners, directory.seen_from(namespace), namespace, ways).items():
            found[name, namespace] = entries
        if platform is not None:
            found["", namespace] = platform.outside.get(platform.target.root_namespace, ())
    return found


def own_calls(service: Service, platform: Platform | None) -> list[Call]:
    """The calls of a service, but for those to outside hosts that the platform declares."""
    known = platform.declares(service.namespace) if platform is not None else {}
    outside = [(call, external(call)) for call in service.spec.calls]
    return [call for call, where in outside if where is None or where[0] not in known]


def gateways(platform: Platform | None) -> dict[str, Gateway]:
    """The gateways for calls that go out: those without hosts."""
    found = platform.gateways if platform is not None else ()
    return {gateway.name: gateway for gateway in found if not gateway.spec.hosts}


def outside(
    host: str, port: str | None, protocols: Container[str], entries: Owned, namespace: str
) -> tuple[Destination, ...]:
    """A host that is no service of the cluster, at the port that the namespace declares for such traffic."""
    listed = [entry for (_, where), there in entries.items() if where == namespace for entry in there]
    entry = next((entry for entry in listed if entry.host == host), None)
    found = entry.port(port, protocols) if entry is not None else None
    if found is None:
        return (Destination(host, None, number_of(port) if port is not None else None),)
    several = len(entry.ports if entry else ()) > 1
    return (Destination(host, None, found.number if port is not None or several else None),)


# -- TLS on the way out ------------------------------------------------------------------------------------------------


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
