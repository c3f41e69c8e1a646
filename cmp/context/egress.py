"""What a service may reach: the hosts of its Sidecar, and the outside hosts that a namespace declares."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import Destination, ExternalHost, ExternalPort, Service, Target
from cmp.context.names import fqdn, split

if TYPE_CHECKING:
    from cmp.context.outside import Directory
    from cmp.spec.traffic import Call


def external(call: Call) -> tuple[str, ExternalPort] | None:
    """The outside host and port of a call; None for a call inside the mesh."""
    if call.url is None:
        return None
    from cmp.spec.syntax import SCHEMES

    scheme, _, rest = call.url.partition("://")
    host, _, port = rest.partition(":")
    number = int(port) if port else SCHEMES[scheme]
    assert number is not None  # the validator asks for a port where the scheme has none
    return host.lower(), ExternalPort(number, scheme)


def hosts(
    own: Iterable[str],
    namespace: str,
    calls: Iterable[Call],
    target: Target,
    directory: Directory,
    *,
    api_server: bool = False,
) -> tuple[str, ...]:
    """The hosts of a Sidecar: the control plane's namespace, the service's own, what it calls, maybe the API server.

    https://istio.io/latest/docs/reference/config/networking/sidecar/#IstioEgressListener
    """
    found = {f"{target.root_namespace if target.root_namespace != namespace else '.'}/*"}
    found.update(f"./{host}" for host in own)
    if api_server:
        where = "default" if namespace != "default" else "."
        found.add(f"{where}/{fqdn('kubernetes', 'default', target.cluster_domain)}")
    for call in calls:
        found.update(f"{where}/*" if where != namespace else "./*" for where in call.namespaces)
        if call.service is not None:
            other, where = split(call.service, namespace)
            named = directory.hosts_of(other, where) or (fqdn(other, where, target.cluster_domain),)
            found.update(f"{where if where != namespace else '.'}/{host}" for host in named)
        outside = external(call)
        if outside is not None:
            owner = directory.owner(outside[0], namespace)
            where = owner.namespace if owner is not None else namespace
            found.add(f"{where if where != namespace else '.'}/{outside[0]}")
    whole = {one.removesuffix("/*") for one in found if one.endswith("/*")}  # what is in them is not said again
    return tuple(sorted(one for one in found if one.endswith("/*") or one.partition("/")[0] not in whole))


def declared(
    owners: Iterable[tuple[str, str, Iterable[Call]]], owned: Collection[str]
) -> dict[str, tuple[ExternalHost, ...]]:
    """The outside hosts of one namespace by the service that declares them.

    Args:
        owners: name, app or an empty string, and calls of each service of the namespace.
        owned: hosts that a service declares as its own.

    A host has one ServiceEntry in a namespace, with the ports of all callers: of two, istiod keeps the older one. The
    first caller by name declares it, under the name of its app if it has one.
    """
    ports: dict[str, set[ExternalPort]] = {}
    first: dict[str, tuple[str, str]] = {}
    for name, app, calls in sorted(owners, key=lambda owner: owner[:2]):
        for call in calls:
            outside = external(call)
            if outside is not None and outside[0] not in owned:
                ports.setdefault(outside[0], set()).add(outside[1])
                first.setdefault(outside[0], (name, app))
    found: dict[str, list[ExternalHost]] = {}
    for host in sorted(ports):
        name, app = first[host]
        entry = f"{app or name}-{host.replace('*.', 'wildcard.')}"
        found.setdefault(name, []).append(ExternalHost(entry, host, tuple(sorted(ports[host]))))
    return {name: tuple(entries) for name, entries in found.items()}


Owned = Mapping[tuple[str, str], tuple[ExternalHost, ...]]


def owned(services: Collection[Service], directory: Directory) -> Owned:
    """The outside hosts that calls ask for, by the service, and its namespace, that declares them."""
    found = {}
    for namespace in sorted({service.namespace for service in services}):
        there = [(s.name, s.app, s.spec.calls) for s in services if s.namespace == namespace and s.facts.limited]
        for name, entries in declared(there, directory.seen_from(namespace)).items():
            found[name, namespace] = entries
    return found


def outside(
    host: str, port: str | None, protocols: Container[str], entries: Owned, namespace: str
) -> tuple[Destination, ...]:
    """A host that is no service of the cluster, at the port that the namespace declares for such traffic."""
    listed = [entry for (_, where), there in entries.items() if where == namespace for entry in there]
    entry = next((entry for entry in listed if entry.host == host), None)
    found = entry.port(port, protocols) if entry is not None else None
    if found is None:
        return (Destination(host, None, int(port) if port is not None and port.isdigit() else None),)
    several = len(entry.ports if entry else ()) > 1
    return (Destination(host, None, found.number if port is not None or several else None),)
