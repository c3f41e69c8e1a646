"""What runs: the service's account, one Deployment per version, its autoscaler and its disruption budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.model import Service, Version
from cmp.context.releases import CONTAINER_METRICS
from cmp.manifests.pod import template
from cmp.manifests.step import Step, fields, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.workload import Strategy


def service_account(service: Service) -> Iterator[Manifest]:
    """The identity of the pods. Its token is not mounted: a service talks to the mesh, not to the API server.

    https://kubernetes.io/docs/concepts/security/service-accounts/#opt-out-of-api-credential-automounting
    """
    if not service.owns_account:
        return  # several services run as one: the first by name writes it
    spec = service.spec.serviceAccount
    account = manifest("v1", "ServiceAccount", service.account, automountServiceAccountToken=False)
    account["metadata"]["annotations"] = spec.annotations if spec is not None else None
    yield account


PROXY_CONFIG = ("concurrency", "environmentVariables", "image")


def proxy_config(service: Service) -> Iterator[Manifest]:
    """Threads, image and variables of the proxy, which it reads when it starts: the object is there before the pods.

    https://istio.io/latest/docs/reference/config/networking/proxy-config/
    """
    proxy = service.spec.proxy
    written = {key: fields(value) for key in PROXY_CONFIG if (value := getattr(proxy, key, None)) not in (None, {})}
    if not written:
        return
    spec = {"selector": {"matchLabels": dict(service.facts.labels)}, **written}
    yield manifest("networking.istio.io/v1beta1", "ProxyConfig", service.name, spec=spec)


def deployments(service: Service) -> Iterator[Manifest]:
    """One Deployment per version, named so from the first one on, that rolls without losing a pod.

    ``replicas`` is left to the autoscaler where there is one: Argo CD would set it back at every sync
    (https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness).
    """
    if service.facts.runs != "image":
        return
    for version in service.versions:
        scale = version.spec.replicas
        fixed = 1 if scale is None else scale.count
        spec = {
            "replicas": fixed,
            "selector": {"matchLabels": selector(service, version)},
            "strategy": strategy(version.spec.strategy),
            "template": template(service, version),
        }
        yield manifest("apps/v1", "Deployment", f"{service.name}-{version.name}", spec=spec)


def strategy(spec: Strategy | None) -> Manifest:
    """How pods are replaced; unless told otherwise, never with fewer than asked for."""
    if spec is not None and spec.type == "Recreate":
        return {"type": "Recreate"}
    rolling = spec.rollingUpdate if spec is not None else None
    surge, unavailable = (rolling.maxSurge, rolling.maxUnavailable) if rolling is not None else (None, None)
    amounts = {"maxSurge": surge or "25%", "maxUnavailable": unavailable or "0"}
    numbers = {key: int(text) if text.isdigit() else text for key, text in amounts.items()}
    return {"type": "RollingUpdate", "rollingUpdate": numbers}


def autoscalers(service: Service) -> Iterator[Manifest]:
    """A HorizontalPodAutoscaler for each version with a range, by the CPU of the service's own container.

    The proxy's share is left out of the average where the cluster can do so (stable since Kubernetes 1.30):
    https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#container-resource-metrics
    """
    for version in service.versions:
        scale = version.spec.replicas
        if scale is None or scale.max is None:
            continue
        name = f"{service.name}-{version.name}"
        target = {"type": "Utilization", "averageUtilization": scale.cpu or 80}
        metric: Manifest = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
        if service.target.kubernetes >= CONTAINER_METRICS.release:
            resource = {"name": "cpu", "container": service.name, "target": target}
            metric = {"type": "ContainerResource", "containerResource": resource}
        spec = {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": scale.min or 1,
            "maxReplicas": scale.max,
            "metrics": [metric],
        }
        yield manifest("autoscaling/v2", "HorizontalPodAutoscaler", name, spec=spec)


def disruption_budgets(service: Service) -> Iterator[Manifest]:
    """From two pods on, a drain takes one at a time. With one pod a budget would block every drain.

    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
    """
    for version in service.versions:
        scale = version.spec.replicas
        least = 1 if scale is None else scale.count if scale.count is not None else scale.min or 1
        if least >= 2:
            spec = {"maxUnavailable": 1, "selector": {"matchLabels": selector(service, version)}}
            yield manifest("policy/v1", "PodDisruptionBudget", f"{service.name}-{version.name}", spec=spec)


def selector(service: Service, version: Version) -> dict[str, str]:
    """The labels that select a version's pods. Immutable in a Deployment, so there are two and they never change."""
    return {"app": service.name, "version": version.name}


STEPS = (
    Step(Wave.PREREQUISITES, service_account),
    Step(Wave.PREREQUISITES, disruption_budgets),
    Step(Wave.PREREQUISITES, proxy_config),
    Step(Wave.WORKLOADS, deployments),
    Step(Wave.FOLLOWERS, autoscalers),
)
