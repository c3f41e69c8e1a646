"""The pod template of a version. It is frozen: an unchanged spec keeps it across our releases, or a fleet restarts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cmp.context.model import PRE_STOP, TLS_PROTOCOLS, Service, Version
from cmp.context.names import digest, image_reference, slug
from cmp.context.releases import SLEEP
from cmp.manifests.proxy import proxy_annotations
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.workload import EnvValue, Probe, Quantities, Volume

TMP = "/tmp"


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
            "annotations": proxy_annotations(service),
        },
        "spec": {
            "automountServiceAccountToken": False,
            "containers": [_container(service, version)],
            "enableServiceLinks": False,
            "imagePullSecrets": [{"name": name} for name in _pull_secrets(version)] or None,
            "securityContext": _pod_security(version),
            "serviceAccountName": service.account,
            "terminationGracePeriodSeconds": int(grace.removesuffix("s")) if grace is not None else None,
            "topologySpreadConstraints": [_spread(key, labels) for key in _SPREAD_KEYS],
            "volumes": _volumes(version.spec.volumes),
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


#: Constraints of one's own replace the scheduler's defaults, which know both keys.
_SPREAD_KEYS = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")


def _spread(key: str, labels: Mapping[str, str]) -> Manifest:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(labels)},
    }


def _container(service: Service, version: Version) -> Manifest:
    spec = version.spec
    health = spec.health
    return {
        "name": service.name,
        "image": image_reference(spec.image),
        "imagePullPolicy": spec.image.pullPolicy if spec.image else None,
        "command": list(spec.command) or None,
        "args": list(spec.args) or None,
        "ports": _ports(service) or None,
        "env": _env(spec.env) or None,
        "resources": _resources(version),
        "startupProbe": _probe(service, health.startup) if health else None,
        "livenessProbe": _probe(service, health.liveness) if health else None,
        "readinessProbe": readiness(service, version),
        "lifecycle": _lifecycle(service) if service.ports else None,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": _mounts(spec.volumes),
    }


def _ports(service: Service) -> list[Manifest]:
    """Container ports; two ports of the Service may lead to one. A container port's name has at most 15 characters."""
    found: dict[int, Manifest] = {}
    for port in service.ports:
        name = port.name if re.fullmatch(_PORT_NAME, port.name) else None
        found.setdefault(port.target, {"name": name, "containerPort": port.target, "protocol": "TCP"})
    return [found[number] for number in sorted(found)]


#: What Kubernetes takes as the name of a container port (validation.IsValidPortName).
_PORT_NAME = r"(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def _env(env: Mapping[str, EnvValue]) -> list[Manifest]:
    """Variables by name, each behind those that its value names as ``$(NAME)``.

    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
    """
    ordered: dict[str, EnvValue] = {}

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above or name not in env:
            return
        for other in re.findall(r"\$\(([-._a-zA-Z0-9]+)\)", env[name].value or ""):
            place(other, (*above, name))
        ordered[name] = env[name]

    for name in sorted(env):
        place(name, ())
    return [{"name": name, **_env_source(value)} for name, value in ordered.items()]


def _env_source(value: EnvValue) -> Manifest:
    if value.field is not None:
        return {"valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": value.field}}}
    for reference, field in ((value.secret, "secretKeyRef"), (value.configMap, "configMapKeyRef")):
        if reference is not None:
            name, _, key = reference.partition("/")
            return {"valueFrom": {field: {"name": name, "key": key}}}
    return {"value": value.value or None}  # Kubernetes drops an empty value, and so do we


def _resources(version: Version) -> Manifest | None:
    spec = version.spec.resources
    if spec is None:
        return None
    found = {"requests": _quantities(spec.requests), "limits": _quantities(spec.limits)}
    return {key: value for key, value in found.items() if value} or None


def _quantities(spec: Quantities | None) -> Manifest:
    return {} if spec is None else {k: v for k, v in (("cpu", spec.cpu), ("memory", spec.memory)) if v is not None}


def _lifecycle(service: Service) -> Manifest:
    """Go on serving while the endpoints are withdrawn; in older clusters by the image's own ``sleep``."""
    if service.target.kubernetes >= SLEEP.release:
        return {"preStop": {"sleep": {"seconds": PRE_STOP}}}
    return {"preStop": {"exec": {"command": ["sleep", str(PRE_STOP)]}}}


def readiness(service: Service, version: Version) -> Manifest | None:
    """The readiness probe: the spec's, else whether something listens on the main port."""
    health = version.spec.health
    if health is not None and health.readiness is not None:
        return _probe(service, health.readiness)
    return {"tcpSocket": {"port": service.main.target}} if service.main is not None else None


def _probe(service: Service, probe: Probe | None) -> Manifest | None:
    """A probe; what equals Kubernetes' default of zero or its absence is not written."""
    if probe is None:
        return None
    timing = {
        "initialDelaySeconds": probe.initialDelaySeconds or None,
        "periodSeconds": probe.periodSeconds,
        "timeoutSeconds": probe.timeoutSeconds,
        "successThreshold": probe.successThreshold,
        "failureThreshold": probe.failureThreshold,
    }
    return {**_handler(service, probe), **timing}


def _handler(service: Service, probe: Probe) -> Manifest:
    if probe.grpc is not None:
        return {"grpc": {"port": service.container_port(probe.grpc), "service": probe.service}}
    if probe.tcp is not None:
        return {"tcpSocket": {"port": service.container_port(probe.tcp)}}
    if probe.exec is not None:
        return {"exec": {"command": list(probe.exec)}}
    headers = [{"name": name, "value": text} for name, text in probe.headers.items()]
    number = service.container_port(probe.port)
    encrypted = any(port.target == number and port.protocol in TLS_PROTOCOLS for port in service.ports)
    scheme = "HTTPS" if encrypted else None
    return {"httpGet": {"path": probe.http, "port": number, "scheme": scheme, "httpHeaders": headers or None}}


def _names(volumes: Iterable[str]) -> dict[str, str]:
    """A volume's name by its path: the path's words, and a digest where two paths have the same ones."""
    slugs = {path: slug(path)[:54].strip("-") or "root" for path in volumes}
    shared = {text for text in slugs.values() if list(slugs.values()).count(text) > 1}
    return {path: f"{text}-{digest(path)}" if text in shared else text for path, text in slugs.items()}


def _volumes(volumes: Mapping[str, Volume]) -> list[Manifest]:
    names = _names({TMP, *volumes})
    found: list[Manifest] = []
    for path in sorted(names):
        spec = volumes[path].emptyDir if path in volumes else None
        found.append({"name": names[path], "emptyDir": _empty_dir(spec)})
    return found


def _empty_dir(spec: Any) -> Manifest:
    return {"medium": spec.medium, "sizeLimit": spec.sizeLimit} if spec is not None else {}


def _mounts(volumes: Mapping[str, Volume]) -> list[Manifest]:
    names = _names({TMP, *volumes})
    return [
        {
            "name": names[path],
            "mountPath": path,
            "readOnly": (volumes[path].readOnly or None) if path in volumes else None,
        }
        for path in sorted(names)
    ]
