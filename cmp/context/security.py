"""Who may call a service, and who therefore must see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import Exposure, Grant, Port
from cmp.context.names import digest, split
from cmp.context.routes import answers

if TYPE_CHECKING:
    from cmp.spec.security import Access, Operation, Source

#: The identity of ``name`` or ``name.namespace``, and that of a gateway (None where the platform has no such gateway).
Identify = Callable[[str], str]
GatewayIdentity = Callable[[str], "str | None"]
Fields = Mapping[str, tuple[str, ...]]


def grants(
    name: str,
    namespace: str,
    access: Iterable[Access],
    exposures: Iterable[Exposure],
    ports: Iterable[Port],
    identify: Identify,
    gateway: GatewayIdentity,
) -> tuple[Grant, ...]:
    """One ALLOW per caller, so that admitting one creates an object and revoking one deletes it, and none is edited."""
    targets = {key: str(port.target) for port in ports for key in (port.name, str(port.number))}
    found: dict[str, Grant] = {}
    for rule in access:
        for grant in _rule(name, namespace, rule, targets, identify, gateway):
            found[grant.name] = grant
    for exposure in exposures:
        if exposure.gateway is not None and exposure.port is not None and not _elsewhere(exposure):
            key = f"{name}-from-gateway-{exposure.gateway.name}"
            allowed = {*_ports(found.get(key)), str(exposure.port.target)}
            source = {"principals": (exposure.gateway.principal,)}
            found[key] = Grant(key, (source,), ({"ports": tuple(sorted(allowed, key=int))},))
    return tuple(found[key] for key in sorted(found))


def _elsewhere(exposure: Exposure) -> bool:
    """Whether no request of a host comes here: all go to other services, or the gateway answers itself."""
    listed = exposure.spec.destinations
    return answers(exposure.spec) or (bool(listed) and all(one.version is None for one in listed))


def _ports(grant: Grant | None) -> tuple[str, ...]:
    return grant.operations[0]["ports"] if grant is not None else ()


def _rule(
    name: str, namespace: str, rule: Access, targets: Mapping[str, str], identify: Identify, gateway: GatewayIdentity
) -> list[Grant]:
    operations = tuple(_operation(operation, targets) for operation in rule.to)
    plain = rule.from_ and not operations and all(_only_services(source) for source in rule.from_)
    if plain:
        callers = [caller for source in rule.from_ for caller in source.services]
        return [Grant(_named(name, namespace, caller), ({"principals": (identify(caller),)},)) for caller in callers]
    sources = tuple(_source(source, identify, gateway) for source in rule.from_)
    if not sources and not operations:
        return [Grant(f"{name}-from-anybody")]
    return [Grant(f"{name}-{digest(repr((sources, operations)))}", sources, operations)]


def _only_services(source: Source) -> bool:
    return bool(source.services) and not (source.gateway or source.namespaces or source.principals)


def _named(name: str, namespace: str, caller: str) -> str:
    other, where = split(caller, namespace)
    return f"{name}-from-{other}" if where == namespace else f"{name}-from-{other}.{where}"


def _source(source: Source, identify: Identify, gateway: GatewayIdentity) -> Fields:
    identities = [identify(caller) for caller in source.services]
    identities += [identity for one in source.gateway if (identity := gateway(one)) is not None]
    fields = {
        "principals": tuple(sorted({*identities, *source.principals})),
        "namespaces": tuple(sorted(source.namespaces)),
    }
    return {key: values for key, values in fields.items() if values}


def _operation(operation: Operation, targets: Mapping[str, str]) -> Fields:
    """``ports`` name ports of the Service; Istio compares the port that the connection reaches, the container's."""
    ports = tuple(sorted({targets[port] for port in operation.ports if port in targets}, key=int))
    # in Istio "/a/*" is what begins with "/a/"; in the language it is /a too
    paths = {*operation.paths, *(path[:-2] for path in operation.paths if path.endswith("/*") and len(path) > 2)}
    fields = {"methods": tuple(sorted(operation.methods)), "paths": tuple(sorted(paths)), "ports": ports}
    return {key: values for key, values in fields.items() if values}


def visible_to(namespace: str, granted: Iterable[Grant]) -> tuple[str, ...]:
    """The namespaces that must see a service: its own, and those of all whom it admits; ``*`` where that is anybody.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService (exportTo)
    """
    found = {"."}
    for grant in granted:
        if not grant.sources:
            return ("*",)
        for source in grant.sources:
            found.update(source.get("namespaces", ()))
            if not source:
                return ("*",)
            for identity in source.get("principals", ()):
                _, _, rest = identity.partition("/ns/")
                where = rest.partition("/")[0]
                if not where or "*" in where:
                    return ("*",)
                found.add(where)
    return tuple(sorted(found - {namespace}))
