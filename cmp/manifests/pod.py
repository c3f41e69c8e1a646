"""The pod template of a version. It is frozen: an unchanged spec keeps it across our releases, or a fleet restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import Service, Version
from cmp.context.running import grace
from cmp.manifests.container import init_containers, main_container, other_containers
from cmp.manifests.proxy import proxy_annotations
from cmp.manifests.step import fields
from cmp.manifests.volumes import volumes
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.pod import Pod


def template(service: Service, version: Version) -> Manifest:
    """Pod labels, annotations and spec: PSS restricted, no token, spread, and a shutdown that finishes its requests.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    labels = {"app": service.name, "version": version.name}
    names = {"app.kubernetes.io/name": service.name, "app.kubernetes.io/version": version.name}
    pod = version.spec.pod
    own_labels, notes = (pod.labels, pod.annotations) if pod is not None else ({}, {})
    return {
        "metadata": {
            "labels": {**own_labels, **labels, **names, "sidecar.istio.io/inject": "true"},
            "annotations": {**notes, **proxy_annotations(service, version)},
        },
        "spec": {
            "automountServiceAccountToken": bool(service.spec.rbac),
            "containers": [main_container(service, version), *other_containers(service, version)],
            "initContainers": init_containers(service, version) or None,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": name} for name in _pull_secrets(version)] or None,
            "securityContext": _pod_security(pod),
            "serviceAccountName": service.account,
            "terminationGracePeriodSeconds": grace(version),
            "topologySpreadConstraints": _spread(service, pod, labels) or None,
            "volumes": volumes(service.name, version),
            **_placement(pod),
        },
    }


def _pull_secrets(version: Version) -> Iterable[str]:
    """The Secrets of all images; Kubernetes has them for the pod."""
    pod = version.spec.pod
    others = (*pod.containers.values(), *pod.initContainers) if pod is not None else ()
    images = [image for image in (version.spec.image, *(one.image for one in others)) if image is not None]
    return dict.fromkeys(name for image in images for name in image.pullSecrets)


def _pod_security(pod: Pod | None) -> Manifest:
    given = fields(pod.securityContext) if pod is not None and pod.securityContext is not None else {}
    sysctls = [{"name": name, "value": value} for name, value in given.pop("sysctls", {}).items()]
    return {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}, **given, "sysctls": sysctls or None}


def _placement(pod: Pod | None) -> Manifest:
    """Where the pod runs and how it resolves names: Kubernetes' fields as they are written."""
    if pod is None:
        return {}
    found = {key: fields(getattr(pod, key)) or None for key in ("nodeSelector", "tolerations", "affinity")}
    found |= {key: getattr(pod, key) for key in ("priorityClassName", "runtimeClassName", "dnsPolicy")}
    dns = fields(pod.dnsConfig) if pod.dnsConfig is not None else {}
    if "options" in dns:
        dns["options"] = [{"name": name, "value": value or None} for name, value in dns["options"].items()]
    found["dnsConfig"] = dns or None
    found["hostAliases"] = [{"ip": ip, "hostnames": list(names)} for ip, names in pod.hostAliases.items()] or None
    return found


#: Constraints of one's own replace the scheduler's defaults, which know both keys.
_SPREAD_KEYS = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def _spread(service: Service, pod: Pod | None, labels: Mapping[str, str]) -> list[Manifest]:
    """The spread over zones and nodes, or the spec's own in its place. A DaemonSet has a pod on each node anyway."""
    if service.facts.kind == "DaemonSet":
        return []
    selected = {"labelSelector": {"matchLabels": dict(labels)}}
    preferred = {"maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway"}
    given = pod.topologySpreadConstraints if pod is not None else None
    if given is None:
        return [{**preferred, "topologyKey": key, **selected} for key in _SPREAD_KEYS]
    return [{**preferred, **selected, **fields(one)} for one in given]
