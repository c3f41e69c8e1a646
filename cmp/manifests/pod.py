"""The pod template of a version. It is frozen: an unchanged spec keeps it across our releases, or a fleet restarts."""

from __future__ import annotations

from collections.abc import Mapping

from cmp.context.model import PRE_STOP, Service, Version
from cmp.manifests.container import main_container
from cmp.manifests.volumes import volumes
from cmp.waves import Manifest


def template(service: Service, version: Version) -> Manifest:
    """Pod labels, annotations and spec: PSS restricted, no token, spread, and a shutdown that finishes its requests.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    labels = {"app": service.name, "version": version.name}
    names = {"app.kubernetes.io/name": service.name, "app.kubernetes.io/version": version.name}
    grace = version.spec.shutdown.grace if version.spec.shutdown else None
    return {
        "metadata": {
            "labels": {**labels, **names, "sidecar.istio.io/inject": "true"},
            "annotations": {"proxy.istio.io/config": _PROXY_CONFIG},
        },
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [main_container(service, version)],
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": name} for name in _pull_secrets(version)] or None,
            "securityContext": _pod_security(version),
            "serviceAccountName": service.account,
            "terminationGracePeriodSeconds": int(grace.removesuffix("s")) if grace is not None else None,
            "topologySpreadConstraints": [_spread(key, labels) for key in _SPREAD_KEYS],
            "volumes": volumes(service.name, version),
        },
    }


def _pull_secrets(version: Version) -> tuple[str, ...]:
    return version.spec.image.pullSecrets if version.spec.image is not None else ()


def _pod_security(version: Version) -> Manifest:
    own = version.spec.pod.securityContext if version.spec.pod else None
    chosen = (
        {key: getattr(own, key) for key in ("runAsUser", "runAsGroup", "fsGroup", "fsGroupChangePolicy")} if own else {}
    )
    return {**chosen, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


#: The proxy leaves when its connections are done, and not before the application is told to stop: with a fixed drain it
#: would cut long requests or hold every pod for as long
#: (https://istio.io/latest/docs/reference/commands/pilot-agent/#envvars, EXIT_ON_ZERO_ACTIVE_CONNECTIONS).
_PROXY_CONFIG = (
    f'{{"proxyMetadata":{{"EXIT_ON_ZERO_ACTIVE_CONNECTIONS":"true","MINIMUM_DRAIN_DURATION":"{PRE_STOP}s"}}}}'
)

#: Constraints of one's own replace the scheduler's defaults, which know both keys.
_SPREAD_KEYS = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def _spread(key: str, labels: Mapping[str, str]) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(labels)},
    }
