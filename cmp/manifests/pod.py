"""The pod template of a version or a job. An unchanged spec keeps it across our releases, or a fleet restarts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.jobs import Job, Run
from cmp.context.model import Service, Version
from cmp.context.running import grace
from cmp.manifests.container import init_containers, job_container, main_container, other_containers
from cmp.manifests.proxy import proxy_annotations
from cmp.manifests.step import fields
from cmp.manifests.volumes import volumes
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.pod import Pod


def template(service: Service, version: Version) -> Manifest:
    """Pod labels, annotations and spec of a version, with the spread and a shutdown that finishes its requests."""
    labels = {"app": service.name, "version": version.name}
    names = {"app.kubernetes.io/name": service.name, "app.kubernetes.io/version": version.name}
    spec = {
        "containers": [main_container(service, version), *other_containers(service, version)],
        "serviceAccountName": service.account,
        "terminationGracePeriodSeconds": grace(version),
        "topologySpreadConstraints": _spread(service, version.spec.pod, labels) or None,
    }
    return _template(service, version, {**labels, **names}, proxy_annotations(service, version), spec)


def job_template(service: Service, job: Job) -> Manifest:
    """The same of a job. Its proxy is a sidecar of Kubernetes: it is there first, and ends when the job has ended.

    One pod needs no spread; where there are several, the scheduler has its own.
    https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#jobs-with-sidecar-containers
    """
    labels = {**job.labels, "app.kubernetes.io/name": job.full}
    notes = {**proxy_annotations(service, job), "sidecar.istio.io/nativeSidecar": "true"}
    given = job.spec.pod.topologySpreadConstraints if job.spec.pod is not None else None
    spread = _constraints([fields(one) for one in given or ()], job.labels)
    spec = {
        "containers": [job_container(service, job), *other_containers(service, job)],
        "restartPolicy": job.spec.restartPolicy or "Never",
        "serviceAccountName": job.account,
        "topologySpreadConstraints": spread or None,
    }
    return _template(service, job, labels, notes, spec)


def _template(service: Service, run: Run, labels: Manifest, notes: Manifest, spec: Manifest) -> Manifest:
    """What all pods have: PSS restricted, and no token.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    pod = run.spec.pod
    own_labels, own_notes = (pod.labels, pod.annotations) if pod is not None else ({}, {})
    return {
        "metadata": {
            "labels": {**own_labels, **labels, "sidecar.istio.io/inject": "true"},
            "annotations": {**own_notes, **notes},
        },
        "spec": {
            **spec,
            "automountServiceAccountToken": bool(service.spec.rbac),
            "initContainers": init_containers(service, run) or None,
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": name} for name in _pull_secrets(run)] or None,
            "securityContext": _pod_security(pod),
            "volumes": volumes(service.name, run),
            **_placement(pod),
        },
    }


def _pull_secrets(run: Run) -> Iterable[str]:
    """The Secrets of all images; Kubernetes has them for the pod."""
    pod = run.spec.pod
    others = (*pod.containers.values(), *pod.initContainers) if pod is not None else ()
    images = [image for image in (run.spec.image, *(one.image for one in others)) if image is not None]
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
    given = pod.topologySpreadConstraints if pod is not None else None
    own = [fields(one) for one in given] if given is not None else [{"topologyKey": key} for key in _SPREAD_KEYS]
    return _constraints(own, labels)


def _constraints(own: Iterable[Manifest], labels: Mapping[str, str]) -> list[Manifest]:
    """Constraints with what they leave out."""
    selected = {"labelSelector": {"matchLabels": dict(labels)}}
    return [{"maxSkew": 1, "whenUnsatisfiable": "ScheduleAnyway", **selected, **one} for one in own]
