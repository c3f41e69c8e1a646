"""Checks across services: calls and routes that their target refuses, and rules of access that never match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cmp.checks.finding import Finding, Step
from cmp.checks.traffic import named
from cmp.context.external import ExternalHost
from cmp.context.model import HTTP_PROTOCOLS, TCP_PROTOCOLS, TLS_PROTOCOLS, Context, Grant, Service
from cmp.context.names import split
from cmp.context.outside import declared_by
from cmp.context.rules import Rule


def check_calls(context: Context) -> Iterator[Finding]:
    """A call that its target in this render does not admit can only fail."""
    for service in context.services:
        for index, call in enumerate(service.spec.calls):
            target = context.service(*split(call.service, service.namespace)) if call.service is not None else None
            if target is None or target is service or admits(context, target, service.principal, service.namespace):
                continue
            denied = target_denies(context, target, service.principal, service.namespace)
            message = f'"{service.name}" calls "{target.name}", which {"denies" if denied else "does not admit"} it'
            related = ((target, ("access",), "its access is decided here"),)
            help = "leave the call out, or let the rule that denies say less" if denied else _admit(service, target)
            yield Finding("MS208", service, ("calls", index, "service"), message, help, related=related)


def _admit(caller: Service, target: Service) -> str:
    name = caller.name if caller.namespace == target.namespace else f"{caller.name}.{caller.namespace}"
    return f'add to "{target.name}": access: {name}'


def admits(context: Context, target: Service, identity: str, namespace: str, *, named: bool = False) -> bool:
    """Whether a caller may be let in by a service, or by the platform for it, for whatever request.

    Whom a rule knows by address or token may be anybody; with ``named`` such rules do not count.
    """
    if not target.facts.labels:
        return True  # there is no proxy of the mesh that could refuse
    if target_denies(context, target, identity, namespace):
        return False
    around = context.platform.around(target.namespace) if context.platform is not None else ()
    if not target.facts.guarded and all(one.grants is None for one in around):
        return True
    granted = [*target.grants, *(grant for one in around for grant in one.grants or ())]
    return identity == target.principal or any(_covers(one, identity, namespace, named) for one in granted)


def target_denies(context: Context, target: Service, identity: str, namespace: str) -> bool:
    """Whether a caller is denied whatever it asks for."""
    around = context.platform.around(target.namespace) if context.platform is not None else ()
    listed = [*target.policies, *(policy for one in around for policy in one.policies)]
    rules = [rule for policy in listed if policy.action == "DENY" and not policy.dry_run for rule in policy.rules]
    return any(_only_callers(rule) and _covers(rule, identity, namespace) for rule in rules)


def _only_callers(rule: Rule) -> bool:
    """Whether a rule asks for nothing but identities, which a render knows."""
    known = all(_known(key) for source in rule.sources for key in source)
    return not rule.operations and known and all(one.key in ASKED for one in rule.conditions)


def _known(key: str) -> bool:
    return key in ATTRIBUTES or any(key == f"not{name[0].upper()}{name[1:]}" for name in ATTRIBUTES)


def _covers(rule: Grant | Rule, identity: str, namespace: str, named: bool = False) -> bool:
    """Whether a caller may be one that a rule is about. What its requests hold beside the caller is left open."""
    values = {"principals": identity, "namespaces": namespace, "serviceAccounts": _account(identity)}
    values["trustDomains"] = identity.partition("/")[0]
    for one in rule.conditions:
        if one.key in ASKED and not _fits(values[ASKED[one.key]], one.values, one.unwanted):
            return False
    return any(
        all(
            _fits(value, source.get(key, ()), source.get(f"not{key[0].upper()}{key[1:]}", ()))
            for key, value in values.items()
        )
        for source in rule.sources or ({},)
        if not named or all(_known(key) for key in source)
    )


#: Fields and attributes that name callers, by what of an identity they are about.
ATTRIBUTES = ("principals", "namespaces", "serviceAccounts", "trustDomains")
ASKED = {
    "source.principal": "principals",
    "source.namespace": "namespaces",
    "source.serviceAccount": "serviceAccounts",
    "source.trustDomain": "trustDomains",
}


def _account(identity: str) -> str:
    namespace, _, name = identity.partition("/ns/")[2].partition("/sa/")
    return f"{namespace}/{name}"


def _fits(value: str, wanted: tuple[str, ...], unwanted: tuple[str, ...]) -> bool:
    return (not wanted or _one_of(wanted, value)) and not _one_of(unwanted, value)


def _one_of(patterns: tuple[str, ...], identity: str) -> bool:
    return any(
        identity == pattern
        or pattern == "*"
        or (pattern.endswith("*") and identity.startswith(pattern[:-1]))
        or (pattern.startswith("*") and identity.endswith(pattern[1:]))
        for pattern in patterns
    )


def check_exposed(context: Context) -> Iterator[Finding]:
    """A gateway that publishes a service is not denied by it."""
    for service in context.services:
        for one in service.exposures:
            if one.gateway is not None and target_denies(
                context, service, one.gateway.principal, one.gateway.namespace
            ):
                message = f'gateway "{one.gateway.name}" publishes this, and "{service.name}" denies it'
                help = "let the rule that denies say less, or do not publish the service there"
                yield Finding("MS208", service, ("expose", one.at), message, help)


def check_destinations(context: Context) -> Iterator[Finding]:
    """A route keeps the caller's identity: a service that it leads to must admit the callers of the routing service."""
    accounts: dict[str, list[Service]] = {}
    for service in context.services:
        accounts.setdefault(service.principal, []).append(service)
    for service in context.services:
        leading = [(one.service, (*path, "service")) for one, path in named(service)]
        leading += [(route.delegate, ("routes", index, "delegate")) for index, route in enumerate(service.spec.routes)]
        for reference, path in leading:
            other = context.service(*split(reference, service.namespace)) if reference else None
            if other is None or other is service:
                continue
            for name, help in _refused(context, service, other, path, accounts):
                message = f'"{name}" reaches "{other.name}" by this route, which does not admit it'
                yield Finding("MS208", service, path, message, help)


