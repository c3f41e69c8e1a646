"""Which pods and ports a NetworkPolicy has to let through, so that it stops nothing that access and calls let through.

A NetworkPolicy knows pods by their labels and namespaces, addresses and ports of pods, and nothing of identities,
requests and names of hosts: it is the coarser of the two, and holds also where a proxy is got around
(https://kubernetes.io/docs/concepts/services-networking/network-policies/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.egress import called, external
from cmp.context.model import Grant, HttpRule, Platform, Port, Service, StreamRule
from cmp.context.names import split
from cmp.context.outside import Directory
from cmp.context.rules import Fields, in_force
from cmp.context.servers import Gateway
from cmp.context.shared import provided

if TYPE_CHECKING:
    from cmp.spec.egress import SharedCall
    from cmp.spec.security import Access, Source


class Peer(NamedTuple):
    """Pods of a namespace, or of all if that is empty, and of them those with the labels; or a block of addresses."""

    namespace: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    block: str = ""


class Way(NamedTuple):
    """Who may be at the other end, anybody if that is empty, and at which ports and protocols, all if that is empty."""

    peers: tuple[Peer, ...]
    ports: tuple[tuple[int, str], ...] = ()


class Network(NamedTuple):
    """What may come in and go out; None where nothing is said of a direction, and all may."""

    ingress: tuple[Way, ...] | None
    egress: tuple[Way, ...] | None


#: The merged metrics of pod and proxy, and those of the proxy alone. Who scrapes them is not said anywhere, so all pods
#: of the cluster may (https://istio.io/latest/docs/ops/integrations/prometheus/).
METRICS = (15020, 15090)
#: Where the proxy gets its configuration and certificate.
ISTIOD = 15012
#: To any address: a cache on the node answers under an address that no pod has.
DNS = ((53, "TCP"), (53, "UDP"))
#: Of the API server, which is no pod: that of its Service, and the usual one behind it.
API_SERVER = (443, 6443)
ANYBODY: tuple[Peer, ...] = ()

Index = Mapping[tuple[str, str], Service]


def closed(platform: Platform) -> Network:
    """What pods get of which nothing is said: nobody comes in, and only names and the control plane are reached."""
    return Network((), (Way(ANYBODY, DNS), Way((Peer(platform.target.root_namespace),), _tcp((ISTIOD,)))))


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


def _of_gateway(gateway: Gateway) -> tuple[Peer, ...]:
    return (Peer(gateway.namespace, tuple(sorted(gateway.selector.items()))),)


def _pods_of(service: Service) -> tuple[Peer, ...]:
    """The pods of a service by what selects them; anybody where it has none: machines, and hosts outside."""
    if not service.facts.pods or not service.facts.labels:
        return ANYBODY
    return (Peer(service.namespace, tuple(sorted(service.facts.labels.items()))),)


def _jobs_of(service: Service) -> tuple[Peer, ...]:
    """The pods of its jobs, which call as the service does, and which nobody calls."""
    return tuple(Peer(service.namespace, tuple(job.labels.items())) for job in service.jobs)


class Networks:
    """The network policies of a render whose platform wants them, by what it knows of both ends."""

    def __init__(self, index: Index, platform: Platform) -> None:
        self._index = index
        self._platform = platform
        self._directory = Directory(index.values())
        self._domain = platform.target.cluster_domain

    def of(self, service: Service) -> Network | None:
        """The NetworkPolicy of a service's pods.

        Of pods that are not ours it says no more than ``access`` and ``calls`` do, and machines have none.
        """
        facts = service.facts
        if not (facts.pods or service.jobs) or not (facts.guarded or facts.limited):
            return None
        return Network(
            _merged(self.incoming(service)) if facts.guarded else None,
            _merged(self.outgoing(service)) if facts.limited else None,
        )

    def _pods(self, name: str, namespace: str) -> tuple[Peer, ...]:
        """The pods of a service; those of others carry its name as the label app."""
        found = self._index.get((name, namespace))
        return _pods_of(found) if found is not None else (Peer(namespace, (("app", name),)),)

    def _calling(self, name: str, namespace: str) -> tuple[Peer, ...]:
        """The pods that call as a service: its own and those of its jobs."""
        found = self._index.get((name, namespace))
        return (*self._pods(name, namespace), *(_jobs_of(found) if found is not None else ()))

    # -- what comes in -------------------------------------------------------------------------------------------------

    def incoming(self, service: Service) -> Iterator[Way]:
        """Whom access, the platform and exposed hosts let in, the pods themselves, and who reads metrics."""
        yield Way((Peer(),), _tcp(METRICS))
        if not service.ports:
            return
        yield Way(_pods_of(service), _targets(service.ports))
        yield from (Way((peer,), _targets(service.ports)) for peer in _jobs_of(service))
        for rule in service.spec.access:
            if in_force(rule):
                yield from _open(self._callers(rule, service), _asked(service, rule))
        for one in self._platform.around(service.namespace):
            for grant in one.grants or ():
                peers = [_named(source, service.namespace) for source in grant.sources]
                yield from _open(peers, _granted(grant) or _targets(service.ports))
        for gateway in self._platform.gateways:
            name = f"{service.name}-from-gateway-{gateway.name}"
            for grant in (grant for grant in service.grants if grant.name == name):
                yield Way(_of_gateway(gateway), _granted(grant) or _targets(service.ports))

    def _callers(self, rule: Access, service: Service) -> list[tuple[Peer, ...]]:
        return [self._source(source, service.namespace) for source in rule.from_]

    def _source(self, source: Source, namespace: str) -> tuple[Peer, ...]:
        """The pods of callers; who is known by namespace or identity only may be any pod of the namespace."""
        pods = [self._calling(*split(caller, namespace)) for caller in source.services]
        pods += [_of_gateway(one) for one in self._platform.gateways if one.name in source.gateway]
        if pods:
            return tuple(peer for found in pods for peer in found) if all(pods) else ANYBODY
        keys = ("namespaces", "principals", "serviceAccounts", "ipBlocks")
        return _named({key: getattr(source, key) for key in keys}, namespace)

    # -- what goes out -------------------------------------------------------------------------------------------------

    def outgoing(self, service: Service) -> Iterator[Way]:
        """What calls lead to, what proxies need themselves, and everything where unknown hosts are passed through."""
        outbound = service.spec.sidecar.outboundTrafficPolicy if service.spec.sidecar is not None else None
        if outbound is not None and outbound.mode == "ALLOW_ANY":
            yield Way(ANYBODY)
            return
        root = self._platform.target.root_namespace
        yield Way(ANYBODY, DNS)
        yield Way((Peer(root),), _tcp((ISTIOD,)))
        if service.ports:
            yield Way(_pods_of(service), _targets(service.ports))
        if service.spec.rbac:
            yield Way(ANYBODY, _tcp(API_SERVER))
        for call, where in self._calls(service):
            yield from self._called(call, where, service.namespace)
        for provider in self._platform.spec.providers.values():
            for one in vars(provider).values():
                if one is not None:
                    yield self._to_provider(one.service, one.port)

    def _calls(self, service: Service) -> Iterator[tuple[SharedCall, str]]:
        spec, namespace = self._platform.spec, service.namespace
        yield from ((call, namespace) for call in service.spec.calls)
        yield from ((call, self._platform.target.root_namespace) for call in spec.calls)
        shared = spec.namespaces.get(namespace)
        yield from ((call, namespace) for call in (shared.calls if shared is not None else ()))

    def _called(self, call: SharedCall, where: str, caller: str) -> Iterator[Way]:
        outside, name = external(call), getattr(call, "gateway", None)
        gateway = next((one for one in self._platform.gateways if one.name == name), None)
        if gateway is not None:
            yield Way(_of_gateway(gateway))  # its Service's ports lead to others of its pods
        elif outside is not None:
            owner = self._directory.owner(outside[0], where)
            yield Way(ANYBODY, _tcp((outside[1].target,))) if owner is None else _to_outside(owner)
        elif call.service is not None:
            yield from self._to_service(*split(call.service, where))
        else:
            for namespace, _ in called(call, where, self._domain, self._directory, caller):
                yield Way((Peer(namespace),))

    def _to_service(self, name: str, namespace: str) -> Iterator[Way]:
        """To a service of the mesh, and to where its own routes lead: it is the caller's proxy that follows them."""
        other = self._index.get((name, namespace))
        yield self._to_pods(name, namespace)
        if other is None:
            return
        for host in _led_to((*other.http, *other.tcp, *other.tls)):
            yield from self._to_host(host, namespace)
        for delegate in {rule.delegate for rule in other.http if rule.delegate is not None}:
            taken = self._index.get(delegate)
            for host in _led_to(taken.delegated) if taken is not None else ():
                yield from self._to_host(host, delegate[1])

    def _to_host(self, host: str, namespace: str) -> Iterator[Way]:
        if host.endswith(f".svc.{self._domain}"):
            name, _, where = host.removesuffix(f".svc.{self._domain}").partition(".")
            yield self._to_pods(name, where)
            return
        owner = self._directory.owner(host, namespace)
        if owner is not None:
            yield _to_outside(owner)
            return
        entries = [entry for one in self._index.values() if one.namespace == namespace for entry in one.external]
        entries += self._platform.declares(namespace).values()
        ports = sorted({port.target for entry in entries if entry.host == host for port in entry.ports})
        if ports:
            yield Way(ANYBODY, _tcp(ports))

    def _to_pods(self, name: str, namespace: str) -> Way:
        other, listed = self._index.get((name, namespace)), self._platform.catalog.get((name, namespace))
        if other is not None and other.outside is not None:
            return _to_outside(other)
        ports = other.ports if other is not None else listed.ports if listed is not None else ()
        return Way(self._pods(name, namespace), _targets(ports))

    def _to_provider(self, service: str, port: int) -> Way:
        """A provider's pods are known by their namespace only; one outside of the cluster by its port."""
        namespace, host = provided(service.rpartition("/")[2], self._domain)
        return Way((Peer(namespace),)) if host.endswith(f".svc.{self._domain}") else Way(ANYBODY, _tcp((port,)))


