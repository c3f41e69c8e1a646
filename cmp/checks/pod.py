"""Checks of a pod's other containers, of where it runs, and of how far it leaves the restricted standard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, every_run
from cmp.checks.storage import TMP
from cmp.checks.workload import check_limits, check_probe
from cmp.context.jobs import Run
from cmp.context.model import Context, Service
from cmp.context.names import image_reference
from cmp.context.releases import SIDECARS
from cmp.context.running import GRACE, grace
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.container import Container, ContainerFields, Handler, InitContainer
    from cmp.spec.pod import Pod

Path = tuple[str | int, ...]
#: Containers that Istio adds; one of these names in a pod changes what it adds
#: (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#customizing-injection).
PROXIES = ("istio-init", "istio-proxy", "istio-validation")


def pods(context: Context) -> Iterator[tuple[Service, Run, Pod, Path]]:
    """The versions and jobs that say something of their pods."""
    for service, run, path in every_run(context):
        if run.spec.pod is not None:
            yield service, run, run.spec.pod, (*path, "pod")


def _others(service: Service, pod: Pod, path: Path) -> Iterator[tuple[Container | InitContainer, Path]]:
    for name, container in pod.containers.items():
        if name != service.name:
            yield container, (*path, "containers", name)
    for index, first in enumerate(pod.initContainers):
        yield first, (*path, "initContainers", index)


def check_containers(context: Context) -> Iterator[Finding]:
    """Other containers name an image with its version, have names of their own, and keep to their limits."""
    for service, _, pod, path in pods(context):
        for index, first in enumerate(pod.initContainers):
            taken = [service.name, *pod.containers, *(one.name for one in pod.initContainers[:index])]
            if first.name in taken:
                at = (*path, "initContainers", index, "name")
                yield Finding("MS207", service, at, f'a second container "{first.name}"', "choose another name")
            if first.restartPolicy is not None and service.target.kubernetes < SIDECARS.release:
                shown = ".".join(map(str, service.target.kubernetes))
                message = f"Kubernetes {shown} has no sidecars: they came with 1.29"
                at = (*path, "initContainers", index, "restartPolicy")
                yield Finding("MS212", service, at, message, "leave it out", True)
        for name in (*pod.containers, *(one.name for one in pod.initContainers)):
            if name in PROXIES:
                message = f'"{name}" is the name of Istio\'s own container'
                yield Finding("MS206", service, path, message, "choose another name")
        for container, at in _others(service, pod, path):
            image = container.image
            if image is None or not image.repository:
                yield Finding("MS210", service, at, "the container has no image", "add image: registry/name:tag")
            elif not image.tag and not image.digest:
                message = f'image "{image_reference(image)}" has no tag'
                yield Finding("MS210", service, (*at, "image"), message, "add a tag or a digest")
            yield from check_limits(service, container.resources, (*at, "resources"))
            for kind in ("startup", "liveness", "readiness"):
                probe = getattr(getattr(container, "health", None), kind, None)
                if probe is not None:
                    yield from check_probe(service, kind, probe, (*at, "health", kind))


#: What the service says of its own container at the top.
_OF_THE_SERVICE = ("image", "command", "args", "env", "envFrom", "resources", "health")


def check_own_container(context: Context) -> Iterator[Finding]:
    """What the service says of its own container is not said again among the containers."""
    for service, _, pod, path in pods(context):
        own = pod.containers.get(service.name)
        for key in (*_OF_THE_SERVICE, "mounts") if own is not None else ():
            if getattr(own, key):
                message = f'"{key}" of the service\'s own container stands with the service'
                help = "write it in volumes" if key == "mounts" else f"move {key} to the top of the service"
                yield Finding("MS218", service, (*path, "containers", service.name, key), message, help, True)


def check_mounts(context: Context) -> Iterator[Finding]:
    """What other containers share is there."""
    for service, run, pod, path in pods(context):
        known = [TMP, *run.spec.volumes, *run.spec.config]
        for container, at in _others(service, pod, path):
            for place, mount in container.mounts.items():
                if mount.volume is not None and mount.volume not in known:
                    where = (*at, "mounts", place, "volume")
                    message = f'"{service.name}" has no volume "{mount.volume}"'
                    help = did_you_mean(mount.volume, known) or "name the path of one of its volumes or files"
                    yield Finding("MS104", service, where, message, help)


def check_lifecycles(context: Context) -> Iterator[Finding]:
    """What is done at the ends of a life is possible, and done before the pod is killed."""
    for service, run, pod, path in pods(context):
        killed = grace(run) or GRACE
        own = pod.containers.get(service.name)
        listed: list[tuple[ContainerFields, Path]] = [*_others(service, pod, path)]
        if own is not None:
            listed.append((own, (*path, "containers", service.name)))
        for container, at in listed:
            for hook in ("postStart", "preStop"):
                handler: Handler | None = getattr(container.lifecycle, hook, None)
                if handler is not None:
                    yield from _handler(service, handler, killed, (*at, "lifecycle", hook))


def _handler(service: Service, handler: Handler, grace: int, at: Path) -> Iterator[Finding]:
    if handler.sleep is not None:
        whole = not handler.sleep.endswith("ms")
        if not whole or int(handler.sleep[:-1]) > grace:
            message = f"a pause of {handler.sleep} is not whole seconds up to the {grace} until the pod is killed"
            yield Finding("MS218", service, (*at, "sleep"), message, "shorten it, or raise shutdown.grace")
    if handler.http is not None and service.container_port(handler.port) is None:
        yield Finding("MS205", service, at, "the hook needs a port of the service, or a number", "add port: http")
    if handler.port is not None and handler.http is None:
        yield Finding("MS218", service, (*at, "port"), '"port" is for http only', "leave it out", True)


def check_privileges(context: Context) -> Iterator[Finding]:
    """Settings that Kubernetes refuses together, and root without saying so."""
    for service, _, pod, path in pods(context):
        security = pod.securityContext
        root = security is not None and security.runAsUser == 0
        if root and security is not None and security.runAsNonRoot is not False:
            at = (*path, "securityContext", "runAsUser")
            yield Finding("MS104", service, at, "user 0 is root", "choose another, or add runAsNonRoot: false")
        for name, container in pod.containers.items():
            yield from _privileges(service, container, (*path, "containers", name, "securityContext"))
        for index, first in enumerate(pod.initContainers):
            yield from _privileges(service, first, (*path, "initContainers", index, "securityContext"))


def _privileges(service: Service, container: ContainerFields, at: Path) -> Iterator[Finding]:
    security = container.securityContext
    if security is None:
        return
    if security.runAsUser == 0 and security.runAsNonRoot is not False:
        help = "choose another, or add runAsNonRoot: false"
        yield Finding("MS104", service, (*at, "runAsUser"), "user 0 is root", help)
    added = security.capabilities.add if security.capabilities is not None else ()
    escalates = "privileged: true" if security.privileged else "SYS_ADMIN" if "SYS_ADMIN" in added else ""
    if escalates and not security.allowPrivilegeEscalation:
        message = f"{escalates} is refused without allowPrivilegeEscalation: true"
        yield Finding("MS104", service, at, message, "add it, or do with less")


def check_placement(context: Context) -> Iterator[Finding]:
    """Combinations of fields that Kubernetes refuses (validation.ValidatePodSpec)."""
    for service, _, pod, path in pods(context):
        for index, one in enumerate(pod.tolerations):
            at = (*path, "tolerations", index)
            if one.key is None and one.operator != "Exists":
                yield Finding("MS102", service, at, "a toleration without key needs operator: Exists", "add key")
            if one.operator == "Exists" and one.value:
                yield Finding("MS218", service, (*at, "value"), "Exists compares with no value", "leave it out", True)
            if one.tolerationSeconds is not None and one.effect != "NoExecute":
                message = "tolerationSeconds is for the effect NoExecute"
                yield Finding("MS218", service, (*at, "tolerationSeconds"), message, "add effect: NoExecute", True)
        if pod.dnsPolicy == "None" and not (pod.dnsConfig and pod.dnsConfig.nameservers):
            message = "dnsPolicy None needs dnsConfig.nameservers"
            yield Finding("MS102", service, (*path, "dnsPolicy"), message, "add dnsConfig: {nameservers: [10.0.0.10]}")
        for index, spread in enumerate(pod.topologySpreadConstraints or ()):
            if spread.minDomains is not None and spread.whenUnsatisfiable != "DoNotSchedule":
                at = (*path, "topologySpreadConstraints", index, "minDomains")
                message = "minDomains is for whenUnsatisfiable: DoNotSchedule"
                yield Finding("MS218", service, at, message, "add that, or leave it out", True)


def check_rbac(context: Context) -> Iterator[Finding]:
    """A rule says what may be done with what."""
    for service in context.services:
        for index, rule in enumerate(service.spec.rbac):
            for key, example in (("resources", "pods"), ("verbs", "[get, list, watch]")):
                if not getattr(rule, key):
                    message = f"rbac[{index}]: {key} is missing"
                    yield Finding("MS102", service, ("rbac", index), message, f"add {key}: {example}")
