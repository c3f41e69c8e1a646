"""Hosts outside the cluster that a service of the render declares, and who finds them there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from cmp.context.external import ExternalHost, ExternalPort
from cmp.context.model import Outside, Port, Service
from cmp.context.names import digest
from cmp.spec.addresses import UNIX, is_ip

if TYPE_CHECKING:
    from cmp.context.egress import Owned
    from cmp.spec.outside import Endpoint, External
    from cmp.spec.service import MeshService


def outside(spec: MeshService) -> Outside | None:
    """The hosts that a spec declares, with what it left out."""
    external = spec.external
    if external is None:
        return None
    selected = bool(spec.selector)
    location = external.location or ("MESH_INTERNAL" if selected else "MESH_EXTERNAL")
    return Outside(external.hosts, external.resolution or _resolution(external, selected), location, external)


def _resolution(external: External, selected: bool) -> str:
    """How proxies find the addresses, as far as what is written says: names are looked up, wildcards cannot be."""
    if selected:
        return "STATIC"
    if external.endpoints:
        return "STATIC" if all(is_static(one.address) for one in external.endpoints) else "DNS"
    return "NONE" if external.addresses or any(host.startswith("*") for host in external.hosts) else "DNS"


def is_static(address: str) -> bool:
    """Whether nobody has to look an address up."""
    return is_ip(address) or address.startswith(UNIX)


def usual_ports(found: Outside | None, broken: Iterable[tuple[str | int, ...]]) -> tuple[Port, ...]:
    """The port of a host outside the mesh that names none: what it speaks there is encrypted."""
    if found is None or found.location != "MESH_EXTERNAL" or any(path[0] in ("port", "ports") for path in broken):
        return ()
    name = "tls" if found.resolution == "DYNAMIC_DNS" else "https"  # which takes no other word for it
    return (Port(name, 443, 443, name),)


def entry_name(service: str, endpoint: Endpoint) -> str:
    """The name of an endpoint's WorkloadEntry: by its address, never by its position."""
    plain = not endpoint.network and all(part for part in endpoint.address.split(".")) and ":" not in endpoint.address
    return f"{service}-{endpoint.address if plain else digest(repr((endpoint.network, endpoint.address)))}"


#: Modes of TLS in which a proxy has to know whom to believe.
ENCRYPTED = ("SIMPLE", "MUTUAL")


class Directory:
    """Who of a render declares which host outside."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._owners = [service for service in services if service.outside is not None]

    def hosts_of(self, name: str, namespace: str) -> tuple[str, ...]:
        """The hosts by which others call a service, if they are not its own name."""
        found = next((one for one in self._owners if (one.name, one.namespace) == (name, namespace)), None)
        return found.outside.hosts if found is not None and found.outside is not None else ()

    def owner(self, host: str, namespace: str) -> Service | None:
        """The service that declares a host for a namespace: its own, or one that is exported there."""
        for one in sorted(self._owners, key=lambda one: (one.namespace != namespace, one.namespace, one.name)):
            seen = one.namespace == namespace or not {"*", namespace}.isdisjoint(one.spec.exportTo)
            if seen and one.outside is not None and host in one.outside.hosts:
                return one
        return None

    def seen_from(self, namespace: str) -> set[str]:
        """The hosts that services declare for a namespace."""
        hosts = {host for one in self._owners if one.outside is not None for host in one.outside.hosts}
        return {host for host in hosts if self.owner(host, namespace) is not None}

    def beside(self, called: Owned) -> Owned:
        """What calls declare, and what services declare themselves."""
        found = dict(called)
        for one in self._owners:
            key = (one.name, one.namespace)
            found[key] = (*found.get(key, ()), *declared_by(one))
        return found


def declared_by(service: Service) -> list[ExternalHost]:
    """The hosts that a service declares, as those that are declared by a call."""
    ports = tuple(ExternalPort(port.number, port.protocol) for port in service.ports)
    hosts = service.outside.hosts if service.outside is not None else ()
    return [ExternalHost(service.name, host, ports) for host in hosts]