def _open(peers: list[tuple[Peer, ...]], ports: tuple[tuple[int, str], ...]) -> Iterator[Way]:
    """One way for each peer; one for anybody where nobody is named, or somebody who is known by no address."""
    if not peers or not all(peers):
        yield Way(ANYBODY, ports)
    else:
        yield from (Way((peer,), ports) for found in peers for peer in found)


def _named(source: Fields, namespace: str) -> tuple[Peer, ...]:
    """Callers by the namespaces or addresses that a source names: what else it says only leaves some of them out."""
    found = {Peer(one if "*" not in one else "") for one in source.get("namespaces", ())}
    for identity in source.get("principals", ()):
        where = identity.partition("/ns/")[2].partition("/")[0]
        found.add(Peer(where if "*" not in where else ""))
    for account in source.get("serviceAccounts", ()):
        found.add(Peer(account.rpartition("/")[0] or namespace))
    if not found:
        found = {Peer(block=block) for block in map(_block, source.get("ipBlocks", ()))}
    return tuple(sorted(found))


def _block(text: str) -> str:
    return text if "/" in text else f"{text}/{128 if ':' in text else 32}"


def _asked(service: Service, rule: Access) -> tuple[tuple[int, str], ...]:
    """The container ports that a rule is for."""
    if not rule.to or not all(operation.ports for operation in rule.to):
        return _targets(service.ports)
    named = [service.port(name) for operation in rule.to for name in operation.ports]
    return _targets(port for port in named if port is not None)


def _granted(grant: Grant) -> tuple[tuple[int, str], ...]:
    """The container ports that a grant is for; none where it is for all."""
    if not all(one.get("ports") for one in grant.operations):
        return ()
    return _tcp(sorted({int(port) for one in grant.operations for port in one["ports"]}))


def _to_outside(owner: Service) -> Way:
    """To a host that a service declares, wherever it is; its endpoints may have other ports."""
    spec = owner.outside.spec if owner.outside is not None else None
    own = [number for one in spec.endpoints for number in one.ports.values()] if spec is not None else []
    return Way(ANYBODY, tuple(sorted({*_targets(owner.ports), *_tcp(own)})))


def _led_to(rules: Iterable[HttpRule | StreamRule]) -> set[str]:
    """The hosts that rules send requests and connections to."""
    found = set[str]()
    for rule in rules:
        found.update(one.host for one in rule.destinations)
        found.update(one.destination.host for one in getattr(rule, "mirrors", ()))
    return found