def _refused(
    context: Context, service: Service, other: Service, path: tuple[Step, ...], accounts: Mapping[str, list[Service]]
) -> Iterator[tuple[str, str]]:
    """Who follows a route of ``service`` to ``other`` and is not admitted there, and what to write."""
    if path[0] != "expose" and not _admits_all(context, other):
        named = _callers_named(context, service)
        callers = context.services if named is None else [one for name in named for one in accounts.get(name, ())]
        for caller in callers:
            identity = (caller.principal, caller.namespace)
            if caller in (service, other) or not (service.facts.guarded or _calls(caller, service)):
                continue  # where anybody may call, only those who say so are known
            if admits(context, service, *identity, named=True) and not admits(context, other, *identity):
                yield caller.name, _admit(caller, other)
    exposing = [one.gateway for one in service.exposures if path[0] != "expose" or one.at == path[1]]
    for gateway in {one.name: one for one in exposing if one is not None}.values():
        if not admits(context, other, gateway.principal, gateway.namespace):
            yield f"gateway {gateway.name}", f'add to "{other.name}": access: {{from: {{gateway: {gateway.name}}}}}'


def _admits_all(context: Context, target: Service) -> bool:
    """Whether it is plain that no caller is refused, whoever that is."""
    around = context.platform.around(target.namespace) if context.platform is not None else ()
    if any(
        policy.action == "DENY" for policy in (*target.policies, *(policy for one in around for policy in one.policies))
    ):
        return False
    return any(not (grant.sources or grant.conditions) for grant in target.grants)


def _callers_named(context: Context, service: Service) -> list[str] | None:
    """The identities that a service may let in, in order; None where they are not listed one by one."""
    if not service.facts.labels or not service.facts.guarded:
        return None
    around = context.platform.around(service.namespace) if context.platform is not None else ()
    found = {service.principal}
    for grant in (*service.grants, *(grant for one in around for grant in one.grants or ())):
        for source in grant.sources or ({},):
            listed = source.get("principals", ())
            if not listed or any("*" in one for one in listed):
                return None
            found.update(listed)
    return sorted(found)


def _calls(caller: Service, service: Service) -> bool:
    return any(
        one.service is not None and split(one.service, caller.namespace) == (service.name, service.namespace)
        for one in caller.spec.calls
    )


