"""Checks of the kinds of workloads: what one kind has and another has not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step, every_version
from cmp.context.model import Context, Service
from cmp.context.releases import UNAVAILABLE_STATEFUL
from cmp.context.running import NO_PODS, SINGLE

if TYPE_CHECKING:
    from cmp.spec.kinds import RollingUpdate, Strategy

_PODS = ("Deployment", "StatefulSet", "DaemonSet")
_STATEFUL, _MACHINES = ("StatefulSet",), ("WorkloadGroup",)
#: The kinds that have a field of `workload`; what is not listed, all have.
FIELDS: dict[str, tuple[str, ...]] = {
    "minReadySeconds": _PODS,
    "revisionHistoryLimit": _PODS,
    "progressDeadlineSeconds": ("Deployment",),
    "podManagementPolicy": _STATEFUL,
    "persistentVolumeClaimRetentionPolicy": _STATEFUL,
    "ordinals": _STATEFUL,
    "network": _MACHINES,
    "locality": _MACHINES,
    "weight": _MACHINES,
}
#: The same of `strategy`: its types, and its amounts.
TYPES = {"Recreate": ("Deployment",), "OnDelete": ("StatefulSet", "DaemonSet")}
AMOUNTS = {"maxSurge": ("Deployment", "DaemonSet"), "partition": _STATEFUL}
#: Characters of a StatefulSet's name: its pods have it with a revision of ten more in a label, which has 63
#: (kubernetes pkg/controller/history, ControllerRevisionName).
LONGEST = 52


def check_kinds(context: Context) -> Iterator[Finding]:
    """What is said of a workload, its kind has: Kubernetes would drop the rest in silence."""
    for service in context.services:
        spec = service.spec.workload if service.facts.runs != "jobs" else None
        kind = service.facts.kind or "WorkloadGroup"
        for key, kinds in FIELDS.items() if spec is not None and service.facts.ours else ():
            if getattr(spec, key) is not None and kind not in kinds:
                message = f'"{key}" is for {_plural(kinds)}, and this is a {kind}'
                yield Finding("MS221", service, ("workload", key), message, f"leave it out{_or_choose(kinds)}", True)
        if kind == "Deployment" and spec is not None:
            ready, deadline = spec.minReadySeconds or 0, spec.progressDeadlineSeconds or 600
            if ready >= deadline:
                message = f"a pod has to be ready for {ready} s, and the roll has failed after {deadline} s"
                path = ("workload", "minReadySeconds")
                yield Finding("MS104", service, path, message, "make progressDeadlineSeconds longer")
        if kind == "DaemonSet":
            yield from _of_nodes(service)


def _plural(kinds: tuple[str, ...]) -> str:
    return "pods" if kinds == _PODS else " and ".join(f"{kind}s" for kind in kinds)


def _or_choose(kinds: tuple[str, ...]) -> str:
    return f", or write kind: {kinds[0]}" if len(kinds) == 1 else ""


def _of_nodes(service: Service) -> Iterator[Finding]:
    """How many pods a DaemonSet has, and where they are, the nodes say."""
    for version in service.versions:
        path: tuple[Step, ...] = ("versions", version.name)
        if version.spec.replicas is not None:
            message = "a DaemonSet has as many pods as there are nodes for them"
            help = "leave it out, and choose the nodes: pod: {nodeSelector: {disk: ssd}}"
            yield Finding("MS221", service, (*path, "replicas"), message, help)
        if version.spec.podDisruptionBudget is not None:
            message = "a drain leaves the pods of a DaemonSet where they are"
            yield Finding("MS221", service, (*path, "podDisruptionBudget"), message, "leave it out", True)
        pod = version.spec.pod
        if pod is not None and pod.topologySpreadConstraints:
            at = (*path, "pod", "topologySpreadConstraints")
            message = "a DaemonSet has a pod on each node: there is nothing to spread"
            yield Finding("MS221", service, at, message, "leave it out, or take a default back with null")


def check_single(context: Context) -> Iterator[Finding]:
    """A StatefulSet and a DaemonSet have one version: two would share names and nodes."""
    for service in context.services:
        if service.facts.kind in SINGLE and len(service.versions) > 1:
            names = " and ".join(f'"{version.name}"' for version in service.versions[:2])
            message = f"a {service.facts.kind} has one version, and here are {names}"
            help = "keep one and let it roll, or make the other a service, to which routes can lead: destinations"
            yield Finding("MS221", service, ("versions",), message, help, True)


def check_names(context: Context) -> Iterator[Finding]:
    """A StatefulSet has pods only if its name leaves room for what is added to it."""
    for service in context.services:
        if service.facts.kind == "StatefulSet" and len(service.name) > LONGEST:
            message = f'name "{service.name}" has {len(service.name)} characters; pods of a StatefulSet allow {LONGEST}'
            yield Finding("MS206", service, ("metadata", "name"), message, "shorten it")


def check_strategies(context: Context) -> Iterator[Finding]:
    """Pods are replaced in a way that the kind knows, and in which a roll can move."""
    for service, version, path in every_version(context):
        strategy, kind = version.spec.strategy, service.facts.kind
        if strategy is None or not kind:
            continue
        at = (*path, "strategy")
        allowed = TYPES.get(strategy.type or "", _PODS)
        if kind not in allowed:
            message = f'"{strategy.type}" is for {_plural(allowed)}, and this is a {kind}'
            instead = "OnDelete" if kind in TYPES["OnDelete"] else "Recreate"
            yield Finding("MS221", service, (*at, "type"), message, f"write RollingUpdate or {instead}")
        if strategy.rollingUpdate is not None:
            yield from _roll(service, strategy.rollingUpdate, (*at, "rollingUpdate"))
        keeps = strategy.rollingUpdate.partition if strategy.rollingUpdate is not None else None
        if version.config is not None and kind in SINGLE and (keeps or strategy.type == "OnDelete"):
            message = "pods that keep an older revision would start again without its files: these go with the sync"
            help = "let all pods roll, or put the files into the image"
            yield Finding("MS221", service, (*path, "config"), message, help, True)
        if kind == "StatefulSet":
            yield from _one_by_one(service, strategy, (*at, "rollingUpdate", "maxUnavailable"))


def _roll(service: Service, rolling: RollingUpdate, at: tuple[Step, ...]) -> Iterator[Finding]:
    kind = service.facts.kind
    wrong = [key for key, kinds in AMOUNTS.items() if getattr(rolling, key) is not None and kind not in kinds]
    for key in wrong:
        message = f'"{key}" is for {_plural(AMOUNTS[key])}, and this is a {kind}'
        yield Finding("MS221", service, (*at, key), message, "leave it out, or write strategy: RollingUpdate", True)
    for key in ("maxSurge", "maxUnavailable"):
        share = getattr(rolling, key) or "0"
        # More pods than all may be added to a Deployment, though no more be missing.
        if share.endswith("%") and int(share[:-1]) > 100 and (key, kind) != ("maxSurge", "Deployment"):
            yield Finding("MS104", service, (*at, key), f"{share} is more than 100%", "write 100% or less")
    surge, unavailable = rolling.maxSurge, rolling.maxUnavailable
    if wrong or kind == "StatefulSet":
        return
    if surge in NO_PODS and (unavailable in NO_PODS or (unavailable is None and kind == "Deployment")):
        message = "with maxSurge and maxUnavailable of 0 no pod can be replaced"
        yield Finding("MS104", service, at, message, "add maxUnavailable: 1, or leave maxSurge out")
    if kind == "DaemonSet" and not {surge, unavailable} & {None, *NO_PODS}:
        message = "a DaemonSet adds pods, or goes without some: Kubernetes takes one of the two"
        yield Finding("MS104", service, at, message, "keep maxSurge or maxUnavailable")


def _one_by_one(service: Service, strategy: Strategy, at: tuple[Step, ...]) -> Iterator[Finding]:
    """How many pods of a StatefulSet are replaced at once."""
    unavailable = strategy.rollingUpdate.maxUnavailable if strategy.rollingUpdate is not None else None
    if unavailable in NO_PODS:
        message = "with maxUnavailable of 0 no pod of a StatefulSet can be replaced"
        yield Finding("MS104", service, at, message, "write 1, or leave it out")
    elif unavailable is not None and service.target.kubernetes < UNAVAILABLE_STATEFUL.release:
        have, want = (".".join(map(str, one)) for one in (service.target.kubernetes, UNAVAILABLE_STATEFUL.release))
        message = f"Kubernetes {have} replaces pods of a StatefulSet one by one: maxUnavailable came with {want}"
        help = "leave it out, or raise istio.kubernetes of the platform when the cluster has it"
        yield Finding("MS212", service, at, message, help, True)


def check_retention(context: Context) -> Iterator[Finding]:
    """What is said of the claims of a StatefulSet's pods is said of some."""
    for service in context.services:
        spec = service.spec.workload
        claims = any(one.size for version in service.versions for one in version.spec.volumes.values())
        policy = spec.persistentVolumeClaimRetentionPolicy if spec is not None else None
        if policy is not None and service.facts.kind == "StatefulSet" and not claims:
            path = ("workload", "persistentVolumeClaimRetentionPolicy")
            message = "no volume has a size, so the pods have no claims of their own"
            yield Finding("MS221", service, path, message, "leave it out, or add volumes: {/data: {size: 10Gi}}", True)
