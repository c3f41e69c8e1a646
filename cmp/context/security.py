"""Who may call a service, and who therefore must see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.context.model import HTTP_PROTOCOLS, Exposure, Grant, Port
from cmp.context.names import digest, split
from cmp.context.routes import answers
from cmp.context.rules import Asked, Fields, Scope, Wide, in_force, policies, targets_of, whole, without_token

if TYPE_CHECKING:
    from cmp.context.servers import Gateway
    from cmp.spec.platform import MeshPlatform
    from cmp.spec.security import Access, Jwt, Source, WideMtls

Identify = Callable[[str, str], tuple[str, ...]]


def service_scope(
    name: str,
    namespace: str,
    ports: Iterable[Port],
    identify: Callable[[str], tuple[str, ...]],
    gateway: Callable[[str], str | None],
) -> Scope:
    """Where the rules of a service hold: its pods, whose ports are known."""
    listed = tuple(ports)
    http = sorted({port.target for port in listed if port.protocol in HTTP_PROTOCOLS})
    return Scope(
        name, namespace, identify, gateway, targets_of(listed), {"ports": tuple(map(str, http))} if http else {}
    )


def grants(scope: Scope, access: Iterable[Access], exposures: Iterable[Exposure] = ()) -> tuple[Grant, ...]:
    """One ALLOW per caller, so that admitting one creates an object and revoking one deletes it, and none is edited."""
    found: dict[str, Grant] = {}
    for rule in access:
        for grant in _granted(scope, rule) if in_force(rule) else ():
            found[grant.name] = grant
    for exposure in exposures:
        if exposure.gateway is not None and exposure.port is not None and not _elsewhere(exposure):
            key = f"{scope.name}-from-gateway-{exposure.gateway.name}"
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


def _granted(scope: Scope, rule: Access) -> list[Grant]:
    plain = rule.from_ and not (rule.to or rule.when) and all(_only_services(source) for source in rule.from_)
    if plain:
        callers = [caller for source in rule.from_ for caller in source.services]
        return [Grant(_named(scope, caller), ({"principals": scope.identify(caller)},)) for caller in callers]
    found = whole(scope, rule)
    if not any(found):
        return [Grant(f"{scope.name}-from-anybody")]
    conditions = tuple(tuple(one) for one in found.conditions)
    said = (found.sources, found.operations, *((conditions,) if conditions else ()))
    return [Grant(f"{scope.name}-{digest(repr(said))}", *found)]


def _only_services(source: Source) -> bool:
    return bool(source.services) and not any(value for key, value in vars(source).items() if key != "services")


def _named(scope: Scope, caller: str) -> str:
    other, where = split(caller, scope.namespace)
    return f"{scope.name}-from-{other}" if where == scope.namespace else f"{scope.name}-from-{other}.{where}"


# -- what the platform says -------------------------------------------------------------------------------------------


#: Whose port belongs to the proxy of a gateway itself: kubelet and load balancers ask there whether it is ready.
STATUS_PORT = "15021"


def wide(
    spec: MeshPlatform,
    gateways: Iterable[Gateway],
    root: str,
    identify: Identify,
    gateway: Callable[[str], str | None],
) -> Iterator[Wide]:
    """What the platform says of callers: for the mesh, for each namespace, and for the pods of each gateway.

    A policy without a selector holds for its namespace, in the root namespace for the mesh.
    """
    yield _wide(_scope("default", root, identify, gateway, {}), (), None, spec.mtls, spec.access, spec.jwt)
    for namespace, one in sorted(spec.namespaces.items()):
        scope = _scope("default", namespace, identify, gateway, {})
        yield _wide(scope, ("namespaces", namespace), None, one.mtls, one.access, one.jwt)
    for each in gateways:
        scope = _scope(each.name, each.namespace, identify, gateway, {"notPorts": _without_requests(each)})
        yield _wide(scope, ("gateways", each.name), each.selector, None, each.spec.access, each.spec.jwt)


def _without_requests(gateway: Gateway) -> tuple[str, ...]:
    """The ports of a gateway's pods at which no HTTP is read: the status port, and those that pass connections on.

    Which ports of the pods the others lead to, only their Service knows. Rules that deny leave out those here and hold
    for the rest: for requests at a port that nobody thought of too. On 80 and 443 services may have servers as well.
    """
    further = [one for one in gateway.servers if one not in gateway.main and one.kind != "http"]
    return tuple(sorted({STATUS_PORT, *(str(one.number) for one in further)}, key=int))


def _scope(name: str, namespace: str, identify: Identify, gateway: Callable[[str], str | None], http: Fields) -> Scope:
    return Scope(name, namespace, lambda caller: identify(caller, namespace), gateway, None, http)


def _wide(
    scope: Scope,
    path: tuple[str, ...],
    selector: Mapping[str, str] | None,
    mtls: WideMtls | None,
    access: tuple[Access, ...] | None,
    tokens: tuple[Jwt, ...],
) -> Wide:
    said = access or ()
    admitting = access is not None and (not said or any(in_force(rule) for rule in said))
    return Wide(
        path=path,
        name=scope.name,
        namespace=scope.namespace,
        selector=selector,
        mtls=mtls.mode if mtls is not None else None,
        grants=grants(scope, said) if admitting else None,
        policies=(*policies(scope, said), *without_token(scope, tokens)),
        tokens=tokens,
    )


# -- who must see it --------------------------------------------------------------------------------------------------


def visible_to(namespace: str, granted: Iterable[Grant]) -> tuple[str, ...]:
    """The namespaces that must see a service: its own, and those of all whom it admits; ``*`` where that is anybody.

    A caller that a rule knows by address, token or trust domain, or only by who it is not, may be anywhere.
    https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService (exportTo)
    """
    found = {"."}
    for grant in granted:
        otherwise = _of_conditions(grant.conditions)
        for source in grant.sources or ({},):
            where = _of_source(source) or otherwise
            if not where or any("*" in one for one in where):
                return ("*",)
            found.update(where)
    return everybody_or(found, namespace)


def everybody_or(seen: set[str], namespace: str) -> tuple[str, ...]:
    """Namespaces as ``exportTo`` has them: ``*`` makes all others say nothing, and one's own is the dot."""
    return ("*",) if "*" in seen else tuple(sorted(seen - {namespace}))


def _of_source(source: Fields) -> set[str]:
    """The namespaces of callers that a source names; none where it does not name them."""
    found = set(source.get("namespaces", ()))
    found.update(_namespace(identity) for identity in source.get("principals", ()))
    found.update(account.partition("/")[0] for account in source.get("serviceAccounts", ()))
    return found


def _of_conditions(conditions: Iterable[Asked]) -> set[str]:
    """The same of conditions. All must hold, so one that names them is enough."""
    for one in conditions:
        if one.values and one.key in CALLERS:
            return {CALLERS[one.key](value) for value in one.values}
    return set()


def _namespace(identity: str) -> str:
    """The namespace of a principal, or ``*`` where it is not said."""
    return identity.partition("/ns/")[2].partition("/")[0] or "*"


CALLERS: dict[str, Callable[[str], str]] = {
    "source.namespace": lambda value: value,
    "source.principal": _namespace,
    "source.serviceAccount": lambda value: value.partition("/")[0],
}
