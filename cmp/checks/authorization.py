"""Checks of rules of access: what Istio's webhook refuses, and what would never match or match too much.

istio pkg/config/validation/validation.go, ValidateAuthorizationPolicy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.finding import Finding
from cmp.checks.gates import CONDITIONS
from cmp.checks.held import Held, Path, around, held
from cmp.context.model import HTTP_PROTOCOLS, Context, Service, find_port
from cmp.context.names import number_of
from cmp.context.rules import HTTP_CONDITION, HTTP_OPERATION, HTTP_SOURCE
from cmp.diagnostics import did_you_mean
from cmp.spec.identity import is_ip_block, is_trust_domain

if TYPE_CHECKING:
    from cmp.spec.security import Access, Operation, Source


def _rules(one: Held) -> Iterator[tuple[Access, Path]]:
    for index, rule in enumerate(one.access):
        yield rule, (*one.path, "access", index)


def _sources(one: Held) -> Iterator[tuple[Source, Path]]:
    for rule, path in _rules(one):
        for number, source in enumerate(rule.from_):
            yield source, (*path, "from", number)


def written(part: object) -> list[str]:
    """The keys of a part of a spec under which something is written."""
    return [key for key, value in vars(part).items() if value not in (None, (), {})]


def check_actions(context: Context) -> Iterator[Finding]:
    """An authorizer is asked by CUSTOM rules alone, and only what admits or denies can be tried."""
    for one in held(context):
        for rule, path in _rules(one):
            custom = rule.action == "CUSTOM"
            if custom and rule.provider is None:
                yield Finding(
                    "MS102", one.owner, path, "a CUSTOM rule asks nobody", "add provider: name-of-the-authorizer"
                )
            if rule.provider is not None and not custom:
                message = "only CUSTOM rules ask a provider"
                yield Finding("MS218", one.owner, (*path, "provider"), message, "add action: CUSTOM", True)
            if rule.dryRun and rule.action in ("AUDIT", "CUSTOM"):
                message = f"Istio cannot try {rule.action} rules, only ALLOW and DENY"
                yield Finding("MS218", one.owner, (*path, "dryRun"), message, "leave it out", True)
            for at in _identities(rule) if custom else ():
                message = f'"{at[-1]}" says nothing in a CUSTOM rule: Istio does not look at identities there'
                help = "choose requests by to, ipBlocks or headers, and let the provider look at who calls"
                yield Finding("MS218", one.owner, (*path, *at), message, help, True)


#: What a CUSTOM rule may ask for.
UNIDENTIFIED = ("ipBlocks", "remoteIpBlocks", "notIpBlocks", "notRemoteIpBlocks")
IDENTITY_CONDITIONS = ("source.namespace", "source.principal", "source.serviceAccount", "source.trustDomain")


def _identities(rule: Access) -> Iterator[Path]:
    for number, source in enumerate(rule.from_):
        yield from (("from", number, key) for key in written(source) if key not in UNIDENTIFIED)
    for key in rule.when:
        if key in IDENTITY_CONDITIONS or key.startswith("request.auth."):
            yield ("when", key)


def asked(one: Held) -> Iterator[tuple[str, Path]]:
    """The authorizers that CUSTOM rules name, each with its place. They are extension providers of the mesh."""
    for rule, path in _rules(one):
        if rule.provider is not None and rule.action == "CUSTOM":
            yield rule.provider.name, (*path, "provider")


def check_providers(context: Context) -> Iterator[Finding]:
    """One authorizer for a pod: with two, istiod denies every request that is to be decided by either.

    istio pilot/pkg/security/authz/builder, buildHTTP.
    """
    for one in held(context):
        named = [(name, other, path) for other in around(context, one) for name, path in asked(other)]
        for name, other, path in named[1:]:
            first, holder, _ = named[0]
            if name != first and one in (holder, other):
                message = f'{one} has two authorizers, "{first}" and "{name}": Istio would deny all requests to it'
                yield Finding("MS218", other.owner, path, message, "ask one of them for both")


def check_authorizers(context: Context) -> Iterator[Finding]:
    """The authorizer is one of the platform's providers, where it lists some, and of a kind that decides."""
    providers = context.platform.spec.providers if context.platform is not None else {}
    for one in held(context) if providers else ():
        for name, path in asked(one):
            listed = providers.get(name)
            if listed is None:
                message = f'the platform has no provider "{name}"'
                yield Finding("MS202", one.owner, path, message, did_you_mean(name, list(providers)))
            elif listed.envoyExtAuthzHttp is None and listed.envoyExtAuthzGrpc is None:
                message = f'provider "{name}" decides nothing: it is no envoyExtAuthzHttp or envoyExtAuthzGrpc'
                yield Finding("MS218", one.owner, path, message, "name one that is")


