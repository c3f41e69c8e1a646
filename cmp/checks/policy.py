"""Checks of traffic policies: what Istio's webhook refuses or warns of, said at the place in the spec.

istio pkg/config/validation/validation.go, validateTrafficPolicy and what it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.context.egress import AUTHORITIES
from cmp.context.model import HTTP_PROTOCOLS, Context, Service
from cmp.context.outside import ENCRYPTED

if TYPE_CHECKING:
    from cmp.spec.balancing import LoadBalancer, LocalityLbSetting, ZoneAwareLbSetting
    from cmp.spec.policy import ClientTls, ConnectionPool, OutlierDetection, PortPolicy


class Held(NamedTuple):
    """A policy and where it stands."""

    owner: Service
    policy: PortPolicy
    path: tuple[Step, ...]


def _held(context: Context) -> Iterator[Held]:
    for service in context.services:
        yield Held(service, service.spec, ())
        for version in service.versions:
            yield Held(service, version.spec, ("versions", version.name))
        for name, port in service.spec.ports.items():
            yield Held(service, port, ("ports", name))


PORT_KEYS = ("loadBalancer", "connectionPool", "outlierDetection", "tls")
#: What a port's own policy hides, since it cannot say it.
WHOLE_KEYS = ("retryBudget", "proxyProtocol", "tunnel")


def check_policies(context: Context) -> Iterator[Finding]:
    """What the fields of a policy say about each other."""
    for held in _held(context):
        owner, policy, path = held
        for key in (*PORT_KEYS, *WHOLE_KEYS):
            value = getattr(policy, key, None)
            for empty in empty_parts(value, ()):
                message = f'"{(key, *empty)[-1]}" is empty'
                yield Finding("MS102", owner, (*path, key, *empty), message, "say something in it, or leave it out")
            for below, message, help in LOOKS[key](value) if value is not None and key in LOOKS else ():
                yield Finding("MS218", owner, (*path, key, *below), message, help)
        tls = policy.tls
        if tls is not None and tls.mode in ENCRYPTED and tls.caCertificates is None and owner.outside is None:
            message = "without caCertificates whoever answers is believed"
            yield Finding("MS218", owner, (*path, "tls", "mode"), message, f"add caCertificates: {AUTHORITIES}")
        balancer = policy.loadBalancer
        for key in ("localityLbSetting", "zoneAwareLbSetting"):
            if _fails_over(getattr(balancer, key, None)) and not _detects(owner, policy):
                at = (*path, "loadBalancer", key)
                message = "without outlierDetection no pod is ever found failing, so nothing fails over"
                yield Finding("MS218", owner, at, message, "add outlierDetection: {consecutive5xxErrors: 5}")


def empty_parts(value: Any, path: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    """The parts of a policy that say nothing: Istio's webhook refuses most of them."""
    if not hasattr(value, "__pydantic_fields_set__"):
        return
    written = {key: child for key, child in vars(value).items() if child not in (None, (), {})}
    if not written and path[-1:] != ("ringHash",):  # which chooses the algorithm by being there
        yield path
    for key, child in written.items():
        yield from empty_parts(child, (*path, key))


Said = tuple[tuple[Step, ...], str, str]


def _fails_over(setting: LocalityLbSetting | ZoneAwareLbSetting | None) -> bool:
    return setting is not None and bool(setting.failover or setting.failoverPriority)


def _detects(owner: Service, policy: PortPolicy) -> bool:
    return policy.outlierDetection is not None or owner.spec.outlierDetection is not None


