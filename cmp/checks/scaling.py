"""Checks of how many pods there are: ranges and what moves the number in them, and budgets that drains keep to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step, every_version
from cmp.context.model import Context, Service, Version
from cmp.context.releases import CONTAINER_METRICS, SCALE_TO_ZERO, TOLERANCE, Since
from cmp.context.running import SINGLE, fewest_pods, trigger_name
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.container import Resources
    from cmp.spec.scaling import Replicas, ScalingMetric, Trigger

Path = tuple[Step, ...]
#: What each kind of metric may be kept at (kubernetes pkg/apis/autoscaling/validation, validateMetricSpec).
TARGETS = {
    "resource": ("averageUtilization", "averageValue"),
    "containerResource": ("averageUtilization", "averageValue"),
    "pods": ("averageValue",),
    "object": ("value", "averageValue"),
    "external": ("value", "averageValue"),
}
#: Metrics that are there without pods.
WITHOUT_PODS = ("object", "external")
#: The proxy's container, which has requests by the mesh's configuration.
PROXY = "istio-proxy"


def ranges(context: Context) -> Iterator[tuple[Service, Version, Replicas, Path]]:
    """The versions whose number of pods moves."""
    for service, version, path in every_version(context):
        scale = version.spec.replicas
        if scale is not None and scale.count is None:
            yield service, version, scale, (*path, "replicas")


def check_replicas(context: Context) -> Iterator[Finding]:
    """A range has both ends, in order, and begins at 0 only where something is left to measure then."""
    for service, _, scale, at in ranges(context):
        if scale.max is None:
            yield Finding("MS213", service, at, "a range of replicas needs max", "write {min: 2, max: 10, cpu: 70%}")
        elif (scale.min or 1) > scale.max:
            message = f"replicas.min {scale.min} is more than replicas.max {scale.max}"
            yield Finding("MS213", service, (*at, "min"), message, "swap or change them")
        if scale.min == 0 and not scale.triggers:
            if not any(getattr(one, kind) for one in scale.metrics for kind in WITHOUT_PODS):
                message = "without pods there is no CPU, memory or metric of theirs: nothing would scale up from 0"
                yield Finding("MS213", service, (*at, "min"), message, "write min: 1, or add triggers (KEDA)")
            elif service.target.kubernetes < SCALE_TO_ZERO.release:
                help = "scale by triggers (KEDA), write min: 1, or raise istio.kubernetes of the platform"
                yield _too_old(
                    service, SCALE_TO_ZERO, "no HorizontalPodAutoscaler that scales to 0", (*at, "min"), help
                )


def check_requests(context: Context) -> Iterator[Finding]:
    """What is scaled by a share of a request has that request."""
    for service, version, scale, at in ranges(context):
        whole = service.target.kubernetes < CONTAINER_METRICS.release
        nothing = not (scale.memory or scale.metrics or scale.triggers)
        for name, target in (("cpu", scale.cpu or ("80%" if nothing else None)), ("memory", scale.memory)):
            if target is not None and target.endswith("%"):
                yield from _requests(service, version, name, None if whole else service.name, (*at, name))
        for index, metric in enumerate(scale.metrics):
            kind = "containerResource" if metric.containerResource is not None else "resource"
            source = metric.containerResource or metric.resource
            if source is None:
                continue
            container = getattr(source, "container", None)
            where = (*at, "metrics", index, kind)
            known = [service.name, *_containers(version), PROXY]
            if container is not None and container not in known:
                message = f'the pods of "{service.name}" have no container "{container}"'
                yield Finding("MS213", service, (*where, "container"), message, did_you_mean(container, known))
            elif source.target.averageUtilization is not None and container != PROXY:
                yield from _requests(service, version, source.name, container, where)


def _containers(version: Version) -> dict[str, Resources | None]:
    """The containers that run beside the service's own, with what they ask for."""
    pod = version.spec.pod
    if pod is None:
        return {}
    beside = {one.name or "": one.resources for one in pod.initContainers if one.restartPolicy is not None}
    return {**{name: one.resources for name, one in pod.containers.items()}, **beside}


def _requests(service: Service, version: Version, name: str, container: str | None, at: Path) -> Iterator[Finding]:
    """The request of one container, or of all where the whole pod is counted; a limit is a request too.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details
    """
    asked = {**_containers(version), service.name: version.spec.resources}
    for one in [container] if container is not None else sorted(asked):
        found = asked[one]
        blocks = (found.requests, found.limits) if found is not None else ()
        if not any(getattr(block, name) not in (None, "0") for block in blocks if block is not None):
            what = "CPU" if name == "cpu" else name
            who = "" if one == service.name else f' in container "{one}"'
            message = f"scaling by {what} needs a {what} request{who}: utilization is a share of it"
            help = f"add resources: {{{name}: {'100m' if name == 'cpu' else '128Mi'}}}"
            yield Finding("MS213", service, at, message, help)


