"""Which pods and ports a NetworkPolicy has to let through, so that it stops nothing that access and calls let through.

A NetworkPolicy knows pods by their labels and namespaces, addresses and ports of pods, and nothing of identities,
requests and names of hosts: it is the coarser of the two, and holds also where a proxy is got around
(https://kubernetes.io/docs/concepts/services-networking/network-policies/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.egress import called, external
from cmp.context.model import Platform, Port, Service
from cmp.context.names import fqdn, split
from cmp.context.servers import Gateway

if TYPE_CHECKING:
    from cmp.spec.egress import SharedCall
    from cmp.spec.security import Access, Source


class Peer(NamedTuple):
    """Pods: those of a namespace, or of all where that is empty, and of them those with the labels."""

    namespace: str
    labels: tuple[tuple[str, str], ...] = ()


class Way(NamedTuple):
    """Who may be at the other end, anybody if that is empty, and at which ports and protocols, all if that is empty."""

    peers: tuple[Peer, ...]
    ports: tuple[tuple[int, str], ...] = ()


class Network(NamedTuple):
    """What may come in and go out."""

    ingress: tuple[Way, ...]
    egress: tuple[Way, ...]


#: The merged metrics of pod and proxy, and those of the proxy alone. Who scrapes them is not said anywhere, so all pods
#: of the cluster may (https://istio.io/latest/docs/ops/integrations/prometheus/).
METRICS = (15020, 15090)
#: Where the proxy gets its configuration and certificate.
ISTIOD = 15012
#: To any address: a cache on the node answers under an address that no pod has.
DNS = ((53, "TCP"), (53, "UDP"))

Index = Mapping[tuple[str, str], Service]


def network(service: Service, index: Index, platform: Platform | None) -> Network | None:
    """The NetworkPolicy of a service, where the platform wants one."""
    if platform is None or not platform.spec.networkPolicy:
        return None
    outbound = service.spec.sidecar.outboundTrafficPolicy if service.spec.sidecar is not None else None
    if outbound is not None and outbound.mode == "ALLOW_ANY":
        return Network(_merged(_incoming(service, platform)), (Way(()),))
    return Network(_merged(_incoming(service, platform)), _merged(_outgoing(service, index, platform)))


def _merged(ways: Iterable[Way]) -> tuple[Way, ...]:
    """One way per peer, in order, with all its ports."""
    found: dict[tuple[Peer, ...], set[tuple[int, str]] | None] = {}
    for peers, ports in ways:
        before = found.get(peers, set())
        found[peers] = before | set(ports) if ports and before is not None else None
    return tuple(Way(peers, tuple(sorted(ports or ()))) for peers, ports in sorted(found.items()))


def _tcp(numbers: Iterable[int]) -> tuple[tuple[int, str], ...]:
    return tuple((number, "TCP") for number in numbers)


def _targets(ports: Iterable[Port]) -> tuple[tuple[int, str], ...]:
    return _tcp(sorted({port.target for port in ports}))


def _pods(name: str, namespace: str) -> tuple[Peer, ...]:
    """The pods of a service, which carry its name as the label app."""
    return (Peer(namespace, (("app", name),)),)


def _of_gateway(gateway: Gateway) -> tuple[Peer, ...]:
    return (Peer(gateway.namespace, tuple(sorted(gateway.selector.items()))),)


# -- what comes in -----------------------------------------------------------------------------------------------------


def _incoming(service: Service, platform: Platform) -> Iterator[Way]:
    yield Way((Peer(""),), _tcp(METRICS))
    if not service.ports:
        return
    yield Way(_pods(service.name, service.namespace), _targets(service.ports))
    for rule in service.spec.access:
        ports = _asked(service, rule)
        peers = [_callers(source, service.namespace, platform) for source in rule.from_]
        if not peers or not all(peers):
            yield Way((), ports)
        else:
            yield from (Way((peer,), ports) for found in peers for peer in found)
    for gateway in platform.gateways:
        grant = next((one for one in service.grants if one.name == f"{service.name}-from-gateway-{gateway.name}"), None)
        if grant is not None:
            yield Way(_of_gateway(gateway), _tcp(int(port) for one in grant.operations for port in one["ports"]))


def _asked(service: Service, rule: Access) -> tuple[tuple[int, str], ...]:
    """The container ports that a rule is for."""
    if not rule.to or not all(operation.ports for operation in rule.to):
        return _targets(service.ports)
    named = [service.port(name) for operation in rule.to for name in operation.ports]
    return _targets(port for port in named if port is not None)


def _callers(source: Source, namespace: str, platform: Platform) -> tuple[Peer, ...]:
    """The pods of callers; who is known by namespace or identity only may be any pod of the namespace."""
    pods = [peer for caller in source.services for peer in _pods(*split(caller, namespace))]
    pods += [peer for one in platform.gateways if one.name in source.gateway for peer in _of_gateway(one)]
    if pods or source.gateway:
        return tuple(pods)
    found = [Peer(name) for name in source.namespaces]
    for identity in source.principals if not found else ():
        where = identity.partition("/ns/")[2].partition("/")[0]
        found.append(Peer(where if "*" not in where else ""))
    return tuple(found)


# -- what goes out -----------------------------------------------------------------------------------------------------


def _outgoing(service: Service, index: Index, platform: Platform) -> Iterator[Way]:
    root, domain = platform.target.root_namespace, platform.target.cluster_domain
    yield Way((), DNS)
    yield Way((Peer(root),), _tcp((ISTIOD,)))
    if service.ports:
        yield Way(_pods(service.name, service.namespace), _targets(service.ports))
    shared = platform.spec.namespaces.get(service.namespace)
    calls: list[tuple[SharedCall, str]] = [(call, service.namespace) for call in service.spec.calls]
    calls += [(call, root) for call in platform.spec.calls]
    calls += [(call, service.namespace) for call in (shared.calls if shared is not None else ())]
    gateways = {gateway.name: gateway for gateway in platform.gateways}
    for call, where in calls:
        outside, gateway = external(call), gateways.get(getattr(call, "gateway", None) or "")
        if gateway is not None:
            yield Way(_of_gateway(gateway))  # its Service's ports lead to others of its pods
        elif outside is not None:
            yield Way((), _tcp((outside[1].target,)))
        else:
            for namespace, host in called(call, where, domain):
                yield from _to_host(namespace, host, domain, index, platform)
    for provider in platform.spec.providers.values():
        for one in vars(provider).values():
            if one is not None:
                yield _to_provider(one.service, one.port, domain)


def _to_host(namespace: str, host: str, domain: str, index: Index, platform: Platform) -> Iterator[Way]:
    """To a service of the mesh, and to where its own routes lead: it is the caller's proxy that follows them."""
    if host == "*":
        yield Way((Peer(namespace),))
        return
    yield _to_service(host, domain, index, platform)
    other = index.get((host.partition(".")[0], namespace))
    for target in _led_to(other) if other is not None else ():
        if target.endswith(f".svc.{domain}"):
            yield _to_service(target, domain, index, platform)
        else:
            yield Way((), _tcp(_declared(target, namespace, index, platform)))
    for rule in other.http if other is not None else ():
        if rule.delegate is not None and rule.delegate != (other and other.name, namespace):
            name, where = rule.delegate
            yield from _to_host(where, fqdn(name, where, domain), domain, index, platform)