def check_sources(context: Context) -> Iterator[Finding]:
    """Callers are named in one way, and in full where no namespace is at hand."""
    for one in held(context):
        for source, path in _sources(one):
            accounts = [key for key in ("serviceAccounts", "notServiceAccounts") if getattr(source, key)]
            said = IDENTITIES if source.serviceAccounts else ()  # the table of forms says it of these
            beside = [key for key in written(source) if key in BESIDE_ACCOUNTS and key not in said]
            if accounts and beside:
                message = f'"{accounts[0]}" and "{beside[0]}" exclude each other'
                help = "write namespace/name in serviceAccounts, or two items"
                yield Finding("MS105", one.owner, (*path, accounts[0]), message, help, True)
            for key in accounts:
                if len(getattr(source, key)) > MOST_ACCOUNTS:
                    message = (
                        f"Istio compares with {MOST_ACCOUNTS} service accounts, these are {len(getattr(source, key))}"
                    )
                    yield Finding("MS218", one.owner, (*path, key), message, "write them in two items", True)
            yield from _unqualified(one, source, path)


#: What may not stand beside serviceAccounts: what becomes principals, and namespaces.
IDENTITIES = ("services", "gateway", "principals")
BESIDE_ACCOUNTS = (*IDENTITIES, "notServices", "notPrincipals", "namespaces", "notNamespaces")


def _unqualified(one: Held, source: Source, path: Path) -> Iterator[Finding]:
    if one.kind not in UNPLACED:
        return
    for keys, sign, shape in ((("services", "notServices"), ".", "{}.shop"), (ACCOUNTS, "/", "shop/{}")):
        for key in keys:
            for at, name in enumerate(getattr(source, key)):
                if sign not in name:
                    message = f'"{name}": of which namespace?'
                    yield Finding("MS104", one.owner, (*path, key, at), message, f"for example {shape.format(name)}")


ACCOUNTS = ("serviceAccounts", "notServiceAccounts")
#: Where rules hold that have no namespace to look up plain names in.
UNPLACED = ("mesh", "gateways")
#: How many accounts one item may name (istio pkg/config/security, CheckServiceAccount).
MOST_ACCOUNTS = 16


def check_gateway_names(context: Context) -> Iterator[Finding]:
    """A gateway that is let in is one of the platform's."""
    names = [gateway.name for gateway in context.platform.gateways] if context.platform is not None else []
    for one in held(context):
        for source, path in _sources(one):
            for at, name in enumerate(source.gateway):
                if name not in names:
                    message = f'the platform has no gateway "{name}"'
                    yield Finding("MS202", one.owner, (*path, "gateway", at), message, did_you_mean(name, names))


def check_conditions(context: Context) -> Iterator[Finding]:
    """Attributes are known, and their values have the syntax of what they are compared with."""
    for one in held(context):
        for rule, path in _rules(one):
            for key, condition in rule.when.items():
                at = (*path, "when", key)
                since, have = CONDITIONS.get(key, (0, 0)), one.owner.target.istio
                if have < since:
                    shown, want = (".".join(map(str, version)) for version in (have, since))
                    message = f'Istio {shown} does not know "{key}": it came with {want}'
                    help = "leave it out, or raise istio.version of the platform when the mesh has it"
                    yield Finding("MS212", one.owner, at, message, help, True)
                for name in ("values", "notValues"):
                    yield from _compared(one, key, getattr(condition, name), (*at, name))


