"""How many pods: the autoscaler of a version and its disruption budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.model import Service, Version
from cmp.context.releases import CONTAINER_METRICS
from cmp.context.running import fewest_pods, trigger_name
from cmp.manifests.controller import controller, selector
from cmp.manifests.step import Step, fields, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.scaling import MetricTarget, Replicas, ScalingMetric, Trigger

KEDA = "keda.sh/v1alpha1"
#: The type of a target, by the field that holds its value.
TARGETS = {"value": "Value", "averageValue": "AverageValue", "averageUtilization": "Utilization"}


def autoscalers(service: Service) -> Iterator[Manifest]:
    """A HorizontalPodAutoscaler for each version with a range that KEDA does not keep.

    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/
    """
    for version, scale in _ranges(service):
        if scale.triggers:
            continue
        runner = controller(service, version)
        spec = {
            "scaleTargetRef": {"apiVersion": runner.api, "kind": runner.kind, "name": runner.name},
            "minReplicas": 1 if scale.min is None else scale.min,
            "maxReplicas": scale.max,
            "metrics": _metrics(service, scale),
            "behavior": _behavior(scale),
        }
        yield manifest("autoscaling/v2", "HorizontalPodAutoscaler", runner.name, spec=spec)


def scaled_objects(service: Service) -> Iterator[Manifest]:
    """A ScaledObject for each version with triggers. KEDA makes a HorizontalPodAutoscaler of it, so there is no other.

    https://keda.sh/docs/latest/reference/scaledobject-spec/
    """
    for version, scale in _ranges(service):
        if not scale.triggers:
            continue
        runner, behavior = controller(service, version), _behavior(scale)
        fallback = fields(scale.fallback) if scale.fallback is not None else None
        spec = {
            "scaleTargetRef": {"apiVersion": runner.api, "kind": runner.kind, "name": runner.name},
            "pollingInterval": scale.pollingInterval,
            "cooldownPeriod": scale.cooldownPeriod,
            "initialCooldownPeriod": scale.initialCooldownPeriod,
            "idleReplicaCount": scale.idleReplicaCount,
            "minReplicaCount": 1 if scale.min is None else scale.min,
            "maxReplicaCount": scale.max,
            "fallback": fallback,
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}} if behavior is not None else None,
            "triggers": [*(_trigger(runner.name, one) for one in scale.triggers), *_resource_triggers(service, scale)],
        }
        yield manifest(KEDA, "ScaledObject", runner.name, spec=spec)


def trigger_authentications(service: Service) -> Iterator[Manifest]:
    """With what KEDA asks the sources of a version, where the spec says it; there before the ScaledObject.

    https://keda.sh/docs/latest/concepts/authentication/
    """
    for version, scale in _ranges(service):
        for trigger in scale.triggers:
            if trigger.authentication is None:
                continue
            listed = []
            for parameter, reference in sorted(trigger.authentication.secretTargetRef.items()):
                name, _, key = reference.partition("/")
                listed.append({"parameter": parameter, "name": name, "key": key})
            identity = trigger.authentication.podIdentity
            spec = {
                "secretTargetRef": listed or None,
                "podIdentity": fields(identity) if identity is not None else None,
            }
            name = _authentication(controller(service, version).name, trigger)
            yield manifest(KEDA, "TriggerAuthentication", name, spec=spec)


def disruption_budgets(service: Service) -> Iterator[Manifest]:
    """From two pods on, a drain takes one at a time. With one pod a budget would block every drain.

    Pods that are not Ready may always go: they serve nobody, and would hold up the drain of a node that breaks them.
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for version in service.versions:
        own = version.spec.podDisruptionBudget
        if own is None and fewest_pods(version) < 2:
            continue
        least, policy = (own.minAvailable, own.unhealthyPodEvictionPolicy) if own is not None else (None, None)
        most = own.maxUnavailable if own is not None else None
        spec: Manifest = (
            {"minAvailable": _number(least)} if least is not None else {"maxUnavailable": _number(most or "1")}
        )
        spec["selector"] = {"matchLabels": selector(service, version)}
        spec["unhealthyPodEvictionPolicy"] = policy or "AlwaysAllow"
        yield manifest("policy/v1", "PodDisruptionBudget", controller(service, version).name, spec=spec)


