"""What runs: the service's account, its proxy's settings and what keeps the pods of its versions running."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import Service, Version
from cmp.context.running import NO_PODS
from cmp.manifests.controller import controller, selector
from cmp.manifests.pod import template
from cmp.manifests.step import Step, fields, manifest
from cmp.manifests.storage import claim_templates
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.kinds import Strategy


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


def workloads(service: Service) -> Iterator[Manifest]:
    """What keeps the pods running: a Deployment per version, named so from the first one on, or one of another kind.

    ``replicas`` is left to the autoscaler where there is one: Argo CD would set it back at every sync
    (https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness).
    """
    own = service.spec.workload
    for version in service.versions if service.facts.kind else ():
        runner = controller(service, version)
        spec = {
            **KINDS[runner.kind](service, version),
            "minReadySeconds": own.minReadySeconds if own is not None else None,
            "revisionHistoryLimit": own.revisionHistoryLimit if own is not None else None,
            "selector": {"matchLabels": selector(service, version)},
            "template": template(service, version),
        }
        found = manifest(runner.api, runner.kind, runner.name, spec=spec)
        found["metadata"]["annotations"] = own.annotations if own is not None else None
        yield found


def _replicas(version: Version) -> int | None:
    scale = version.spec.replicas
    return 1 if scale is None else scale.count


def _deployment(service: Service, version: Version) -> Manifest:
    """Pods that can take each other's place.

    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
    """
    own, profile = service.spec.workload, service.target.profile
    return {
        "progressDeadlineSeconds": own.progressDeadlineSeconds if own is not None else None,
        "replicas": _replicas(version),
        "strategy": _strategy(
            version.spec.strategy, {"maxSurge": profile.surge, "maxUnavailable": profile.unavailable}
        ),
    }


def _stateful_set(service: Service, version: Version) -> Manifest:
    """Pods with names and volumes that stay theirs.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
    """
    own, given = service.spec.workload, version.spec.strategy
    retention = own.persistentVolumeClaimRetentionPolicy if own is not None else None
    keys = ("whenDeleted", "whenScaled")
    return {
        "ordinals": fields(own.ordinals) if own is not None else None,
        "persistentVolumeClaimRetentionPolicy": (
            {key: getattr(retention, key) or "Retain" for key in keys} if retention is not None else None
        ),
        "podManagementPolicy": own.podManagementPolicy if own is not None else None,
        "replicas": _replicas(version),
        "serviceName": service.name,
        "updateStrategy": _strategy(given, {}),
        "volumeClaimTemplates": claim_templates(version) or None,
    }


def _daemon_set(service: Service, version: Version) -> Manifest:
    """A pod for every node that it may run on. A roll starts the newer one beside it, on one node after the other.

    https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/
    """
    given = version.spec.strategy
    rolling = given.rollingUpdate if given is not None else None
    surge, unavailable = (rolling.maxSurge, rolling.maxUnavailable) if rolling is not None else (None, None)
    goes_without = surge in NO_PODS or (surge is None and unavailable not in (None, *NO_PODS))  # one of the two is zero
    amounts = {"maxSurge": "0", "maxUnavailable": "1"} if goes_without else {"maxSurge": "1", "maxUnavailable": "0"}
    return {"updateStrategy": _strategy(given, amounts)}


KINDS: dict[str, Callable[[Service, Version], Manifest]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
}


def _strategy(spec: Strategy | None, amounts: Mapping[str, str]) -> Manifest:
    """How pods are replaced; unless told otherwise, by a roll with the amounts of the kind."""
    kind = (spec.type if spec is not None else None) or "RollingUpdate"
    if kind != "RollingUpdate":
        return {"type": kind}
    given = fields(spec.rollingUpdate) if spec is not None and spec.rollingUpdate is not None else {}
    rolling = {**amounts, **given}
    numbers = {key: int(one) if isinstance(one, str) and one.isdigit() else one for key, one in rolling.items()}
    return {"type": kind, "rollingUpdate": numbers or None}


STEPS = (
    Step(Wave.PREREQUISITES, service_account),
    Step(Wave.PREREQUISITES, proxy_config),
    Step(Wave.WORKLOADS, workloads),
)