def _load_balancer(spec: LoadBalancer) -> Iterator[Said]:
    hashed = spec.consistentHash
    if spec.warmup is not None and (hashed is not None or spec.simple in ("RANDOM", "PASSTHROUGH")):
        yield ("warmup",), "warmup needs LEAST_REQUEST or ROUND_ROBIN", "choose one of these, or leave warmup out"
    if hashed is not None:
        if hashed.ringHash is not None and hashed.maglev is not None:
            yield ("consistentHash", "maglev"), "ringHash and maglev exclude each other", "keep one"
        if hashed.useSourceIp is False:
            yield ("consistentHash", "useSourceIp"), "useSourceIp: false decides nothing", "write true, or another key"
        names = [one.name for one in hashed.httpCookie.attributes] if hashed.httpCookie else []
        if len(set(names)) < len(names):
            yield ("consistentHash", "httpCookie", "attributes"), "an attribute is given twice", "keep one of each"
        size = hashed.maglev.tableSize if hashed.maglev else None
        if size is not None and not _prime(size):
            yield ("consistentHash", "maglev", "tableSize"), f"{size} is not a prime below 5000011", "write 65537"
    setting, zones = spec.localityLbSetting, spec.zoneAwareLbSetting
    if setting is not None:
        yield from _locality(setting)
    if zones is not None:
        yield from _zones(zones)
    if setting is not None and zones is not None:
        yield ("zoneAwareLbSetting",), "localityLbSetting and zoneAwareLbSetting exclude each other", "keep one"


#: Labels of a place: failover says already in what order places take over.
PLACES = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone")


def _locality(setting: LocalityLbSetting) -> Iterator[Said]:
    root: tuple[Step, ...] = ("localityLbSetting",)
    for index, share in enumerate(setting.distribute):
        at = (*root, "distribute", index)
        total = sum(share.to.values())
        if total != 100 or 0 in share.to.values():
            yield (
                (*at, "to"),
                f"the shares sum to {total}, each at least 1; they have to sum to 100",
                "make them sum to 100",
            )
        if any(_same_place(share.from_, other.from_) for other in setting.distribute[:index]):
            yield (*at, "from"), f'"{share.from_}" is part of another entry', "let the places be disjoint"
        listed = list(share.to)
        for position, place in enumerate(listed):
            if any(_same_place(place, other) for other in listed[:position]):
                yield (*at, "to", place), f'"{place}" is part of another share', "let the places be disjoint"
    for index, label in enumerate(setting.failoverPriority):
        if setting.failover and label in PLACES:
            message = f"failover says already which place comes next: {label}"
            yield (*root, "failoverPriority", index), message, "leave it out"
    for index, one in enumerate(setting.failover):
        if one.from_ == one.to:
            yield (*root, "failover", index, "to"), "a region cannot take over for itself", "name another"


def _zones(setting: ZoneAwareLbSetting) -> Iterator[Said]:
    root: tuple[Step, ...] = ("zoneAwareLbSetting",)
    for index, label in enumerate(setting.failoverPriority):
        if label in PLACES:
            message = f"places count already where zones do: {label}"
            yield (*root, "failoverPriority", index), message, "leave it out"
    for index, one in enumerate(setting.failover):
        if one.from_ == one.to:
            yield (*root, "failover", index, "to"), "a region cannot take over for itself", "name another"


def _same_place(one: str, other: str) -> bool:
    """Whether two localities overlap: equal as far as both are written, where ``*`` is whatever follows."""
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return all(a == b or "*" in (a, b) for a, b in pairs)


def _prime(number: int) -> bool:
    return 1 < number < 5_000_011 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def connection_pool(spec: ConnectionPool) -> Iterator[Said]:
    """What the fields of a pool say about each other."""
    http = spec.http
    if http is not None and http.useClientProtocol and http.h2UpgradePolicy == "UPGRADE":
        message = "useClientProtocol and h2UpgradePolicy: UPGRADE exclude each other"
        yield ("http", "useClientProtocol"), message, "keep one"


def _outliers(spec: OutlierDetection) -> Iterator[Said]:
    if spec.consecutiveLocalOriginFailures and not spec.splitExternalLocalOriginErrors:
        message = "consecutiveLocalOriginFailures counts only beside splitExternalLocalOriginErrors: true"
        yield ("consecutiveLocalOriginFailures",), message, "add it, or leave this out"