def check_hosts(context: Context) -> Iterator[Finding]:
    """A host that a route leads to is a service of the cluster, or an outside host that somebody calls likewise.

    The proxy sends what it got: a request that came as plain HTTP would be sent so to a port that expects TLS.
    """
    known: dict[str, tuple[list[Service], list[ExternalHost]]] = {}
    for service in context.services:
        for one, path in named(service):
            if one.host is None or one.host.endswith(f".svc.{service.target.cluster_domain}"):
                continue
            if service.namespace not in known:
                known[service.namespace] = _declared(context, service.namespace)
            there, entries = known[service.namespace]
            declared = next((entry for entry in entries if entry.host == one.host), None)
            spoken = SPOKEN.get(str(path[0]), SPOKEN["routes"])
            owner = next((other for other in there if other.outside and one.host in other.outside.hosts), None)
            help = f"add it to this service: calls: {spoken.example.format(one.host)}"
            if owner is not None:
                help = port_for(owner, spoken)
            if declared is None:
                message = f'nobody declares the host "{one.host}"'
                yield Finding("MS217", service, (*path, "host"), message, help)
            elif declared.port(one.port, spoken.protocols) is None:
                which = f"port {one.port}" if one.port else "any port"
                added = any(port.tls or port.gateway for port in declared.ports)
                straight = ", without tls and gateway" if added else ""
                message = f'"{one.host}" is not called over {spoken.name} at {which}{straight}'
                yield Finding("MS217", service, (*path, "port" if one.port else "host"), message, help)


def _declared(context: Context, namespace: str) -> tuple[list[Service], list[ExternalHost]]:
    """The services of a namespace, and the outside hosts that are declared for it."""
    there = [other for other in context.services if other.namespace == namespace]
    entries = [entry for other in there for entry in (*other.external, *declared_by(other))]
    if context.platform is not None:
        entries += context.platform.outside[context.platform.target.root_namespace]
    return there, entries


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


def port_for(owner: Service, spoken: Spoken) -> str:
    """How the owner of an outside host lets rules lead there: of plain HTTP the proxy makes TLS on the way."""
    written = f"{spoken.example.partition('://')[0]}: 443"
    if spoken.protocols == HTTP_PROTOCOLS:
        written = "http: {port: 80, targetPort: 443, tls: SIMPLE}"
    return f'add to "{owner.name}": ports: {{{written}}}'


def check_identities(context: Context) -> Iterator[Finding]:
    """Without mutual TLS no caller has an identity: who is let in by it cannot get in, who is denied by it can."""
    for service in context.services:
        mtls = service.spec.mtls
        places: list[tuple[tuple[str, ...], str | None]] = []
        if mtls is not None and mtls.mode == "DISABLE":
            places.append((("mode",), None))
        for name, mode in mtls.ports.items() if mtls is not None else ():
            port = service.port(name)
            if mode == "DISABLE" and port is not None:
                places.append((("ports", name), str(port.target)))
        for path, target in places:
            yield from _nobody_known(service, path, target)


def _nobody_known(service: Service, path: tuple[str, ...], target: str | None) -> Iterator[Finding]:
    denying = [rule for policy in service.policies if policy.action == "DENY" for rule in policy.rules]
    if any(asks_who(grant, target) for grant in service.grants):
        message = "callers have no identity here, so nobody that access lists gets in"
        help = "use PERMISSIVE, or let anybody in: access: [{}]"
        yield Finding("MS218", service, ("mtls", *path), message, help)
    elif any(asks_who(rule, target) for rule in denying):
        message = "callers have no identity here, so a rule that denies some of them denies nobody, or all"
        yield Finding("MS218", service, ("mtls", *path), message, "use STRICT")


def asks_who(rule: Grant | Rule, target: str | None) -> bool:
    """Whether a rule asks for an identity, at a container port or, without one, at any."""
    who = any(_known(key) for source in rule.sources for key in source) or any(
        one.key in ASKED for one in rule.conditions
    )
    operations = rule.operations or ({},)
    return who and any(
        target is None or (target in one.get("ports", (target,)) and target not in one.get("notPorts", ()))
        for one in operations
    )
