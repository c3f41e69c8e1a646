"""What runs: the service's account, its proxy's settings and one Deployment per version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.context.model import Service
from cmp.context.profiles import Profile
from cmp.manifests.controller import controller, selector
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
    if not (written and service.facts.labels):
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
            "strategy": strategy(version.spec.strategy, service.target.profile),
            "template": template(service, version),
        }
        runner = controller(service, version)
        yield manifest(runner.api, runner.kind, runner.name, spec=spec)


def strategy(spec: Strategy | None, profile: Profile) -> Manifest:
    """How pods are replaced; unless told otherwise, never with fewer than asked for."""
    if spec is not None and spec.type == "Recreate":
        return {"type": "Recreate"}
    rolling = spec.rollingUpdate if spec is not None else None
    surge, unavailable = (rolling.maxSurge, rolling.maxUnavailable) if rolling is not None else (None, None)
    amounts = {"maxSurge": surge or profile.surge, "maxUnavailable": unavailable or profile.unavailable}
    numbers = {key: int(text) if text.isdigit() else text for key, text in amounts.items()}
    return {"type": "RollingUpdate", "rollingUpdate": numbers}


STEPS = (
    Step(Wave.PREREQUISITES, service_account),
    Step(Wave.PREREQUISITES, proxy_config),
    Step(Wave.WORKLOADS, deployments),
)
