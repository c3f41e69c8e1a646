"""Checks of the Service: what Kubernetes refuses, and what the mesh would make of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.access import asks_who
from cmp.checks.finding import Finding, Step
from cmp.context.model import Context, Grant, Port, Service
from cmp.context.names import protocol_of
from cmp.context.releases import DISTRIBUTION, DISTRIBUTION_SAME, Since

if TYPE_CHECKING:
    from cmp.spec.kubernetes_service import ServiceSpec

#: The types that somebody outside of the cluster reaches.
OUTSIDE = ("NodePort", "LoadBalancer")
#: The types that have a field (kubernetes pkg/apis/core/validation, validateService).
FIELDS: dict[str, tuple[str, ...]] = {
    "externalTrafficPolicy": OUTSIDE,
    "loadBalancerClass": ("LoadBalancer",),
    "loadBalancerSourceRanges": ("LoadBalancer",),
    "allocateLoadBalancerNodePorts": ("LoadBalancer",),
}
#: What Istio takes a word of Kubernetes for (istio pkg/config/kube, ConvertProtocol).
STANDARD = {
    "kubernetes.io/h2c": ("http2", "grpc"),
    "kubernetes.io/ws": ("http",),
    "kubernetes.io/wss": ("https",),
}


def check_services(context: Context) -> Iterator[Finding]:
    """The fields of a Service go together, and there is a Service that they are of."""
    for service in context.services:
        spec = service.spec.service
        if spec is None or not service.facts.ours or service.facts.runs == "jobs":
            continue
        if not service.ports:
            message = f'"{service.name}" has no ports, and so no Service'
            yield Finding("MS222", service, ("service",), message, "add port: 8080, or leave it out", True)
            continue
        kind = spec.type or "ClusterIP"
        for key, kinds in FIELDS.items():
            if getattr(spec, key) not in (None, ()) and kind not in kinds:
                message = f'"{key}" is for Services of type {" or ".join(kinds)}, and this is a {kind}'
                yield Finding(
                    "MS222", service, ("service", key), message, f"leave it out, or add type: {kinds[-1]}", True
                )
        for index, block in enumerate(spec.loadBalancerSourceRanges):
            if "/" not in block:
                path = ("service", "loadBalancerSourceRanges", index)
                yield Finding("MS104", service, path, f'"{block}" is one address', f"write {block}/{_bits(block)}")
        if kind in OUTSIDE and service.facts.runs == "machines":
            message = f"a {kind} leads to pods, and a WorkloadGroup is for machines"
            yield Finding("MS222", service, ("service", "type"), message, "publish them with expose: a host")
        yield from _affinity(service, spec, kind)
        yield from _families(service, spec)
        yield from _distribution(service, spec)


def _bits(address: str) -> int:
    return 128 if ":" in address else 32


def _affinity(service: Service, spec: ServiceSpec, kind: str) -> Iterator[Finding]:
    """Sticky by the cluster, which proxies get around."""
    if spec.sessionAffinity == "ClientIP" and kind not in OUTSIDE:
        message = "proxies choose pods by themselves, and do not ask for a Service's sessionAffinity"
        help = "write loadBalancer: {consistentHash: {useSourceIp: true}}"
        if service.facts.headless:
            message, help = "callers of a headless Service choose the pod by themselves", "leave it out"
        yield Finding("MS222", service, ("service", "sessionAffinity"), message, help)
    if spec.sessionAffinityConfig is not None and spec.sessionAffinity != "ClientIP":
        message = "sessionAffinityConfig is for sessionAffinity: ClientIP"
        yield Finding("MS222", service, ("service", "sessionAffinityConfig"), message, "leave it out", True)


def _families(service: Service, spec: ServiceSpec) -> Iterator[Finding]:
    """Addresses of two families need a policy that has both."""
    families, path = spec.ipFamilies, ("service", "ipFamilies")
    if len(set(families)) < len(families):
        yield Finding("MS104", service, path, "a family of addresses is named twice", "name it once")
    elif len(families) > 1 and spec.ipFamilyPolicy not in ("PreferDualStack", "RequireDualStack"):
        message = "addresses of both families are for two stacks"
        yield Finding("MS222", service, path, message, "add ipFamilyPolicy: PreferDualStack")


def _distribution(service: Service, spec: ServiceSpec) -> Iterator[Finding]:
    """Which values of ``trafficDistribution`` the cluster knows."""
    said = spec.trafficDistribution
    since: Since | None = None if said is None else DISTRIBUTION if said == "PreferClose" else DISTRIBUTION_SAME
    if since is None or service.target.kubernetes >= since.release:
        return
    have, want = (".".join(map(str, release)) for release in (service.target.kubernetes, since.release))
    message = f'Kubernetes {have} does not know trafficDistribution "{said}": it came with {want}'
    older = "write PreferClose" if service.target.kubernetes >= DISTRIBUTION.release else "leave it out"
    help = f"{older}, or raise istio.kubernetes of the platform when the cluster has it"
    yield Finding("MS212", service, ("service", "trafficDistribution"), message, help)


def check_callers_from_outside(context: Context) -> Iterator[Finding]:
    """Who comes in past the gateways has no identity: where only identities are let in, nobody gets in so."""
    for service in context.services:
        spec = service.spec.service
        if (
            spec is None
            or spec.type not in OUTSIDE
            or not service.facts.ours
            or not service.facts.pods
            or not service.ports
        ):
            continue
        if any(_unseen(service, port) for port in service.ports):
            continue
        plain = [port for port in service.ports if _mode(service, port) != "STRICT"]
        if not plain:
            message = f'what comes through a {spec.type} has no mutual TLS, and "{service.name}" takes nothing else'
            help = (
                "publish it with expose: a host; or write mtls: PERMISSIVE, and access by address: from: {ipBlocks: ..}"
            )
            yield Finding("MS222", service, ("service", "type"), message, help)
        elif all(_needs_identity(context, service, port) for port in plain):
            message = (
                f'what comes through a {spec.type} has no identity, and "{service.name}" lets nobody in without one'
            )
            help = "publish it with expose: a host; or add access by address: from: {ipBlocks: 10.0.0.0/8}"
            yield Finding("MS222", service, ("service", "type"), message, help)


def _unseen(service: Service, port: Port) -> bool:
    proxy = service.spec.proxy
    return proxy is not None and str(port.target) in proxy.excludeInboundPorts


def _mode(service: Service, port: Port) -> str:
    mtls = service.spec.mtls
    return "STRICT" if mtls is None else mtls.ports.get(port.name) or mtls.mode or "STRICT"


def _needs_identity(context: Context, service: Service, port: Port) -> bool:
    """Whether all rules that let somebody in at a port ask who that is."""
    around = context.platform.around(service.namespace) if context.platform is not None else ()
    granted: list[Grant] = [*service.grants, *(grant for one in around for grant in one.grants or ())]
    target = str(port.target)
    here = (one for one in granted if all(target in each.get("ports", (target,)) for each in one.operations))
    return all(asks_who(grant, target) for grant in here)


def check_node_ports(context: Context) -> Iterator[Finding]:
    """A port of the nodes is one Service's, and of a type that has some."""
    taken: dict[int, tuple[Service, str]] = {}
    for service in context.services:
        kind = (service.spec.service.type if service.spec.service is not None else None) or "ClusterIP"
        for name, port in service.spec.ports.items():
            if port.nodePort is None:
                continue
            path: tuple[Step, ...] = ("ports", name, "nodePort")
            if kind not in OUTSIDE:
                message = f"a Service of type {kind} opens no port of the nodes"
                yield Finding("MS222", service, path, message, "leave it out, or add service: NodePort", True)
            elif port.nodePort in taken:
                other, first = taken[port.nodePort]
                related = ((other, ("ports", first, "nodePort"), "the other one"),)
                message = f"port {port.nodePort} of the nodes is taken twice"
                yield Finding("MS207", service, path, message, "change one of the numbers", related=related)
            taken.setdefault(port.nodePort, (service, name))


def check_app_protocols(context: Context) -> Iterator[Finding]:
    """What a port's ``appProtocol`` says, Istio reads, and before the port's name: the two say the same."""
    for service in context.services:
        for port in service.ports:
            own = service.spec.ports.get(port.name)
            said = own.appProtocol if own is not None else None
            if said is None:
                continue
            found = STANDARD.get(said) or (protocol_of(said.lower()),)
            if port.protocol not in found:
                path: tuple[Step, ...] = ("ports", port.name, "appProtocol")
                what = (
                    f'takes appProtocol "{said}" for {found[0]}' if found[0] else f'does not know appProtocol "{said}"'
                )
                message = f"the port speaks {port.protocol}, and Istio {what}"
                yield Finding("MS205", service, path, message, f"write {_words(port.protocol)}, or leave it out")


def _words(protocol: str) -> str:
    return " or ".join([protocol, *(word for word, protocols in STANDARD.items() if protocol in protocols)])