def check_metrics(context: Context) -> Iterator[Finding]:
    """A metric is kept at what its kind can be kept at, and KEDA keeps none."""
    for service, _, scale, at in ranges(context):
        if scale.metrics and scale.triggers:
            message = '"metrics" and "triggers" exclude each other: KEDA knows triggers only'
            yield Finding("MS105", service, (*at, "metrics"), message, "write them as triggers (prometheus, ..)", True)
        for index, metric in enumerate(scale.metrics):
            yield from _target(service, metric, (*at, "metrics", index))
        for way in ("scaleUp", "scaleDown"):
            rules = getattr(scale.behavior, way, None)
            if rules is not None and rules.tolerance is not None and service.target.kubernetes < TOLERANCE.release:
                where = (*at, "behavior", way, "tolerance")
                yield _too_old(service, TOLERANCE, "no tolerance of an autoscaler", where, "leave it out")


def _target(service: Service, metric: ScalingMetric, at: Path) -> Iterator[Finding]:
    for kind, allowed in TARGETS.items():
        source = getattr(metric, kind)
        for key in ("value", "averageValue", "averageUtilization"):
            if source is not None and key not in allowed and getattr(source.target, key) is not None:
                message = f'a metric of the kind "{kind}" is not kept at "{key}"'
                help = f"write {' or '.join(allowed)}"
                yield Finding("MS213", service, (*at, kind, "target", key), message, help, True)


def _too_old(service: Service, since: Since, what: str, at: Path, help: str) -> Finding:
    have, came = (".".join(map(str, version)) for version in (service.target.kubernetes, since.release))
    return Finding("MS212", service, at, f"Kubernetes {have} has {what}: it came with {came}", help, True)


