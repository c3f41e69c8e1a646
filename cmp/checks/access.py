"""Checks across services: calls and routes that their target refuses, and rules of access that never match."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import named
from cmp.context.model import HTTP_PROTOCOLS, TCP_PROTOCOLS, TLS_PROTOCOLS, Context, Grant, Service
from cmp.context.names import split


def check_calls(context: Context) -> Iterator[Finding]:
    """A call that its target in this render does not admit can only fail."""
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            target = context.service(*split(call.service, service.namespace)) if call.service is not None else None
            if target is None or target is service or admits(target, service.principal, service.namespace):
                continue
            message = f'"{service.name}" calls "{target.name}", which does not admit it'
            related = ((target, ("access",), "its access is decided here"),)
            help = _admit(service, target)
            yield Finding("MS208", service, ("calls", index, "service"), message, help, related=related)


def _admit(caller: Service, target: Service) -> str:
    name = caller.name if caller.namespace == target.namespace else f"{caller.name}.{caller.namespace}"
    return f'add to "{target.name}": access: {name}'


def admits(target: Service, identity: str, namespace: str) -> bool:
    """Whether some grant of a service covers a caller, for whatever request."""
    return identity == target.principal or any(_covers(grant, identity, namespace) for grant in target.grants)


def _covers(grant: Grant, identity: str, namespace: str) -> bool:
    if not grant.sources:
        return True
    for source in grant.sources:
        names, principals = source.get("namespaces"), source.get("principals")
        if (names is None or namespace in names) and (principals is None or _one_of(principals, identity)):
            return True
    return False


def _one_of(patterns: tuple[str, ...], identity: str) -> bool:
    return any(
        identity == pattern
        or pattern == "*"
        or (pattern.endswith("*") and identity.startswith(pattern[:-1]))
        or (pattern.startswith("*") and identity.endswith(pattern[1:]))
        for pattern in patterns
    )


def check_destinations(context: Context) -> Iterator[Finding]:
    """A route keeps the caller's identity: a service that it leads to must admit the callers of the routing service."""
    for service in context.services:
        leading = [(one.service, (*path, "service")) for one, path in named(service)]
        leading += [(route.delegate, ("routes", index, "delegate")) for index, route in enumerate(service.spec.routes)]
        for reference, path in leading:
            other = context.service(*split(reference, service.namespace)) if reference else None
            if other is None or other is service:
                continue
            for name, help in _refused(context, service, other, path):
                message = f'"{name}" reaches "{other.name}" by this route, which does not admit it'
                yield Finding("MS208", service, path, message, help)


def _refused(context: Context, service: Service, other: Service, path: tuple[Step, ...]) -> Iterator[tuple[str, str]]:
    """Who follows a route of ``service`` to ``other`` and is not admitted there, and what to write."""
    if path[0] != "expose":
        for caller in context.services:
            identity = (caller.principal, caller.namespace)
            if caller not in (service, other) and admits(service, *identity) and not admits(other, *identity):
                yield caller.name, _admit(caller, other)
    exposing = [one.gateway for one in service.exposures if path[0] != "expose" or one.at == path[1]]
    for gateway in {one.name: one for one in exposing if one is not None}.values():
        if not admits(other, gateway.principal, gateway.namespace):
            yield f"gateway {gateway.name}", f'add to "{other.name}": access: {{from: {{gateway: {gateway.name}}}}}'


def check_hosts(context: Context) -> Iterator[Finding]:
    """A host that a route leads to is a service of the cluster, or an outside host that somebody calls likewise.

    The proxy sends what it got: a request that came as plain HTTP would be sent so to a port that expects TLS.
    """
    for service in context.services:
        entries = [
            entry for other in context.services if other.namespace == service.namespace for entry in other.external
        ]
        if context.platform is not None:
            entries += context.platform.outside[context.platform.target.root_namespace]
        for one, path in named(service):
            if one.host is None or one.host.endswith(f".svc.{service.target.cluster_domain}"):
                continue
            declared = next((entry for entry in entries if entry.host == one.host), None)
            spoken = SPOKEN.get(str(path[0]), SPOKEN["routes"])
            help = f"add it to this service: calls: {spoken.example.format(one.host)}"
            if declared is None:
                message = f'nobody declares the host "{one.host}"'
                yield Finding("MS217", service, (*path, "host"), message, help)
            elif declared.port(one.port, spoken.protocols) is None:
                which = f"port {one.port}" if one.port else "any port"
                message = f'"{one.host}" is not called over {spoken.name} at {which}, without tls and gateway'
                yield Finding("MS217", service, (*path, "port" if one.port else "host"), message, help)


class Spoken(NamedTuple):
    """What the requests or connections of some rules speak, and a call that declares a host for them."""

    protocols: frozenset[str]
    name: str
    example: str


SPOKEN = {
    "routes": Spoken(HTTP_PROTOCOLS, "plain HTTP", "http://{}"),
    "tcpRoutes": Spoken(TCP_PROTOCOLS, "TCP", "tcp://{}:9000"),
    "tlsRoutes": Spoken(TLS_PROTOCOLS, "TLS", "tls://{}"),
}


def check_identities(context: Context) -> Iterator[Finding]:
    """Without mutual TLS no caller has an identity, and who is listed by identity cannot get in."""
    for service in context.services:
        mtls = service.spec.mtls
        if mtls is None:
            continue
        open_: list[tuple[str, ...]] = []
        if mtls.mode == "DISABLE" and any(grant.sources for grant in service.grants):
            open_.append(("mode",))
        for name, mode in mtls.ports.items():
            port = service.port(name)
            if mode == "DISABLE" and port is not None and _asked_for(service, str(port.target)):
                open_.append(("ports", name))
        for below in open_:
            message = "callers have no identity here, so nobody that access lists gets in"
            help = "use PERMISSIVE, or let anybody in: access: [{}]"
            yield Finding("MS218", service, ("mtls", *below), message, help)


def _asked_for(service: Service, target: str) -> bool:
    """Whether somebody is admitted to a container port by identity."""
    return any(
        grant.sources
        and (not grant.operations or any(target in one.get("ports", (target,)) for one in grant.operations))
        for grant in service.grants
    )


def check_operations(context: Context) -> Iterator[Finding]:
    """Methods and paths are of HTTP: a rule that asks for them never matches on another port."""
    for service in context.services:
        for index, rule in enumerate(service.spec.access):
            for number, operation in enumerate(rule.to):
                key = "methods" if operation.methods else "paths" if operation.paths else None
                named = [service.port(name) for name in operation.ports] or list(service.ports)
                if key is not None and not any(port is None or port.protocol in HTTP_PROTOCOLS for port in named):
                    message = f'"{key}" never match: no port of this rule speaks HTTP'
                    yield Finding("MS218", service, ("access", index, "to", number, key), message, "leave it out", True)
