"""What a service may reach: the hosts of its Sidecar, and the outside hosts that a namespace declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import ExternalHost, ExternalPort, Origination, Target
from cmp.context.names import fqdn, split

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
    return host.lower(), ExternalPort(number, scheme, call.tls is not None)


def hosts(name: str | None, namespace: str, calls: Iterable[Call], target: Target) -> tuple[str, ...]:
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
    whole = {one.removesuffix("/*") for one in found if one.endswith("/*")}  # what is in them is not said again
    return tuple(sorted(one for one in found if one.endswith("/*") or one.partition("/")[0] not in whole))


def declared(owners: Iterable[tuple[str, str, Iterable[Call]]]) -> dict[str, tuple[ExternalHost, ...]]:
    """The outside hosts of one namespace by the service that declares them.

    Args:
        owners: name, app or an empty string, and calls of each service of the namespace.

    A host has one ServiceEntry in a namespace, with the ports of all callers: of two, istiod keeps the older one. The
    first caller by name declares it, under the name of its app if it has one.
    """
    ports: dict[str, set[ExternalPort]] = {}
    first: dict[str, tuple[str, str]] = {}
    for name, app, calls in sorted(owners, key=lambda owner: owner[:2]):
        for call in calls:
            outside = external(call)
            if outside is not None:
                ports.setdefault(outside[0], set()).add(outside[1])
                first.setdefault(outside[0], (name, app))
    found: dict[str, list[ExternalHost]] = {}
    for host in sorted(ports):
        name, app = first[host]
        entry = f"{app or name}-{host.replace('*.', 'wildcard.')}"
        found.setdefault(name, []).append(ExternalHost(entry, host, tuple(sorted(ports[host]))))
    return {name: tuple(entries) for name, entries in found.items()}


#: The authorities that the proxy's image trusts, as a file in it.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def originations(name: str, calls: Iterable[Call]) -> tuple[Origination, ...]:
    """The outside hosts to whose ports a service's own proxy adds TLS, with the settings of each port."""
    found: dict[str, dict[int, Mapping[str, object]]] = {}
    for call in calls:
        outside = external(call)
        if outside is not None and call.tls is not None:
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
    return any(call.tls is not None and call.tls.credentialName and call.tls.mode == "MUTUAL" for call in calls)
