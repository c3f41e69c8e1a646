"""Checks of what runs: images, replicas, probes, shutdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding
from cmp.context.model import PRE_STOP, Context, Service, Version
from cmp.diagnostics import did_you_mean

if TYPE_CHECKING:
    from cmp.spec.workload import Probe


def check_images(context: Context) -> Iterator[Finding]:
    """Every version runs an image, and names which one: without tag or digest, tomorrow's differs from today's."""
    for service, version, path in _versions(context):
        spec = version.spec.image
        if spec is None or not spec.repository:
            at = (*path, "image")
            if spec is None:
                message = f'version "{version.name}" of "{service.name}" has no image'
                yield Finding("MS210", service, path, message, "add image: registry/name:tag")
            else:
                yield Finding("MS210", service, at, "the image has no repository", "add repository: name")
        elif not spec.tag and not spec.digest:
            help = "add a tag (image: name:1.2.3) or a digest; write tag: latest if you mean it"
            yield Finding("MS210", service, (*path, "image"), f'image "{spec.repository}" has no tag', help)


def check_replicas(context: Context) -> Iterator[Finding]:
    """A range has both ends, in order, and something to measure utilization by."""
    for service, version, path in _versions(context):
        scale = version.spec.replicas
        if scale is None or scale.count is not None:
            continue
        at = (*path, "replicas")
        if scale.max is None:
            yield Finding("MS213", service, at, "a range of replicas needs max", "write {min: 2, max: 10, cpu: 70%}")
        elif (scale.min or 1) > scale.max:
            message = f"replicas.min {scale.min} is more than replicas.max {scale.max}"
            yield Finding("MS213", service, (*at, "min"), message, "swap or change them")
        resources = version.spec.resources
        if not (resources and resources.requests and resources.requests.cpu):
            message = "scaling by CPU needs a CPU request: utilization is a share of it"
            yield Finding("MS213", service, at, message, "add resources: {cpu: 100m}")
        if scale.cpu == 0:
            yield Finding(
                "MS213", service, (*at, "cpu"), "a target of 0% scales to max at once", "write for example 70%"
            )


def check_health(context: Context) -> Iterator[Finding]:
    """Probes ask ports that are there, and keep to Kubernetes' limits."""
    for service, version, path in _versions(context):
        health = version.spec.health
        for kind in ("startup", "liveness", "readiness"):
            probe: Probe | None = getattr(health, kind, None)
            if probe is not None:
                yield from _probe(service, kind, probe, (*path, "health", kind))


def _probe(service: Service, kind: str, probe: Probe, path: tuple[str, ...]) -> Iterator[Finding]:
    key = "grpc" if probe.grpc else "tcp" if probe.tcp else "port"
    port = probe.grpc or probe.tcp or probe.port
    if probe.exec is None and service.container_port(port) is None:
        names = [p.name for p in service.ports]
        message = f'"{service.name}" has no port "{port}"' if port else "the probe needs a port"
        help = did_you_mean(port or "", names) or "name a port of the service or a number"
        yield Finding("MS205", service, (*path, key), message, help)
    if kind != "readiness" and probe.successThreshold not in (None, 1):
        at = (*path, "successThreshold")
        yield Finding("MS218", service, at, f"successThreshold of a {kind} probe is 1 in Kubernetes", "leave it out")
    extra = [name for name in ("port", "headers") if getattr(probe, name) and probe.http is None]
    if extra:
        yield Finding(
            "MS218", service, (*path, extra[0]), f'"{extra[0]}" is for http probes only', "leave it out", True
        )
    if probe.service is not None and probe.grpc is None:
        yield Finding("MS218", service, (*path, "service"), '"service" is for grpc probes only', "leave it out", True)


def check_shutdown(context: Context) -> Iterator[Finding]:
    """The grace period is whole seconds and leaves time behind the pause before the stop signal."""
    for service, version, path in _versions(context):
        shutdown = version.spec.shutdown
        if shutdown is None or shutdown.grace is None:
            continue
        grace = shutdown.grace
        if grace.endswith("ms") or int(grace[:-1]) <= PRE_STOP:
            message = f"shutdown.grace {grace} is not whole seconds above {PRE_STOP}"
            help = f"the first {PRE_STOP} seconds pass before the stop signal; write for example 30s"
            yield Finding("MS218", service, (*path, "shutdown", "grace"), message, help)


def _versions(context: Context) -> Iterator[tuple[Service, Version, tuple[str, ...]]]:
    for service in context.services:
        for version in service.versions:
            yield service, version, ("versions", version.name)
