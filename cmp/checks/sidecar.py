"""Checks of the proxy's listeners and policies, and of what the platform lets all services call.

istio pkg/config/validation/validation.go, ValidateSidecar
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cmp.checks.egress import NAMING
from cmp.checks.finding import Finding, Step
from cmp.checks.listeners import incoming, outgoing, pool
from cmp.context.egress import external
from cmp.context.model import Context, Platform, Service
from cmp.context.releases import SIDECARS
from cmp.spec.validators import amount

if TYPE_CHECKING:
    from cmp.spec.egress import OutboundTrafficPolicy, SharedCall


def check_sidecars(context: Context) -> Iterator[Finding]:
    """What a Sidecar says beside the hosts that are called."""
    for service in context.services:
        spec = service.spec.sidecar
        if spec is None:
            continue
        if not service.facts.limited and service.facts.labels:
            message = "a Sidecar lets nothing out but what calls list, and nothing is listed"
            yield Finding("MS102", service, ("sidecar",), message, "add calls, or leave it out", True)
        yield from _outbound(service, spec.outboundTrafficPolicy)
        yield from pool(service, spec.inboundConnectionPool, ("sidecar", "inboundConnectionPool"))
        yield from incoming(service)
        yield from outgoing(service)


def _outbound(service: Service, policy: OutboundTrafficPolicy | None) -> Iterator[Finding]:
    proxy = policy.egressProxy if policy is not None else None
    if policy is None or proxy is None:
        return
    path: tuple[Step, ...] = ("sidecar", "outboundTrafficPolicy", "egressProxy")
    if policy.mode != "ALLOW_ANY":
        message = "egressProxy gets what goes to unknown hosts, and those are refused here"
        yield Finding("MS218", service, path, message, "add mode: ALLOW_ANY, or leave it out", True)
    if "." not in proxy.host:
        message = f'"{proxy.host}" is not the whole name of a host'
        help = f"write {proxy.host}.{service.namespace}.svc.{service.target.cluster_domain}"
        yield Finding("MS104", service, (*path, "host"), message, help)
    if proxy.port is None:
        yield Finding("MS102", service, path, "egressProxy needs a port", "add port: 8080")


def check_proxies(context: Context) -> Iterator[Finding]:
    """What is said of the proxy fits the cluster, and what callers' proxies do."""
    for service in context.services:
        proxy = service.spec.proxy
        if proxy is None:
            continue
        if proxy.nativeSidecar and service.target.kubernetes < SIDECARS.release:
            shown = ".".join(map(str, service.target.kubernetes))
            message = f"Kubernetes {shown} has no sidecars: they came with 1.29"
            yield Finding("MS212", service, ("proxy", "nativeSidecar"), message, "leave it out", True)
        for name in set(proxy.environmentVariables) & set(OWN_VARIABLES):
            message = f"{name} is set already, so that a pod that stops cuts no request"
            yield Finding("MS218", service, ("proxy", "environmentVariables", name), message, "leave it out", True)
        yield from _above(service)
        for port in service.ports:
            tls = service.spec.ports[port.name].tls if port.name in service.spec.ports else None
            spoken = tls or service.spec.tls
            if str(port.target) in proxy.excludeInboundPorts and (spoken is None or spoken.mode != "DISABLE"):
                path = ("proxy", "excludeInboundPorts", str(port.target))
                message = f'callers\' proxies speak mutual TLS to port "{port.name}", and the application would get it'
                help = f"add tls: DISABLE to ports.{port.name}, or leave it out"
                yield Finding("MS218", service, path, message, help, True)


#: What the proxy's configuration says in any case.
OWN_VARIABLES = ("EXIT_ON_ZERO_ACTIVE_CONNECTIONS", "MINIMUM_DRAIN_DURATION")


def _above(service: Service) -> Iterator[Finding]:
    resources = service.spec.proxy.resources if service.spec.proxy is not None else None
    for key in ("cpu", "memory"):
        request = getattr(getattr(resources, "requests", None), key, None)
        limit = getattr(getattr(resources, "limits", None), key, None)
        if request is not None and limit is not None and amount(request) > amount(limit):
            message = f"the {key} request {request} is above the limit {limit}"
            yield Finding("MS213", service, ("proxy", "resources", "requests", key), message, "raise the limit")


def check_shared_calls(context: Context) -> Iterator[Finding]:
    """What all call has a namespace, and one protocol for each port of a host outside."""
    platform = context.platform
    if platform is None:
        return
    for index, call in enumerate(platform.spec.calls):
        if call.service is not None and "." not in call.service:
            message = f'"{call.service}" is a service of no namespace'
            yield Finding("MS104", platform, ("calls", index, "service"), message, f"write {call.service}.namespace")
    yield from _outside(platform, platform.spec.calls, ("calls",))
    for name, namespace in platform.spec.namespaces.items():
        yield from _outside(platform, namespace.calls, ("namespaces", name, "calls"))
    for entry in (entry for entries in platform.outside.values() for entry in entries):
        if len(entry.name) > 253:
            message = f'the name "{entry.name[:40]}..." that is made of a host has {len(entry.name)} characters'
            yield Finding("MS206", platform, ("metadata", "name"), message, "Kubernetes allows 253: shorten this name")


def _outside(platform: Platform, calls: Sequence[SharedCall], path: tuple[Step, ...]) -> Iterator[Finding]:
    seen: dict[tuple[str, int], str] = {}
    for index, call in enumerate(calls):
        outside = external(call)
        if outside is None:
            continue
        host, port = outside
        first = seen.setdefault((host, port.number), port.protocol)
        if first != port.protocol:
            message = f'port {port.number} of "{host}" is {first} above and {port.protocol} here'
            yield Finding("MS216", platform, (*path, index, "url"), message, "use one protocol")
        if host.startswith("*") and port.protocol not in NAMING:
            message = f'"{call.url}": {port.protocol} does not carry host names, so a wildcard would catch everything'
            yield Finding("MS216", platform, (*path, index, "url"), message, "name the hosts one by one")
