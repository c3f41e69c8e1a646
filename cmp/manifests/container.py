"""The containers of a pod. Frozen as the pod template is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmp.context.model import PRE_STOP, TLS_PROTOCOLS, Service, Version
from cmp.context.names import image_reference
from cmp.manifests.volumes import mounts
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.storage import EnvFrom
    from cmp.spec.workload import EnvValue, Probe, Quantities


def main_container(service: Service, version: Version) -> Manifest:
    """The container of the service's own image."""
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
        "envFrom": [_env_from(item) for item in spec.envFrom] or None,
        "resources": _resources(version),
        "startupProbe": _probe(service, health.startup) if health else None,
        "livenessProbe": _probe(service, health.liveness) if health else None,
        "readinessProbe": _readiness(service, health.readiness if health else None),
        "lifecycle": _lifecycle(service) if service.ports else None,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": mounts(version),
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


def _env_from(item: EnvFrom) -> Manifest:
    kind, name = ("configMapRef", item.configMap) if item.configMap is not None else ("secretRef", item.secret)
    return {"prefix": item.prefix, kind: {"name": name}}


def _resources(version: Version) -> Manifest | None:
    spec = version.spec.resources
    if spec is None:
        return None
    found = {"requests": _quantities(spec.requests), "limits": _quantities(spec.limits)}
    return {key: value for key, value in found.items() if value} or None


def _quantities(spec: Quantities | None) -> Manifest:
    return {} if spec is None else {k: v for k, v in (("cpu", spec.cpu), ("memory", spec.memory)) if v is not None}


def _lifecycle(service: Service) -> Manifest:
    """Go on serving while the endpoints are withdrawn. Before Kubernetes 1.30 the image's own ``sleep`` has to do.

    https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-implementations
    """
    if service.target.kubernetes >= (1, 30):
        return {"preStop": {"sleep": {"seconds": PRE_STOP}}}
    return {"preStop": {"exec": {"command": ["sleep", str(PRE_STOP)]}}}


def _readiness(service: Service, probe: Probe | None) -> Manifest | None:
    if probe is not None:
        return _probe(service, probe)
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