def _ranges(service: Service) -> Iterator[tuple[Version, Replicas]]:
    """The versions whose number of pods moves."""
    for version in service.versions:
        scale = version.spec.replicas
        if scale is not None and scale.max is not None:
            yield version, scale


def _metrics(service: Service, scale: Replicas) -> list[Manifest]:
    """The metrics in the order in which every Kubernetes gives them back: the share of CPU comes last.

    Before 1.28 an autoscaler is kept as its first version, which has a place of its own for that share, and reads it
    from there behind all others (https://github.com/kubernetes/kubernetes/issues/74099).
    """
    found = [_metric(one) for one in scale.metrics]
    if scale.memory is not None:
        found.append(_resource_metric(service, "memory", scale.memory))
    if scale.cpu is not None or not found:
        found.append(_resource_metric(service, "cpu", scale.cpu or "80%"))
    return sorted(found, key=_is_share_of_cpu)


def _is_share_of_cpu(metric: Manifest) -> bool:
    resource = metric.get("resource") or {}
    return bool(resource) and (resource["name"], resource["target"]["type"]) == ("cpu", "Utilization")


def _resource_metric(service: Service, name: str, target: str) -> Manifest:
    """CPU or memory of the service's own container; of the whole pod, where the cluster counts no container.

    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics
    """
    written: Manifest = {"type": "AverageValue", "averageValue": target}
    if target.endswith("%"):
        written = {"type": "Utilization", "averageUtilization": int(target[:-1])}
    if service.target.kubernetes < CONTAINER_METRICS.release:
        return {"type": "Resource", "resource": {"name": name, "target": written}}
    resource = {"name": name, "container": service.name, "target": written}
    return {"type": "ContainerResource", "containerResource": resource}


def _metric(spec: ScalingMetric) -> Manifest:
    """A metric as it is written; its type and that of its target are told by their keys."""
    (kind, source), *_ = ((key, value) for key, value in vars(spec).items() if value is not None)
    found = {**fields(source), "target": _target(source.target)}
    return {"type": f"{kind[0].upper()}{kind[1:]}", kind: found}


def _target(spec: MetricTarget) -> Manifest:
    (key, value), *_ = ((key, value) for key, value in vars(spec).items() if value is not None)
    return {"type": TARGETS[key], key: value}


def _behavior(scale: Replicas) -> Manifest | None:
    return fields(scale.behavior) or None if scale.behavior is not None else None


def _trigger(runner: str, spec: Trigger) -> Manifest:
    reference = fields(spec.authenticationRef) if spec.authenticationRef is not None else None
    if spec.authentication is not None:
        reference = {"name": _authentication(runner, spec)}
    return {
        "type": spec.type,
        "name": spec.name,
        "metadata": dict(spec.metadata),
        "authenticationRef": reference,
        "metricType": spec.metricType,
        "useCachedMetrics": spec.useCachedMetrics or None,
    }


def _authentication(runner: str, trigger: Trigger) -> str:
    return f"{runner}-{trigger_name(trigger)}"


def _resource_triggers(service: Service, scale: Replicas) -> Iterator[Manifest]:
    """CPU and memory as triggers, since an autoscaler of their own would move the same number.

    https://keda.sh/docs/latest/scalers/cpu/
    """
    container = service.name if service.target.kubernetes >= CONTAINER_METRICS.release else None
    for name, target in (("memory", scale.memory), ("cpu", scale.cpu)):
        if target is not None:
            kind = "Utilization" if target.endswith("%") else "AverageValue"
            metadata = {"containerName": container, "value": target.removesuffix("%")}
            yield {"type": name, "metricType": kind, "metadata": metadata}


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


STEPS = (
    Step(Wave.PREREQUISITES, disruption_budgets),
    Step(Wave.PREREQUISITES, trigger_authentications),
    Step(Wave.FOLLOWERS, autoscalers),
    Step(Wave.FOLLOWERS, scaled_objects),
)