def _led_to(service: Service) -> set[str]:
    """The hosts that a service's rules lead its callers to."""
    found = {one.host for rule in service.http for one in rule.destinations}
    found |= {one.host for rule in (*service.tcp, *service.tls) for one in rule.destinations}
    return found | {one.destination.host for rule in service.http for one in rule.mirrors}


def _to_service(host: str, domain: str, index: Index, platform: Platform) -> Way:
    name, _, namespace = host.removesuffix(f".svc.{domain}").partition(".")
    other, listed = index.get((name, namespace)), platform.catalog.get((name, namespace))
    ports = other.ports if other is not None else listed.ports if listed is not None else ()
    return Way(_pods(name, namespace), _targets(ports))


def _declared(host: str, namespace: str, index: Index, platform: Platform) -> list[int]:
    """The ports of an outside host that a namespace declares."""
    entries = [entry for one in index.values() if one.namespace == namespace for entry in one.external]
    entries += platform.declares(namespace).values()
    return sorted({port.target for entry in entries if entry.host == host for port in entry.ports})


def _to_provider(service: str, port: int, domain: str) -> Way:
    """A provider's pods are known by their namespace only; one outside of the cluster by its port."""
    host = service.rpartition("/")[2]
    if host.endswith(f".svc.{domain}"):
        return Way((Peer(host.removesuffix(f".svc.{domain}").rpartition(".")[2]),))
    return Way((), _tcp((port,)))