#: Attributes with a syntax of their own, and what a value looks like.
EXAMPLES = {
    "source.ip": "write for example 10.0.0.0/8",
    "remote.ip": "write for example 10.0.0.0/8",
    "destination.ip": "write for example 10.0.0.0/8",
    "destination.port": "write the number of the container's port",
    "source.serviceAccount": "write namespace/name",
    "source.trustDomain": "write for example cluster.local",
}


def _compared(one: Held, key: str, values: tuple[str, ...], path: Path) -> Iterator[Finding]:
    for at, value in enumerate(values):
        if not _fits(one, key, value):
            message = f'"{value}" is not what {key} is compared with'
            yield Finding("MS104", one.owner, (*path, at), message, EXAMPLES[key])
    if key == "source.serviceAccount" and len(values) > MOST_ACCOUNTS:
        message = f"Istio compares with {MOST_ACCOUNTS} service accounts, these are {len(values)}"
        yield Finding("MS218", one.owner, path, message, "write them in two rules", True)


def _fits(one: Held, key: str, value: str) -> bool:
    if key.endswith(".ip"):
        return is_ip_block(value)
    if key == "destination.port":
        return 0 < (number_of(value) or 0) <= 65535
    if key == "source.serviceAccount":
        parts = value.split("/")
        fine = "*" not in value and all(parts) and len(parts) <= 2 and len(value) <= 253
        return fine and (len(parts) == 2 or one.kind not in UNPLACED)
    return is_trust_domain(value) if key == "source.trustDomain" else True


def check_operations(context: Context) -> Iterator[Finding]:
    """What only HTTP has says nothing on another port; in a rule that denies, it would deny every connection there."""
    for one in held(context):
        for rule, path in _rules(one):
            denies = rule.action not in (None, "ALLOW")
            shared = _http_of_rule(rule)
            for number, operation in enumerate(rule.to):
                keys = [key for key in written(operation) if key in HTTP_OPERATION]
                at = (*path, "to", number, keys[0]) if keys else (*path, *shared) if shared else None
                if at is not None:
                    yield from _without_http(one, operation, denies, at, (*path, "to", number))
            if shared and not rule.to:
                yield from _without_http(one, None, denies, (*path, *shared), path)


def _http_of_rule(rule: Access) -> Path:
    """The first thing that a rule asks for of all its operations and that only HTTP has."""
    for number, source in enumerate(rule.from_):
        for key in written(source):
            if key in HTTP_SOURCE:
                return ("from", number, key)
    return next((("when", key) for key in rule.when if key.startswith(HTTP_CONDITION)), ())


def _without_http(one: Held, operation: Operation | None, denies: bool, at: Path, path: Path) -> Iterator[Finding]:
    named = (operation.ports, operation.notPorts) if operation is not None else ((), ())
    if one.ports is None:
        if denies and one.kind != "gateways" and not any(named):
            message = (
                f'"{at[-1]}" is of HTTP, and which ports speak it is not known here: this would deny all connections'
            )
            yield Finding("MS102", one.owner, path, message, "add to: {ports: [8080]}, the pods' own ports")
        return
    if not one.ports and isinstance(one.owner, Service) and not one.owner.facts.ours:
        message = f'"{at[-1]}" is of HTTP, and which ports speak it is not told'
        yield Finding("MS102", one.owner, at, message, "add the ports of its Service: ports: {http: 8080}", True)
        return
    ports = [find_port(one.ports, name) for name in named[0]] or list(one.ports)
    left = [port for port in ports if port is None or not {port.name, str(port.number)} & set(named[1])]
    speaking = [port for port in left if port is None or port.protocol in HTTP_PROTOCOLS]
    if not speaking:
        message = f'"{at[-1]}" never match: no port of this rule speaks HTTP'
        yield Finding("MS218", one.owner, at, message, "leave it out", True)
    elif denies and named[0] and len(speaking) < len(left):
        other = next(port for port in left if port not in speaking)
        message = f'port "{other.name if other else ""}" does not speak HTTP, so this would deny all its connections'
        help = f'write a rule of its own for it, without "{at[-1]}"'
        where = (*path, "ports", [find_port(one.ports, name) for name in named[0]].index(other))
        yield Finding("MS218", one.owner, where, message, help)
