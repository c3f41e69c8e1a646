"""Checks of hosts outside: what Istio's webhook refuses or warns of, said at the place in the spec.

istio pkg/config/validation/validation.go, ValidateServiceEntry, ValidateWorkloadEntry and ValidateWorkloadGroup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmp.checks.egress import NAMING
from cmp.checks.finding import Finding, Step
from cmp.context.egress import external
from cmp.context.model import HTTP_PROTOCOLS, TLS_PROTOCOLS, Context, Outside, Service
from cmp.context.outside import ENCRYPTED, Directory, entry_name, is_static
from cmp.spec.addresses import UNIX

#: A place below `external`, what is wrong there, and what to write.
Said = tuple[tuple[Step, ...], str, str]
LOOKED_UP = ("DNS", "DNS_ROUND_ROBIN")
#: Lists and maps of a ServiceEntry, and how much its definition lets into them.
MOST = {"hosts": 256, "addresses": 256, "endpoints": 4096}
#: The label by which a ServiceEntry asks istiod for no address of its own.
ALLOCATES = "networking.istio.io/enable-autoallocate-ip"


def check_outside(context: Context) -> Iterator[Finding]:
    """Hosts, addresses, endpoints and ports fit the way in which the hosts are found."""
    for service in context.services:
        if service.outside is None:
            continue
        if not service.outside.hosts:
            at = ("external", "hosts")
            yield Finding("MS102", service, at, "a host is missing", "write hosts: api.example.com")
        for look in (_hosts, _resolution, _selected, _addresses, _dynamic):
            for path, message, help in look(service, service.outside):
                yield Finding("MS218", service, ("external", *path), message, help)
        yield from _ports(service, service.outside)
        yield from _endpoints(service, service.outside)
        yield from _subsets(service, service.outside)
        yield from _encrypted_twice(service)


def _hosts(service: Service, found: Outside) -> Iterator[Said]:
    for index, host in enumerate(found.hosts):
        if host in found.hosts[:index]:
            yield ("hosts", index), f'"{host}" is listed twice', "name it once"
        elif index and len(service.name) + len(host) > MOST_OF_A_NAME:
            message = f'"{host[:40]}..." is too long to be part of a name'
            yield ("hosts", index), message, "declare it as a service of its own"
    for key, most in MOST.items():
        listed: tuple[object, ...] = getattr(found.spec, key)
        if len(listed) > most:
            yield (key,), f"{len(listed)} {key} are more than the {most} that Istio takes", "declare several services"


#: Names of objects have 253 characters; a version's and two hyphens are among them.
MOST_OF_A_NAME = 253 - 63 - 2 - len("wildcard")


def _resolution(service: Service, found: Outside) -> Iterator[Said]:
    endpoints, wildcards = found.spec.endpoints, [host for host in found.hosts if host.startswith("*")]
    at = ("resolution",) if found.spec.resolution else ()
    if found.resolution == "NONE" and endpoints:
        yield ("endpoints",), "with resolution NONE a connection goes where it was meant to, to no endpoint", _WAYS
    if found.resolution == "STATIC" and not endpoints and not service.facts.labels:
        yield at, "with resolution STATIC somebody has to say the addresses", "add endpoints: 10.0.0.1, or a selector"
    if found.resolution in LOOKED_UP and wildcards and (service.facts.labels or not endpoints):
        message = f'"{wildcards[0]}" cannot be looked up'
        help = "leave resolution out" if service.facts.labels else "leave resolution out, or add endpoints"
        yield ("hosts", found.hosts.index(wildcards[0])), message, help
    if found.resolution == "DNS_ROUND_ROBIN" and len(endpoints) > 1:
        yield ("endpoints",), "resolution DNS_ROUND_ROBIN takes one endpoint", "keep one, or write resolution: DNS"


_WAYS = "remove them, or write resolution: STATIC (addresses) or DNS (names)"


def _selected(service: Service, found: Outside) -> Iterator[Said]:
    if service.facts.labels and found.resolution in ("NONE", "DYNAMIC_DNS"):
        message = f"resolution {found.resolution} finds nothing by a selector"
        yield ("resolution",), message, "leave it out: a selector gives STATIC"
    if service.facts.labels and found.location == "MESH_EXTERNAL":
        message = "a selector finds pods and machines of the mesh"
        yield ("location",), message, "leave it out: a selector gives MESH_INTERNAL"


def _addresses(service: Service, found: Outside) -> Iterator[Said]:
    wide = [index for index, one in enumerate(found.spec.addresses) if "/" in one]
    if wide and found.resolution not in ("NONE", "STATIC"):
        message = f"a network of addresses is for resolution NONE and STATIC, not {found.resolution}"
        yield ("addresses", wide[0]), message, "name single addresses"
    several = found.spec.addresses and len(found.hosts) > 1 and found.resolution in LOOKED_UP
    if several and any(port.protocol not in HTTP_PROTOCOLS for port in service.ports):
        message = "addresses of a port that is not HTTP cannot stand for several hosts"
        yield ("addresses",), message, "declare each host as a service of its own"


def _dynamic(service: Service, found: Outside) -> Iterator[Said]:
    """DYNAMIC_DNS looks up the host that each request or handshake names."""
    if found.resolution != "DYNAMIC_DNS":
        return
    for index, host in enumerate(found.hosts):
        if not host.startswith("*"):
            message = f'"{host}" is no wildcard, which resolution DYNAMIC_DNS is for'
            yield ("hosts", index), message, "leave resolution out, or declare it as a service of its own"
    for key in ("addresses", "endpoints"):
        if getattr(found.spec, key):
            message = f"resolution DYNAMIC_DNS looks up the host that is asked for, whatever {key} say"
            yield (key,), message, "remove them"


def _ports(service: Service, found: Outside) -> Iterator[Finding]:
    """Ports of the hosts: where the protocol names no host, something else has to tell hosts apart."""
    names = list(service.spec.ports)
    if not service.ports and not service.broken:
        message = f'"{service.name}" is inside the mesh, and its ports are not told'
        yield Finding("MS102", service, ("external",), message, "add port: 8080, or ports: {tcp: 5432}", True)
    blind = [port for port in service.ports if port.protocol not in NAMING]
    allocated = found.resolution != "NONE" and service.spec.metadata.labels.get(ALLOCATES, "").lower() != "false"
    for port in service.ports:
        at: tuple[Step, ...] = ("ports", port.name) if port.name in names else ("external",)
        known = ("http", "http2", "grpc", "tls")
        if found.resolution == "DYNAMIC_DNS" and port.protocol not in known:
            message = f"resolution DYNAMIC_DNS is for {', '.join(known)}, not {port.protocol}"
            help = "name the port tls" if port.protocol == "https" else "name the hosts one by one"
            yield Finding("MS218", service, at, message, help, True)
        elif port in blind and len(found.hosts) > 1 and found.resolution != "NONE":
            message = f"{port.protocol} does not carry host names, so several hosts are not told apart"
            yield Finding("MS218", service, at, message, "declare each host as a service of its own", True)
        elif port in blind and not found.spec.addresses and not allocated:
            message = f"{port.protocol} does not carry host names: all connections to port {port.number} would be meant"
            help = "add addresses: 10.0.0.0/16 to external" if found.resolution == "NONE" else "add addresses"
            yield Finding("MS216", service, at, message, help, True)


def _endpoints(service: Service, found: Outside) -> Iterator[Finding]:
    ports, seen = [port.name for port in service.ports], set[str]()
    for index, one in enumerate(found.spec.endpoints):
        at: tuple[Step, ...] = ("external", "endpoints", index)
        name = entry_name(service.name, one)
        if name in seen:
            yield Finding("MS207", service, at, f'two endpoints have the address "{one.address}"', "keep one")
        seen.add(name)
        if not is_static(one.address) and found.resolution == "STATIC":
            message = f'"{one.address}" is a name, and resolution STATIC looks none up'
            yield Finding("MS218", service, (*at, "address"), message, "write its IP address")
        if one.address.startswith(UNIX):
            yield from _sockets(service, found, one.ports, (*at, "address"))
        for key in one.ports:
            path = (*at, "ports", key)
            if key not in ports:
                message = f'"{service.name}" has no port "{key}"'
                yield Finding("MS205", service, path, message, f"ports are {', '.join(ports)}", True)
        for key, value in one.labels.items():
            wanted = service.facts.labels.get(key, value)
            if wanted != value:
                message = f"the selector wants {key}: {wanted}, so that this endpoint is not found"
                yield Finding("MS104", service, (*at, "labels", key), message, "leave it out, or change the selector")


def _sockets(service: Service, found: Outside, ports: object, at: tuple[Step, ...]) -> Iterator[Finding]:
    if found.resolution in LOOKED_UP or service.facts.labels:
        message = "a socket is for resolution STATIC, without a selector"
        yield Finding("MS218", service, at, message, "write an address")
    if ports or len(service.ports) != 1:
        message = "a socket has no ports of its own, and stands for the one port of the service"
        yield Finding("MS218", service, at, message, "declare one port, and none at the endpoint")


def _subsets(service: Service, found: Outside) -> Iterator[Finding]:
    """Versions are told apart by the labels of endpoints; what a selector finds besides is not known here."""
    for version in service.versions:
        wanted = {**service.facts.labels, **version.labels}.items()
        if any(wanted <= {**service.facts.labels, **one.labels}.items() for one in found.spec.endpoints):
            continue
        if not service.facts.labels or found.spec.endpoints:
            labels = ", ".join(f"{key}: {value}" for key, value in sorted(version.labels.items()))
            message = f'no endpoint has the labels of version "{version.name}"'
            help = f"add an endpoint with labels: {{{labels}}}"
            yield Finding("MS201", service, ("versions", version.name), message, help, True)


def _encrypted_twice(service: Service) -> Iterator[Finding]:
    """What the application encrypts itself, a proxy would encrypt once more."""
    for port in service.ports:
        own = service.spec.ports[port.name].tls if port.name in service.spec.ports else None
        tls, at = (own, ("ports", port.name, "tls", "mode")) if own is not None else (service.spec.tls, ("tls", "mode"))
        if tls is not None and tls.mode in ENCRYPTED and port.protocol in TLS_PROTOCOLS:
            message = f'port "{port.name}" speaks TLS itself, and would be encrypted twice'
            help = "let it be called over HTTP: ports: {http: {port: 80, targetPort: 443}}"
            yield Finding("MS218", service, at, message, help)


def check_owners(context: Context) -> Iterator[Finding]:
    """A host has one owner for all who see it: of two ServiceEntries, istiod keeps the older one."""
    taken: dict[str, list[Service]] = {}
    for service in context.services:
        for host in service.outside.hosts if service.outside is not None else ():
            for other in taken.setdefault(host, []):
                if other is not service and _both_seen(service, other):
                    related = ((other, ("external", "hosts"), "also declared here"),)
                    message = f'"{service.name}" and "{other.name}" both declare "{host}"'
                    path = ("external", "hosts", service.outside.hosts.index(host) if service.outside else 0)
                    yield Finding("MS216", service, path, message, "keep one", related=related)
            taken[host].append(service)


def _both_seen(one: Service, other: Service) -> bool:
    """Whether some namespace may see both."""
    scopes = [{service.namespace if name == "." else name for name in service.export_to} for service in (one, other)]
    return "*" in scopes[0] | scopes[1] or not scopes[0].isdisjoint(scopes[1])


def check_called_ports(context: Context) -> Iterator[Finding]:
    """A call of a host that a service declares goes to one of the ports that it declares."""
    directory = Directory(context.services)
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            outside = external(call)
            owner = directory.owner(outside[0], service.namespace) if outside is not None else None
            if outside is None or owner is None:
                continue
            host, port = outside
            same = next((one for one in owner.ports if one.number == port.number), None)
            at, related = ("calls", index, "url"), ((owner, ("external",), f'"{host}" is declared here'),)
            if same is None:
                message = f'"{owner.name}" declares "{host}" without port {port.number}'
                help = f'add to "{owner.name}": ports: {{{port.protocol}-{port.number}: {port.number}}}'
                yield Finding("MS216", service, at, message, help, related=related)
            elif same.protocol != port.protocol and not {same.protocol, port.protocol} <= TLS_PROTOCOLS:
                message = f'"{owner.name}" declares port {port.number} of "{host}" as {same.protocol}'
                yield Finding("MS216", service, at, message, "use one protocol", related=related)


def check_machines(context: Context) -> Iterator[Finding]:
    """What of a probe and of ports Istio takes for machines."""
    for service in context.services:
        for version in service.versions if service.facts.runs == "machines" else ():
            probe = version.spec.health.readiness if version.spec.health is not None else None
            at: tuple[Step, ...] = ("versions", version.name, "health", "readiness")
            if probe is not None and probe.grpc:
                message = "Istio's webhook knows no gRPC probe of machines"
                yield Finding("MS218", service, (*at, "grpc"), message, "ask over http or tcp", True)
            for name in probe.headers if probe is not None else ():
                if not re.fullmatch(r"[-_A-Za-z0-9]+", name):
                    message = f'header "{name}" cannot be in a probe of machines'
                    yield Finding("MS218", service, (*at, "headers", name), message, "letters, digits, - and _", True)
        mapped = set(service.spec.ports) if service.facts.runs == "machines" else set()
        mapped |= {name for one in service.outside.spec.endpoints for name in one.ports} if service.outside else set()
        for name in sorted(mapped):
            if len(name) > 62:
                message = f'port "{name[:20]}..." has {len(name)} characters; for machines and endpoints Istio takes 62'
                yield Finding("MS206", service, ("ports", name), message, "shorten it", True)
