"""Rules of access as Istio writes them: callers become identities, ports those of containers.

A rule that denies must not deny more than it says: for a connection that is not HTTP, Istio leaves out of it what only
HTTP has, and what is left fits every connection (istio pilot/pkg/security/authz/model, checkError). So such a rule is
limited to the ports that speak HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.names import digest, number_of

if TYPE_CHECKING:
    from cmp.context.model import Grant, Port
    from cmp.spec.security import Access, Jwt, Operation, Source


Fields = Mapping[str, tuple[str, ...]]


class Asked(NamedTuple):
    """A condition on an attribute of a request: one of ``values`` and none of ``unwanted``."""

    key: str
    values: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()


class Rule(NamedTuple):
    """A rule of a policy that does not admit: who, for what, and under which conditions. Empty is everything."""

    sources: tuple[Fields, ...] = ()
    operations: tuple[Fields, ...] = ()
    conditions: tuple[Asked, ...] = ()


class Policy(NamedTuple):
    """A policy that admits nobody: one that denies, audits or asks an authorizer, or that is only tried."""

    name: str
    action: str
    rules: tuple[Rule, ...]
    provider: str | None = None
    dry_run: bool = False


class Wide(NamedTuple):
    """What the platform says of callers for the mesh, for a namespace, or for the pods of a gateway.

    ``path`` is where it says so. Names of its objects begin with ``name``. ``selector`` is None where all pods are
    meant, ``grants`` where nothing is said of who may call: an empty tuple admits nobody.
    """

    path: tuple[str, ...]
    name: str
    namespace: str
    selector: Mapping[str, str] | None
    mtls: str | None
    grants: tuple[Grant, ...] | None
    policies: tuple[Policy, ...]
    tokens: tuple[Jwt, ...]


class Scope(NamedTuple):
    """Where rules hold, and what their words mean there.

    Attributes:
        name: what names of their objects begin with.
        namespace: whose a ServiceAccount is that is written without one.
        identify: the identities of ``name`` or ``name.namespace``.
        gateway: the identity of a gateway, or None where the platform has no such gateway.
        ports: container ports by the names and numbers of a Service; None where numbers are the pods' own.
        http: what keeps an operation to the ports that speak HTTP; empty where nobody knows which do.
    """

    name: str
    namespace: str
    identify: Callable[[str], tuple[str, ...]]
    gateway: Callable[[str], str | None]
    ports: Mapping[str, str] | None
    http: Fields


#: Fields and attributes that only HTTP has.
HTTP_SOURCE = ("requestPrincipals", "notRequestPrincipals")
HTTP_OPERATION = ("methods", "paths", "hosts", "notMethods", "notPaths", "notHosts")
HTTP_CONDITION = ("request.",)


def in_force(rule: Access) -> bool:
    """Whether a rule lets somebody in."""
    return rule.action in (None, "ALLOW") and not rule.dryRun


def policies(scope: Scope, access: Iterable[Access]) -> tuple[Policy, ...]:
    """The policies that let nobody in: one object for each rule, named by what it says."""
    found = {}
    for one in access:
        if in_force(one):
            continue
        action, name = one.action or "ALLOW", one.provider.name if one.provider is not None else None
        rule, dry_run = whole(scope, one), bool(one.dryRun)
        rules = (rule,) if action == "ALLOW" else tuple(limited(rule, scope.http))
        key = f"{scope.name}-{digest(repr((action, *_plain(rule), name, dry_run)))}"
        found[key] = Policy(key, action, rules, name, dry_run)
    return tuple(found[key] for key in sorted(found))


def _plain(rule: Rule) -> tuple[object, ...]:
    """A rule without the names of our own types: the names of objects are made of it."""
    return rule.sources, rule.operations, tuple(tuple(one) for one in rule.conditions)


def whole(scope: Scope, rule: Access) -> Rule:
    """A rule in Istio's fields."""
    return Rule(
        tuple(source_fields(scope, source) for source in rule.from_),
        tuple(operation_fields(scope.ports, operation) for operation in rule.to),
        tuple(_condition(scope, key, one.values, one.notValues) for key, one in sorted(rule.when.items())),
    )


def source_fields(scope: Scope, source: Source) -> Fields:
    """Callers as identities; what is not said is left out."""
    identities = [identity for caller in source.services for identity in scope.identify(caller)]
    identities += [identity for one in source.gateway if (identity := scope.gateway(one)) is not None]
    unwanted = [identity for caller in source.notServices for identity in scope.identify(caller)]
    fields = {
        "principals": {*identities, *source.principals},
        "namespaces": source.namespaces,
        "serviceAccounts": [_account(scope, one) for one in source.serviceAccounts],
        "trustDomains": source.trustDomains,
        "ipBlocks": source.ipBlocks,
        "remoteIpBlocks": source.remoteIpBlocks,
        "requestPrincipals": source.requestPrincipals,
        "notPrincipals": {*unwanted, *source.notPrincipals},
        "notNamespaces": source.notNamespaces,
        "notServiceAccounts": [_account(scope, one) for one in source.notServiceAccounts],
        "notTrustDomains": source.notTrustDomains,
        "notIpBlocks": source.notIpBlocks,
        "notRemoteIpBlocks": source.notRemoteIpBlocks,
        "notRequestPrincipals": source.notRequestPrincipals,
    }
    return {key: tuple(sorted(values)) for key, values in fields.items() if values}


