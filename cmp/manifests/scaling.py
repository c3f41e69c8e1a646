"""How many pods: the autoscaler of a version and its disruption budget."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.context.model import Service
from cmp.context.releases import CONTAINER_METRICS
from cmp.manifests.controller import controller, selector
from cmp.manifests.step import Step, manifest
from cmp.waves import Manifest, Wave


def autoscalers(service: Service) -> Iterator[Manifest]:
    """A HorizontalPodAutoscaler for each version with a range, by the CPU of the service's own container.

    The proxy's share is left out of the average where the cluster can do so (stable since Kubernetes 1.30):
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics
    """
    for version in service.versions:
        scale = version.spec.replicas
        if scale is None or scale.max is None:
            continue
        runner = controller(service, version)
        target = {"type": "Utilization", "averageUtilization": scale.cpu or 80}
        metric: Manifest = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        if service.target.kubernetes >= CONTAINER_METRICS.release:
            resource = {"name": "cpu", "container": service.name, "target": target}
            metric = {"type": "ContainerResource", "containerResource": resource}
        spec = {
            "scaleTargetRef": {"apiVersion": runner.api, "kind": runner.kind, "name": runner.name},
            "minReplicas": scale.min or 1,
            "maxReplicas": scale.max,
            "metrics": [metric],
        }
        yield manifest("autoscaling/v2", "HorizontalPodAutoscaler", runner.name, spec=spec)


def disruption_budgets(service: Service) -> Iterator[Manifest]:
    """From two pods on, a drain takes one at a time. With one pod a budget would block every drain.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for version in service.versions:
        scale = version.spec.replicas
        least = 1 if scale is None else scale.count if scale.count is not None else scale.min or 1
        if least >= 2:
            spec = {"maxUnavailable": 1, "selector": {"matchLabels": selector(service, version)}}
            yield manifest("policy/v1", "PodDisruptionBudget", controller(service, version).name, spec=spec)


STEPS = (
    Step(Wave.PREREQUISITES, disruption_budgets),
    Step(Wave.FOLLOWERS, autoscalers),
)