def check_budgets(context: Context) -> Iterator[Finding]:
    """A disruption budget lets a drain go on: it never asks for all pods that there may be.

    Kubernetes rounds shares of pods up
    (https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages).
    """
    for service, version, path in every_version(context):
        own = version.spec.podDisruptionBudget
        for key in ("maxUnavailable", "minAvailable"):
            written = getattr(own, key, None)
            if written is None:
                continue
            at, least = (*path, "podDisruptionBudget", key), fewest_pods(version)
            share = int(written.removesuffix("%"))
            if written.endswith("%") and share > 100:
                yield Finding("MS104", service, at, f"{written} is more than 100%", "write 100% or less")
                continue
            needed = -(-share * max(least, 1) // 100) if written.endswith("%") else share
            if key == "maxUnavailable" and share == 0:
                yield Finding(
                    "MS227", service, at, "no pod may ever be missing: every drain waits for it", "write 1 or more"
                )
            elif key == "minAvailable" and needed >= max(least, 1):
                pods = f"{least} pods" if least > 1 else "1 pod"
                message = f"minAvailable {written} of {pods} leaves none that may be missing: every drain waits"
                help = "write maxUnavailable: 1, or have more pods"
                yield Finding("MS227", service, at, message, help)


def check_triggers(context: Context) -> Iterator[Finding]:
    """Triggers are what KEDA takes (keda apis/keda/v1alpha1, scaledobject_webhook.go and scaletriggers_types.go)."""
    for service, version, scale, at in ranges(context):
        if not scale.triggers:
            yield from _of_keda(service, scale, at)
            continue
        yield from _keda_name(service, version, at)
        yield from _names(service, scale, at)
        for index, trigger in enumerate(scale.triggers):
            where = (*at, "triggers", index)
            if trigger.type in ("cpu", "memory"):
                message = f"{trigger.type} is not a trigger here: it stands beside them"
                help = f"write {trigger.type}: 70% under replicas"
                yield Finding("MS213", service, (*where, "type"), message, help)
            elif trigger.type == "cron" and trigger.useCachedMetrics:
                message = "useCachedMetrics is not for cron, which asks nobody"
                yield Finding("MS213", service, (*where, "useCachedMetrics"), message, "leave it out", True)
            yield from _variables(service, version, trigger, where)
            yield from _authentication(service, trigger, where)
        yield from _idle(service, scale, at)


#: What KEDA alone knows.
OF_KEDA = ("pollingInterval", "cooldownPeriod", "initialCooldownPeriod", "idleReplicaCount", "fallback")


def _of_keda(service: Service, scale: Replicas, at: Path) -> Iterator[Finding]:
    for key in OF_KEDA:
        if getattr(scale, key) is not None:
            message = f'"{key}" is for triggers, which KEDA looks at, and there are none'
            yield Finding("MS218", service, (*at, key), message, "add triggers, or leave it out", True)


def _keda_name(service: Service, version: Version, at: Path) -> Iterator[Finding]:
    """KEDA's HorizontalPodAutoscaler has a longer name, which is a label too."""
    longest = LONGEST - len(KEDA_HPA)
    name = service.name if service.facts.kind in SINGLE else f"{service.name}-{version.name}"
    if len(name) > longest:
        message = f'"{name}" has {len(name)} characters; what KEDA makes of it allows {longest}'
        yield Finding("MS206", service, (*at, "triggers"), message, "shorten the name of the service or the version")


#: What KEDA writes before the name of a ScaledObject, and the characters of a label.
KEDA_HPA, LONGEST = "keda-hpa-", 63


def _names(service: Service, scale: Replicas, at: Path) -> Iterator[Finding]:
    """No two triggers have one name; those whose TriggerAuthentication is named after them do not share a type."""
    seen: dict[str, int] = {}
    for index, trigger in enumerate(scale.triggers):
        if trigger.name is None and trigger.authentication is None:
            continue
        first = seen.setdefault(trigger_name(trigger), index)
        if first != index:
            message = f'a second trigger "{trigger_name(trigger)}"'
            related = ((service, (*at, "triggers", first), "the other one"),)
            where = (*at, "triggers", index, *(("name",) if trigger.name is not None else ()))
            yield Finding("MS207", service, where, message, "give it a name of its own", related=related)


def _variables(service: Service, version: Version, trigger: Trigger, at: Path) -> Iterator[Finding]:
    """What KEDA reads from the variables of the service's own container is there."""
    spec = version.spec
    for key, name in trigger.metadata.items():
        if key.endswith("FromEnv") and name not in spec.env and not spec.envFrom:
            message = f'"{service.name}" has no variable "{name}"'
            help = did_you_mean(name, [*spec.env]) or f"add env: {{{name}: ..}}"
            yield Finding("MS104", service, (*at, "metadata", key), message, help)


def _authentication(service: Service, trigger: Trigger, at: Path) -> Iterator[Finding]:
    """Settings of an identity are of its provider (triggerauthentication_webhook.go)."""
    own = trigger.authentication
    if own is None:
        return
    where = (*at, "authentication")
    if not own.secretTargetRef and own.podIdentity is None:
        help = "write secretTargetRef: {password: name/key}, or podIdentity: {provider: aws}"
        yield Finding("MS102", service, where, "with what does KEDA ask?", help)
    identity = own.podIdentity
    for key, provider in IDENTITY.items() if identity is not None else ():
        if getattr(identity, key) is not None and identity is not None and identity.provider != provider:
            message = f'"{key}" is for the provider {provider}'
            yield Finding("MS218", service, (*where, "podIdentity", key), message, "leave it out", True)
    if identity is not None and identity.roleArn is not None and identity.identityOwner == "workload":
        message = "a role is taken on by KEDA, and the owner of the identity is the workload"
        yield Finding("MS105", service, (*where, "podIdentity", "roleArn"), message, "keep one of them", True)


#: The provider that a setting of an identity belongs to.
IDENTITY = {"identityId": "azure-workload", "roleArn": "aws", "identityOwner": "aws"}


def _idle(service: Service, scale: Replicas, at: Path) -> Iterator[Finding]:
    """What is about a number of 0 needs one; and numbers beside the range fit it."""
    least = 1 if scale.min is None else scale.min
    if scale.idleReplicaCount is not None and (scale.idleReplicaCount, least) != (0, max(least, 1)):
        message = "idleReplicaCount is 0, below a min of 1 or more: KEDA takes nothing else"
        yield Finding("MS213", service, (*at, "idleReplicaCount"), message, "write 0, or leave it out and set min: 0")
    zero = least == 0 or scale.idleReplicaCount == 0
    cached = any(trigger.useCachedMetrics for trigger in scale.triggers)
    for key, needed in (("pollingInterval", zero or cached), ("cooldownPeriod", zero), ("initialCooldownPeriod", zero)):
        if getattr(scale, key) is not None and not needed:
            message = f'"{key}" does nothing: it is about scaling to 0, and the least is {least}'
            yield Finding("MS218", service, (*at, key), message, "leave it out, or write min: 0", True)
    if scale.pollingInterval == 0:
        message = "the time between two looks is at least a second"
        yield Finding("MS104", service, (*at, "pollingInterval"), message, "write for example 30s")
    if scale.fallback is not None and scale.max is not None and scale.fallback.replicas > scale.max:
        message = f"fallback.replicas {scale.fallback.replicas} is more than max {scale.max}"
        yield Finding("MS213", service, (*at, "fallback", "replicas"), message, "lower it, or raise max")
