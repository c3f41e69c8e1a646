"""The containers of a pod. Frozen as the pod template is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cmp.context.jobs import Run
from cmp.context.model import TLS_PROTOCOLS, Service, Version
from cmp.context.names import image_reference
from cmp.context.releases import SLEEP
from cmp.context.running import pause
from cmp.manifests.step import fields
from cmp.manifests.volumes import mounts, shared_mounts
from cmp.waves import Manifest

if TYPE_CHECKING:
    from cmp.spec.container import (
        Container,
        ContainerFields,
        ContainerSecurityContext,
        EnvValue,
        Handler,
        Lifecycle,
        Probe,
        Quantities,
        Resources,
    )
    from cmp.spec.runs import RunFields
    from cmp.spec.storage import EnvFrom


def main_container(service: Service, version: Version) -> Manifest:
    """The container of the service's own image."""
    health, own = version.spec.health, extras(service, version)
    waits = pause(version) if _serves(service, version) else 0
    return {
        **job_container(service, version),
        "ports": _ports(service) or None,
        "startupProbe": _probe(service, health.startup) if health else None,
        "livenessProbe": _probe(service, health.liveness) if health else None,
        "readinessProbe": readiness(service, version),
        "lifecycle": _lifecycle(service, own.lifecycle if own is not None else None, waits),
    }


def job_container(service: Service, run: Run) -> Manifest:
    """The same for what nobody calls: it has no ports, and nobody asks whether it is ready."""
    spec, own = run.spec, extras(service, run)
    return {
        "name": service.name,
        **_started(spec),
        "lifecycle": _lifecycle(service, own.lifecycle if own is not None else None),
        "securityContext": _security(own.securityContext if own is not None else None),
        "volumeMounts": mounts(service.name, run),
        **_process(own),
    }


def _started(spec: RunFields | ContainerFields) -> Manifest:
    """What any container runs, and what it finds."""
    return {
        "image": image_reference(spec.image),
        "imagePullPolicy": spec.image.pullPolicy if spec.image else None,
        "command": list(spec.command) or None,
        "args": list(spec.args) or None,
        "env": _env(spec.env) or None,
        "envFrom": [_env_from(item) for item in spec.envFrom] or None,
        "resources": _resources(spec.resources),
    }


def _serves(service: Service, version: Version) -> bool:
    """Whether a pod has to serve on while it is withdrawn: others call it, or the spec says so."""
    shutdown = version.spec.shutdown
    return bool(service.ports) or (shutdown is not None and shutdown.preStop is not None)


def extras(service: Service, run: Run) -> Container | None:
    """What ``pod.containers`` says of the service's own container."""
    return run.spec.pod.containers.get(service.name) if run.spec.pod is not None else None


def other_containers(service: Service, run: Run) -> list[Manifest]:
    """The containers beside the service's own, in the order of their names."""
    given = run.spec.pod.containers if run.spec.pod is not None else {}
    found = []
    for name, spec in given.items():
        if name == service.name:
            continue
        probes = {kind: getattr(spec.health, kind, None) for kind in ("startup", "liveness", "readiness")}
        written = {f"{kind}Probe": _probe(service, probe) for kind, probe in probes.items()}
        found.append({**_container(service, run, name, spec), **written})
    return found


def init_containers(service: Service, run: Run) -> list[Manifest]:
    """The containers that run first, in the order written."""
    given = run.spec.pod.initContainers if run.spec.pod is not None else ()
    return [{**_container(service, run, spec.name or "", spec), "restartPolicy": spec.restartPolicy} for spec in given]


def _container(service: Service, run: Run, name: str, spec: ContainerFields) -> Manifest:
    return {
        "name": name,
        **_started(spec),
        "lifecycle": _lifecycle(service, spec.lifecycle),
        "securityContext": _security(spec.securityContext),
        "volumeMounts": shared_mounts(service.name, run, name, spec.mounts),
        **_process(spec),
    }


def _process(spec: ContainerFields | None) -> Manifest:
    if spec is None:
        return {}
    return {"workingDir": spec.workingDir, "stdin": spec.stdin or None, "tty": spec.tty or None}


def _security(own: ContainerSecurityContext | None) -> Manifest:
    """The restricted standard and a root file system that nobody changes, but for what the spec says.

    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    given = fields(own) if own is not None else {}
    capabilities = {"drop": ["ALL"], **given.pop("capabilities", {})}
    standard = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    return {**standard, "capabilities": capabilities, **given}


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


def _resources(spec: Resources | None) -> Manifest | None:
    if spec is None:
        return None
    found = {"requests": _quantities(spec.requests), "limits": _quantities(spec.limits)}
    return {key: value for key, value in found.items() if value} or None


def _quantities(spec: Quantities | None) -> Manifest:
    return {} if spec is None else {k: v for k, v in (("cpu", spec.cpu), ("memory", spec.memory)) if v is not None}


def _lifecycle(service: Service, spec: Lifecycle | None, waits: int = 0) -> Manifest | None:
    """What is done at the ends of a container's life; it serves on for ``waits`` seconds while it is withdrawn."""
    start, stop = (spec.postStart, spec.preStop) if spec is not None else (None, None)
    found = {}
    if start is not None:
        found["postStart"] = _hook(service, start)
    if stop is not None or waits:
        found["preStop"] = _hook(service, stop) if stop is not None else _sleep(service, waits)
    return found or None


def _hook(service: Service, handler: Handler) -> Manifest:
    if handler.exec is not None:
        return {"exec": {"command": list(handler.exec)}}
    if handler.sleep is not None:
        return _sleep(service, int(handler.sleep.removesuffix("s")))
    return {"httpGet": {"path": handler.http, "port": service.container_port(handler.port)}}


def _sleep(service: Service, seconds: int) -> Manifest:
    """A pause; in older clusters by the image's own ``sleep``."""
    if service.target.kubernetes >= SLEEP.release:
        return {"sleep": {"seconds": seconds}}
    return {"exec": {"command": ["sleep", str(seconds)]}}


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