def _account(scope: Scope, account: str) -> str:
    return account if "/" in account else f"{scope.namespace}/{account}"


def operation_fields(targets: Mapping[str, str] | None, operation: Operation) -> Fields:
    """An operation in Istio's fields; empty is all of them.

    ``ports`` name ports of the Service; Istio compares the port that the connection reaches, the container's
    (``targets``; None where numbers are those).
    """
    fields = {
        "methods": tuple(sorted(operation.methods)),
        "paths": _paths(operation.paths),
        "ports": _ports(targets, operation.ports),
        "hosts": _hosts(operation.hosts),
        "notMethods": tuple(sorted(operation.notMethods)),
        "notPaths": _paths(operation.notPaths),
        "notPorts": _ports(targets, operation.notPorts),
        "notHosts": _hosts(operation.notHosts),
    }
    return {key: values for key, values in fields.items() if values}


def _paths(patterns: Iterable[str]) -> tuple[str, ...]:
    """In Istio ``/a/*`` is what begins with ``/a/``; in the language it is ``/a`` too."""
    listed = tuple(patterns)
    return tuple(sorted({*listed, *(path[:-2] for path in listed if path.endswith("/*") and len(path) > 2)}))


def _hosts(hosts: Iterable[str]) -> tuple[str, ...]:
    """Istio compares the Host header as it was sent, which may have a port: ``a.com`` is ``a.com:*`` too.

    https://istio.io/latest/docs/ops/best-practices/security/#writing-host-match-policies
    """
    listed = tuple(hosts)
    return tuple(sorted({*listed, *(f"{host}:*" for host in listed if not {"*", ":"} & set(host))}))


def _ports(targets: Mapping[str, str] | None, names: Iterable[str]) -> tuple[str, ...]:
    if targets is None:
        return tuple(sorted({name for name in names if number_of(name) is not None}, key=int))
    return tuple(sorted({targets[name] for name in names if name in targets}, key=int))


def targets_of(ports: Iterable[Port]) -> dict[str, str]:
    """Container ports by the names and the numbers of a Service's ports."""
    return {key: str(port.target) for port in ports for key in (port.name, str(port.number))}


def _condition(scope: Scope, key: str, values: tuple[str, ...], unwanted: tuple[str, ...]) -> Asked:
    if key == "source.serviceAccount":
        values, unwanted = (tuple(_account(scope, one) for one in listed) for listed in (values, unwanted))
    return Asked(key, tuple(sorted(set(values))), tuple(sorted(set(unwanted))))


def limited(rule: Rule, http: Fields) -> Iterator[Rule]:
    """A rule kept to HTTP ports where it asks for what only HTTP has.

    Callers that are known without HTTP are kept apart from the others, so that they stay denied on every port.
    """
    sources, operations, conditions = rule
    by_token = tuple(source for source in sources if set(HTTP_SOURCE) & set(source))
    if any(one.key.startswith(HTTP_CONDITION) for one in conditions):
        yield Rule(sources, tuple(_at(one, http) for one in operations or ({},)), conditions)
        return
    if len(by_token) < len(sources) or not sources:
        known = tuple(source for source in sources if source not in by_token)
        fitting = tuple(_at(one, http) if set(HTTP_OPERATION) & set(one) else one for one in operations)
        yield Rule(known, fitting, conditions)
    if by_token:
        yield Rule(by_token, tuple(_at(one, http) for one in operations or ({},)), conditions)


def _at(operation: Fields, http: Fields) -> Fields:
    """An operation at the ports that it names, or else at those that speak HTTP, less those that it leaves out."""
    if "ports" in operation:
        return operation
    left_out = operation.get("notPorts", ())
    if "ports" in http:
        rest = {key: values for key, values in operation.items() if key != "notPorts"}
        return {**rest, "ports": tuple(port for port in http["ports"] if port not in left_out)}
    both = tuple(sorted({*left_out, *http.get("notPorts", ())}, key=int))
    return {**operation, "notPorts": both} if both else operation


#: The end of the name of a policy that denies requests without a token.
WITHOUT_TOKEN = "-without-token"


def without_token(scope: Scope, tokens: Iterable[Jwt]) -> tuple[Policy, ...]:
    """The policy that denies requests without a valid token where one is required.

    A RequestAuthentication alone refuses tokens that are not valid, and lets requests pass that have none
    (https://istio.io/latest/docs/reference/config/security/request_authentication/). Where several issuers require
    one for the same requests, a token of any of them will do.
    """
    issuers: dict[str, list[str]] = {}
    operations: dict[str, Fields] = {}
    for one in tokens:
        if one.require is not None and one.issuer is not None:
            fields = operation_fields(scope.ports, one.require)
            issuers.setdefault(repr(fields), []).append(f"{one.issuer}/*")
            operations[repr(fields)] = fields
    rules: list[Rule] = []
    for key in sorted(issuers):
        source = {"notRequestPrincipals": tuple(sorted(set(issuers[key])))}
        rules += limited(Rule((source,), (operations[key],)), scope.http)
    return (Policy(scope.name + WITHOUT_TOKEN, "DENY", tuple(rules)),) if rules else ()