def _tls(spec: ClientTls) -> Iterator[Said]:
    files = [key for key in ("clientCertificate", "privateKey", "caCertificates") if getattr(spec, key) is not None]
    if spec.mode is None:
        yield ("mode",), "tls needs a mode", "DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL"
    if spec.mode in ("DISABLE", "ISTIO_MUTUAL") and files:
        yield (files[0],), f"mode {spec.mode} takes no certificates", "leave it out"
    if spec.mode == "MUTUAL" and not {"clientCertificate", "privateKey"} <= set(files):
        yield ("mode",), "MUTUAL needs a certificate", "add clientCertificate and privateKey"


LOOKS: dict[str, Callable[[Any], Iterator[Said]]] = {
    "loadBalancer": _load_balancer,
    "connectionPool": connection_pool,
    "outlierDetection": _outliers,
    "tls": _tls,
}


def check_ports_and_versions(context: Context) -> Iterator[Finding]:
    """What Istio does where host, port and version each have a policy, and what it silently leaves out.

    A port's policy hides the host's retryBudget and proxyProtocol; a version's field holds on every port
    (istio pilot/pkg/networking/util/util.go, GetPortLevelTrafficPolicy and MergeTrafficPolicy).
    """
    for service in context.services:
        for name, port in service.spec.ports.items():
            own = [key for key in PORT_KEYS if getattr(port, key) is not None]
            for key in WHOLE_KEYS if own else ():
                if getattr(service.spec, key) is not None:
                    message = f'the service\'s {key} does not reach port "{name}", which has a policy of its own'
                    help = f"write {key} in each version instead"
                    yield Finding("MS218", service, ("ports", name, own[0]), message, help, True)
            for version in service.versions:
                for key in own:
                    if getattr(version.spec, key) is not None:
                        message = f'version "{version.name}" and port "{name}" both say {key}: the version would win'
                        path = ("versions", version.name, key)
                        yield Finding("MS218", service, path, message, "say it in one of the two", True)


def check_tls_fits(context: Context) -> Iterator[Finding]:
    """What callers' proxies speak is what the service's proxy takes."""
    for held in _held(context):
        service, policy, path = held
        if not service.facts.mtls:
            continue  # what is spoken there is not decided here
        ports = [port for port in service.ports if path[:1] != ("ports",) or port.name == path[1]]
        modes = {_mode(service, port.name) for port in ports}
        tls = policy.tls.mode if policy.tls is not None else None
        if tls in ("DISABLE", "SIMPLE", "MUTUAL") and "STRICT" in modes:
            message = f"callers would speak {tls}, and mtls is STRICT here: nobody would get in"
            yield Finding("MS218", service, (*path, "tls", "mode"), message, "leave tls out, or set mtls for the port")
        if tls == "ISTIO_MUTUAL" and "DISABLE" in modes:
            message = "callers would speak mutual TLS, and mtls is DISABLE here"
            yield Finding("MS218", service, (*path, "tls", "mode"), message, "leave tls out")
        streams = all(port.protocol not in HTTP_PROTOCOLS for port in ports)
        if getattr(policy, "proxyProtocol", None) is not None and not (streams and modes == {"DISABLE"}):
            message = "the PROXY header is for TCP ports with mtls: DISABLE: the service's own proxy does not read it"
            yield Finding("MS218", service, (*path, "proxyProtocol"), message, "leave it out")
        if getattr(policy, "tunnel", None) is not None:
            if not any(port.protocol not in HTTP_PROTOCOLS for port in ports):
                message = "a tunnel is for connections: no port here is a TCP or TLS port"
                yield Finding("MS218", service, (*path, "tunnel"), message, "leave it out", True)
            if getattr(policy, "proxyProtocol", None) is not None:
                message = "tunnel and proxyProtocol exclude each other"
                yield Finding("MS105", service, (*path, "tunnel"), message, "keep one", True)


def _mode(service: Service, port: str) -> str:
    mtls = service.spec.mtls
    return "STRICT" if mtls is None else mtls.ports.get(port) or mtls.mode or "STRICT"
