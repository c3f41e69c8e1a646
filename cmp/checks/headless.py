"""Checks of headless Services: their callers choose a pod by its address, and proxies send what they get just there.

A proxy gives such a Service a cluster of type ORIGINAL_DST, and sees all its pods at gateways only
(istio pilot/pkg/networking/core/cluster.go, convertResolution).
"""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import named
from cmp.context.model import Context, Service
from cmp.context.names import split


def check_headless(context: Context) -> Iterator[Finding]:
    """Nothing is asked of a headless Service that needs somebody between callers and pods."""
    for service in context.services:
        if not service.facts.headless:
            continue
        spec = service.spec.service
        if spec is not None and spec.type in ("NodePort", "LoadBalancer"):
            message = f"a {spec.type} has an address of its own, and this Service is headless"
            yield Finding("MS222", service, ("service", "type"), message, "add headless: false")
        if spec is not None and spec.internalTrafficPolicy == "Local" and not service.exposures:
            message = "callers of a headless Service choose the pod by themselves, on whatever node it is"
            path: tuple[Step, ...] = ("service", "internalTrafficPolicy")
            yield Finding("MS223", service, path, message, "leave it out, or add headless: false", True)
        if service.facts.runs == "machines":
            message = "names of a headless Service lead to pods, and a WorkloadGroup is for machines"
            yield Finding("MS223", service, ("service", "headless"), message, "leave it out", True)
        for port in service.ports:
            if port.target != port.number:
                message = (
                    f"callers of a headless Service reach the pod itself: at port {port.number} nobody listens there"
                )
                help = f"write one number for both, {port.target}; or add service: {{headless: false}}"
                yield Finding("MS223", service, ("ports", port.name, "targetPort"), message, help)


def check_balanced(context: Context) -> Iterator[Finding]:
    """Nothing is balanced or split between pods that callers choose; gateways do so, and have no versions to split."""
    for service in context.services:
        if not service.facts.headless:
            continue
        if len(service.versions) > 1 and service.facts.kind == "Deployment":
            message = "callers of a headless Service choose the pod, and so its version: weights and routes do not"
            yield Finding("MS223", service, ("versions",), message, "keep one, or leave service.headless out", True)
        if service.exposures:
            continue
        holders: list[tuple[object, tuple[Step, ...]]] = [(service.spec, ())]
        holders += [(port, ("ports", name)) for name, port in service.spec.ports.items()]
        holders += [(version.spec, ("versions", version.name)) for version in service.versions]
        for holder, path in holders:
            if getattr(holder, "loadBalancer", None) is not None:
                message = "callers of a headless Service choose the pod by themselves: nothing is balanced"
                help = "leave it out, or add service: {headless: false}"
                yield Finding("MS223", service, (*path, "loadBalancer"), message, help, True)


def check_led_to(context: Context) -> Iterator[Finding]:
    """No route in the mesh leads to somebody else's headless Service: what comes would go on to where it was sent."""
    for service in context.services if any(one.facts.headless for one in context.services) else ():
        for one, path in named(service):
            target = context.service(*split(one.service, service.namespace)) if one.service else None
            if target is None or target is service or not target.facts.headless or _at_gateways(service, path):
                continue
            message = f'the Service of "{target.name}" is headless: the proxy would send on to whom the caller chose'
            related = ((target, ("service",) if target.spec.service is not None else ("workload",), "made so here"),)
            help = f'add to "{target.name}": service: {{headless: false}}; or let callers call it'
            yield Finding("MS223", service, (*path, "service"), message, help, related=related)


def _at_gateways(service: Service, path: tuple[Step, ...]) -> bool:
    """Whether a target is for gateways only, which know all pods of a headless Service."""
    if path[0] == "expose" or service.facts.runs == "host":
        return True
    match = getattr(getattr(service.spec, str(path[0]))[path[1]], "match", ())
    return bool(match) and all(getattr(one, "gateways", ()) for one in match)
