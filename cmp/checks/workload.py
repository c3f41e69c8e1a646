"""Checks of what runs: images, resources, probes, shutdown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding, Step, every_run
from cmp.checks.finding import every_version as _versions
from cmp.context.model import Context, Service
from cmp.context.names import image_reference
from cmp.context.running import pause
from cmp.diagnostics import did_you_mean
from cmp.spec.validators import amount

if TYPE_CHECKING:
    from cmp.spec.container import Probe, Resources


def check_images(context: Context) -> Iterator[Finding]:
    """What runs has an image, and names which one: without tag or digest, tomorrow's differs from today's."""
    for service, run, path in every_run(context):
        if service.facts.runs not in ("image", "jobs"):
            continue
        spec = run.spec.image
        if spec is None or not spec.repository:
            at = (*path, "image")
            if spec is None:
                kind = "job" if path[0] == "jobs" else "version"
                message = f'{kind} "{run.name}" of "{service.name}" has no image'
                yield Finding("MS210", service, at, message, "add image: registry/name:tag")
            else:
                yield Finding("MS210", service, at, "the image has no repository", "add repository: name")
        elif not spec.tag and not spec.digest:
            help = "add a tag (image: name:1.2.3) or a digest; write tag: latest if you mean it"
            yield Finding("MS210", service, (*path, "image"), f'image "{image_reference(spec)}" has no tag', help)


def check_resources(context: Context) -> Iterator[Finding]:
    """No request is above its limit: Kubernetes refuses such a pod."""
    for service, run, path in every_run(context):
        yield from check_limits(service, run.spec.resources, (*path, "resources"))


def check_limits(service: Service, spec: Resources | None, at: tuple[Step, ...]) -> Iterator[Finding]:
    """The requests of one container beside its limits."""
    if spec is None or spec.requests is None or spec.limits is None:
        return
    for key in ("cpu", "memory"):
        request, limit = getattr(spec.requests, key), getattr(spec.limits, key)
        if request is not None and limit is not None and amount(request) > amount(limit):
            message = f"the {key} request {request} is above the limit {limit}"
            yield Finding("MS213", service, (*at, "requests", key), message, "raise the limit")


def check_health(context: Context) -> Iterator[Finding]:
    """Probes ask ports that are there, and keep to Kubernetes' limits."""
    for service, version, path in _versions(context):
        health = version.spec.health
        for kind in ("startup", "liveness", "readiness"):
            probe: Probe | None = getattr(health, kind, None)
            if probe is not None:
                yield from check_probe(service, kind, probe, (*path, "health", kind))


def check_probe(service: Service, kind: str, probe: Probe, path: tuple[str | int, ...]) -> Iterator[Finding]:
    """One probe: its port is there, and its fields belong to its kind."""
    key = "grpc" if probe.grpc else "tcp" if probe.tcp else "port"
    port = probe.grpc or probe.tcp or probe.port
    number = service.container_port(port)
    if number is not None and not 1 <= number <= 65535:
        yield Finding("MS205", service, (*path, key), f"port {number} is not in 1 to 65535", "name a port that is")
    if probe.exec == ():
        yield Finding("MS102", service, (*path, "exec"), "the probe runs no command", "write exec: [/bin/check]")
    if probe.exec is None and number is None:
        names = [p.name for p in service.ports]
        message = f'"{service.name}" has no port "{port}"' if port else "the probe needs a port"
        help = did_you_mean(port, names) if port else "name a port of the service or a number"
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
    """The grace period is whole seconds and leaves time behind the pause before the stop signal, said in one place."""
    for service, version, path in _versions(context):
        shutdown, pod = version.spec.shutdown, version.spec.pod
        if shutdown is None:
            continue
        grace, waits = shutdown.grace, pause(version)
        if grace is not None and (grace.endswith("ms") or int(grace[:-1]) <= waits):
            message = f"shutdown.grace {grace} is not whole seconds above {waits}"
            help = f"the first {waits} seconds pass before the stop signal; write for example {waits + 25}s"
            yield Finding("MS218", service, (*path, "shutdown", "grace"), message, help)
        own = pod.containers.get(service.name) if pod is not None else None
        if shutdown.preStop is not None and own is not None and own.lifecycle is not None and own.lifecycle.preStop:
            at = (*path, "pod", "containers", service.name, "lifecycle", "preStop")
            related = ((service, (*path, "shutdown", "preStop"), "the other one"),)
            message = "what is done before the stop signal is said twice"
            yield Finding("MS105", service, at, message, "keep one of them", True, related)


def check_accounts(context: Context) -> Iterator[Finding]:
    """Services that share an account agree on it, and the namespace's own account is left alone."""
    owners = {service.principal: service for service in context.services if service.owns_account}
    for service in (one for one in context.services if one.facts.ours):
        spec, first = service.spec.serviceAccount, owners[service.principal]
        if service.account == "default":
            message = 'the account "default" is the namespace\'s own, and every pod has it that names none'
            yield Finding(
                "MS206", service, ("serviceAccount", "name"), message, "leave the name out, or choose another"
            )
        other = first.spec.serviceAccount
        if (spec.annotations if spec else {}) != (other.annotations if other else {}):
            message = f'"{service.name}" and "{first.name}" share an account and annotate it differently'
            related = ((first, ("serviceAccount",), "the other one"),)
            yield Finding("MS207", service, ("serviceAccount",), message, "say the same in both", related=related)


def check_users(context: Context) -> Iterator[Finding]:
    """No pod runs as the proxy's user: what that user sends is not redirected into the proxy.

    https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements
    """
    for service, run, path in every_run(context):
        security = run.spec.pod.securityContext if run.spec.pod else None
        if security is not None and security.runAsUser == PROXY_USER:
            message = f"user {PROXY_USER} is that of Istio's proxy: its traffic would leave the pod unencrypted"
            yield Finding("MS218", service, (*path, "pod", "securityContext", "runAsUser"), message, "choose another")


PROXY_USER = 1337
