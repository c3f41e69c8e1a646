"""Checks of traffic policies: what Istio's webhook refuses or warns of, said at the place in the spec.

istio pkg/config/validation/validation.go, validateTrafficPolicy and what it calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.context.model import Context, Service

if TYPE_CHECKING:
    from cmp.spec.policy import ClientTls, ConnectionPool, LoadBalancer, LocalityLbSetting, OutlierDetection, PortPolicy


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


def check_policies(context: Context) -> Iterator[Finding]:
    """What the fields of a policy say about each other."""
    for held in _held(context):
        owner, policy, path = held
        for key, look in (
            ("loadBalancer", _load_balancer),
            ("connectionPool", _connection_pool),
            ("outlierDetection", _outliers),
            ("tls", _tls),
        ):
            value = getattr(policy, key)
            if value is None:
                continue
            if not any(vars(value).values()):
                yield Finding("MS102", owner, (*path, key), f'"{key}" is empty', "say something in it, or leave it out")
            for below, message, help in look(value):
                yield Finding("MS218", owner, (*path, key, *below), message, help)
        balancer = policy.loadBalancer
        if balancer is not None and _fails_over(balancer.localityLbSetting) and not _detects(owner, policy):
            at = (*path, "loadBalancer", "localityLbSetting")
            message = "without outlierDetection no pod is ever found failing, so nothing fails over"
            yield Finding("MS218", owner, at, message, "add outlierDetection: {consecutive5xxErrors: 5}")


Said = tuple[tuple[Step, ...], str, str]


def _fails_over(setting: LocalityLbSetting | None) -> bool:
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
        size = hashed.maglev.tableSize if hashed.maglev else None
        if size is not None and not _prime(size):
            yield ("consistentHash", "maglev", "tableSize"), f"{size} is not a prime below 5000011", "write 65537"
    setting = spec.localityLbSetting
    if setting is not None:
        yield from _locality(setting)


REGION = "topology.kubernetes.io/region"


def _locality(setting: LocalityLbSetting) -> Iterator[Said]:
    for index, share in enumerate(setting.distribute):
        total = sum(share.to.values())
        if total != 100 or 0 in share.to.values():
            yield (
                ("localityLbSetting", "distribute", index, "to"),
                f"the shares sum to {total}, each at least 1; they have to sum to 100",
                "make them sum to 100",
            )
    if setting.failover and REGION in setting.failoverPriority:
        at: tuple[Step, ...] = ("localityLbSetting", "failoverPriority", setting.failoverPriority.index(REGION))
        yield at, "failover says already which region comes next", "leave the region out"
    for index, one in enumerate(setting.failover):
        if one.from_ == one.to:
            yield ("localityLbSetting", "failover", index, "to"), "a region cannot take over for itself", "name another"


def _prime(number: int) -> bool:
    return 1 < number < 5_000_011 and all(number % divisor for divisor in range(2, int(number**0.5) + 1))


def _connection_pool(spec: ConnectionPool) -> Iterator[Said]:
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
    if spec.mode in ("DISABLE", "ISTIO_MUTUAL") and (files or spec.credentialName):
        yield ("mode",), f"mode {spec.mode} takes no certificates", "leave them out"
    if spec.credentialName and files:
        yield (files[0],), f"{files[0]} and credentialName exclude each other", "keep one"
    if spec.mode == "MUTUAL" and not spec.credentialName and not {"clientCertificate", "privateKey"} <= set(files):
        yield (
            ("mode",),
            "MUTUAL needs a certificate of its own",
            "add credentialName, or clientCertificate and privateKey",
        )
    if spec.mode in ("SIMPLE", "MUTUAL") and not spec.credentialName and spec.caCertificates is None:
        message = "without caCertificates whoever answers is believed"
        yield ("mode",), message, "add caCertificates: /etc/ssl/certs/ca-certificates.crt"


def check_gates(context: Context) -> Iterator[Finding]:
    """Fields that the platform's Istio does not know yet (Istio's CRDs of each release)."""
    for held in _held(context):
        hashed = held.policy.loadBalancer.consistentHash if held.policy.loadBalancer else None
        cookie = hashed.httpCookie if hashed else None
        used: dict[tuple[int, int], tuple[Step, ...]] = {}
        if getattr(held.policy, "retryBudget", None) is not None:
            used[1, 27] = ("retryBudget",)
        if cookie is not None and cookie.attributes:
            used[1, 28] = ("loadBalancer", "consistentHash", "httpCookie", "attributes")
        for release, below in used.items():
            if held.owner.target.istio < release:
                have, want = (".".join(map(str, version)) for version in (held.owner.target.istio, release))
                message = f'Istio {have} does not know "{below[-1]}": it came with {want}'
                help = "leave it out, or raise istio.version of the platform when the mesh has it"
                yield Finding("MS212", held.owner, (*held.path, *below), message, help, True)
