"""Checks across services: calls that their target refuses, and outside hosts that callers see differently."""

from __future__ import annotations

from collections.abc import Iterator

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import targets
from cmp.context.egress import external
from cmp.context.model import Context, Grant, Service
from cmp.context.names import split


def check_calls(context: Context) -> Iterator[Finding]:
    """A call that its target in this render does not admit can only fail."""
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            if call.service is None:
                continue
            target = context.service(*split(call.service, service.namespace))
            if target is None or target is service or admits(target, service):
                continue
            message = f'"{service.name}" calls "{target.name}", which does not admit it'
            related = ((target, ("access",), "its access is decided here"),)
            yield Finding(
                "MS208", service, _call_path(service, index), message, _admit(service, target), related=related
            )


def _call_path(service: Service, index: int) -> tuple[Step, ...]:
    path: tuple[Step, ...] = ("calls", index)
    return (*path, "service") if service.tree.node.get(*path, "service") else path


def _admit(caller: Service, target: Service) -> str:
    name = caller.name if caller.namespace == target.namespace else f"{caller.name}.{caller.namespace}"
    return f'add to "{target.name}": access: {name}'


def admits(target: Service, caller: Service) -> bool:
    """Whether some grant of a service covers a caller, for whatever request."""
    return any(_covers(grant, caller) for grant in target.grants)


def _covers(grant: Grant, caller: Service) -> bool:
    if not grant.sources:
        return True
    for source in grant.sources:
        names, principals = source.get("namespaces"), source.get("principals")
        if (names is None or caller.namespace in names) and (
            principals is None or _one_of(principals, caller.principal)
        ):
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
        callers = [one for one in context.services if one is not service and admits(service, one)]
        for target, path in targets(service):
            for index, one in enumerate(target.destinations):
                other = context.service(*split(one.service, service.namespace)) if one.service else None
                for caller in callers if other is not None and path[0] == "routes" else ():
                    if other is not None and other is not caller and not admits(other, caller):
                        message = f'"{caller.name}" reaches "{other.name}" by this route, which does not admit it'
                        at = (*path, "destinations", index, "service")
                        yield Finding("MS208", service, at, message, _admit(caller, other))


def check_external(context: Context) -> Iterator[Finding]:
    """A port of an outside host speaks one protocol for all callers; a wildcard needs one that names hosts."""
    seen: dict[tuple[str, str, int], tuple[Service, int, str]] = {}
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            outside = external(call)
            if outside is None:
                continue
            host, port = outside
            path: tuple[Step, ...] = ("calls", index, "url")
            first = seen.setdefault((service.namespace, host, port.number), (service, index, port.protocol))
            if first[2] != port.protocol:
                message = f'port {port.number} of "{host}" is {first[2]} for "{first[0].name}" and {port.protocol} here'
                related = ((first[0], ("calls", first[1], "url"), "first declared here"),)
                yield Finding("MS216", service, path, message, "use one protocol", related=related)
            if host.startswith("*") and port.protocol not in ("http", "http2", "grpc", "https", "tls"):
                message = (
                    f'"{call.url}": {port.protocol} does not carry host names, so a wildcard would catch everything'
                )
                yield Finding("MS216", service, path, message, "name the hosts one by one")
