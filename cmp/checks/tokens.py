"""Checks of tokens: whose are believed, and which requests need one.

istio pkg/config/validation/validation.go, validateJwtRule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cmp.checks.authorization import written
from cmp.checks.finding import Finding
from cmp.checks.held import Held, Path, around, held
from cmp.context.model import HTTP_PROTOCOLS, Context, find_port
from cmp.context.rules import HTTP_SOURCE, WITHOUT_TOKEN, Fields, Rule, operation_fields, targets_of
from cmp.spec.identity import is_address

if TYPE_CHECKING:
    from cmp.spec.security import Jwt


def check_tokens(context: Context) -> Iterator[Finding]:
    """An issuer can be told apart and its keys be found."""
    for one in held(context):
        for index, token in enumerate(one.jwt):
            path: Path = (*one.path, "jwt", index)
            yield from _issuer(one, token, path)
            if len(token.spaceDelimitedClaims) > MOST_CLAIMS:
                message = f"Istio splits {MOST_CLAIMS} claims, these are {len(token.spaceDelimitedClaims)}"
                yield Finding("MS218", one.owner, (*path, "spaceDelimitedClaims"), message, "leave some out", True)
            seen: set[str] = set()
            for name in token.outputClaimToHeaders:
                if name.lower() in seen:
                    at = (*path, "outputClaimToHeaders", name)
                    yield Finding("MS008", one.owner, at, f'header "{name}" is given twice', "keep one", True)
                seen.add(name.lower())


#: How many claims Istio's CustomResourceDefinition lets spaceDelimitedClaims name.
MOST_CLAIMS = 64


def _issuer(one: Held, token: Jwt, path: Path) -> Iterator[Finding]:
    if token.issuer is None and token.jwksUri is None:
        yield Finding("MS102", one.owner, path, "jwt needs an issuer", "add issuer: https://id.example.com")
    elif token.issuer is None and token.require is not None:
        message = "a token can only be required of an issuer that is named"
        yield Finding("MS102", one.owner, (*path, "require"), message, "add issuer: https://id.example.com", True)
    if token.issuer is not None and not (token.jwksUri or token.jwks or is_address(token.issuer)):
        message = f'"{token.issuer}" is no address, so its keys cannot be looked up there'
        yield Finding("MS102", one.owner, (*path, "issuer"), message, "add jwksUri: https://..., or jwks")


def check_token_ports(context: Context) -> Iterator[Finding]:
    """Tokens come with requests of HTTP: where none is spoken, nobody looks for one."""
    for one in held(context):
        if one.jwt and one.ports is not None and not any(port.protocol in HTTP_PROTOCOLS for port in one.ports):
            message = f"{one} has jwt, but no HTTP port"
            yield Finding("MS205", one.owner, ("jwt",), message, "name a port http, or leave jwt out", True)
            continue
        for index, token in enumerate(one.jwt):
            if token.require is None:
                continue
            path: Path = (*one.path, "jwt", index, "require")
            if one.kind in ("mesh", "namespaces") and not (token.require.ports or token.require.notPorts):
                message = "which ports speak HTTP is not known here, and a connection to another has no token"
                yield Finding("MS102", one.owner, path, message, "write require: {ports: [8080]}, the pods' own ports")
            speaking = [port for port in one.ports or () if port.protocol in HTTP_PROTOCOLS]
            if speaking and all({port.name, str(port.number)} & set(token.require.notPorts) for port in speaking):
                message = "no HTTP port is left: a token would be required of nobody"
                yield Finding("MS218", one.owner, (*path, "notPorts"), message, "leave require out", True)
            for at, name in enumerate(token.require.ports):
                port = find_port(one.ports or (), name)
                if port is not None and port.protocol not in HTTP_PROTOCOLS:
                    message = f'port "{name}" does not speak HTTP: nobody can send a token there'
                    yield Finding("MS218", one.owner, (*path, "ports", at), message, "leave it out")


def check_requirements(context: Context) -> Iterator[Finding]:
    """For one request, tokens are required once: of one issuer, or of any of several that say the same."""
    for one in held(context):
        targets = targets_of(one.ports) if one.ports is not None else None
        asked = [operation_fields(targets, token.require) if token.require else None for token in one.jwt]
        for index, token in enumerate(one.jwt):
            path: Path = (*one.path, "jwt", index)
            for before, other in enumerate(one.jwt[:index]):
                mine, theirs = asked[index], asked[before]
                related = ((one.owner, (*one.path, "jwt", before), "the other one"),)
                if token.issuer is not None and token.issuer == other.issuer and mine != theirs:
                    message = f'"{token.issuer}" stands twice, and no rule can tell whose of its tokens are required'
                    help = "write the same require in both, or leave it out of both"
                    yield Finding("MS218", one.owner, (*path, "issuer"), message, help, related=related)
                elif mine is not None and theirs is not None and mine != theirs and not apart(mine, theirs):
                    message = "this overlaps with what another issuer requires: which of the two tokens would do?"
                    help = "write the same require in both, and either will do; or let their paths be disjoint"
                    yield Finding("MS218", one.owner, (*path, "require"), message, help, True, related)


def check_required_twice(context: Context) -> Iterator[Finding]:
    """What the platform requires is required too: where no token would do for both, nobody gets in."""
    for one in held(context):
        for other in around(context, one):
            if other is one or not any(_clash(a, b) for a in _required(one) for b in _required(other)):
                continue
            message = f"{other} requires a token of another issuer for the same requests: nobody has both"
            related = ((other.owner, (*other.path, "jwt"), "required here"),)
            help = "require the same issuer, or say in one of the two which requests are left to the other"
            yield Finding("MS218", one.owner, (*one.path, "jwt"), message, help, True, related)


def _required(one: Held) -> list[Rule]:
    return [rule for policy in one.policies if policy.name.endswith(WITHOUT_TOKEN) for rule in policy.rules]


def _clash(one: Rule, other: Rule) -> bool:
    issuers = [{value for source in rule.sources for value in source["notRequestPrincipals"]} for rule in (one, other)]
    overlap = any(not apart(a, b) for a in one.operations or ({},) for b in other.operations or ({},))
    return overlap and not issuers[0] & issuers[1]


def check_tokens_known(context: Context) -> Iterator[Finding]:
    """Who asks for a token says whose are believed: without, there is none in any request."""
    for one in held(context):
        if _checks_tokens(context, one):
            continue
        for index, rule in enumerate(one.access):
            path: Path = (*one.path, "access", index)
            places = [
                ("from", number, key)
                for number, source in enumerate(rule.from_)
                for key in written(source)
                if key in HTTP_SOURCE
            ]
            places += [("when", 0, key) for key in rule.when if key.startswith("request.auth.")]
            for part, number, key in places[:1]:
                at = (*path, part, number, key) if part == "from" else (*path, part, key)
                message = f'"{key}" asks for a token, and nothing says whose tokens are believed'
                yield Finding("MS102", one.owner, at, message, "add jwt: {issuer: https://id.example.com}", True)


def check_claims(context: Context) -> Iterator[Finding]:
    """Claims that routes match on are those of a token that the gateway has checked, or its namespace, or the mesh."""
    checked = {one.path[-1] for one in held(context) if one.kind == "gateways" and _checks_tokens(context, one)}
    for service in context.services:
        exposing = {one.gateway.name for one in service.exposures if one.gateway is not None}
        for index, route in enumerate(service.spec.routes):
            for number, match in enumerate(route.match):
                there = exposing & set(match.gateways) if match.gateways else exposing
                lacking = sorted(there - checked) if match.claims else []
                if lacking:
                    message = f'gateway "{lacking[0]}" checks no tokens, so it knows no claims'
                    help = "add to the gateway: jwt: {issuer: ...}, or let the match be for others: gateways: [...]"
                    path: Path = ("routes", index, "match", number, "claims")
                    yield Finding("MS102", service, path, message, help, True)


def _checks_tokens(context: Context, one: Held) -> bool:
    return any(other.jwt for other in around(context, one))


# -- requests that two requirements are about --------------------------------------------------------------------------


def apart(one: Fields, other: Fields) -> bool:
    """Whether no request fits both operations, as far as that can be told by one key of them."""
    return any(
        (key in one and key in other and all(_distinct(a, b) for a in one[key] for b in other[key]))
        or _excluded(one, other, key)
        or _excluded(other, one, key)
        for key in ("methods", "paths", "hosts", "ports")
    )


def _excluded(one: Fields, other: Fields, key: str) -> bool:
    """Whether one asks only for what the other leaves out."""
    left_out = other.get(f"not{key.capitalize()}", ())
    return key in one and all(any(_within(value, pattern) for pattern in left_out) for value in one[key])


def _distinct(a: str, b: str) -> bool:
    """Whether no text fits both patterns. A template counts as all that begins like it."""
    (first, a), (second, b) = sorted((_pattern(a), _pattern(b)))
    if (first, second) == ("exact", "exact"):
        return a != b
    if first == second:
        return not (a.startswith(b) or b.startswith(a)) if first == "prefix" else not (a.endswith(b) or b.endswith(a))
    if first == "exact":
        return not (a.startswith(b) if second == "prefix" else a.endswith(b))
    return False


def _within(value: str, pattern: str) -> bool:
    """Whether each text that fits a value fits a pattern too."""
    (kind, text), (wide, end) = _pattern(value), _pattern(pattern)
    if value == pattern or "{" in pattern or wide == "exact":
        return value == pattern
    return kind in ("exact", wide) and (text.startswith(end) if wide == "prefix" else text.endswith(end))


def _pattern(text: str) -> tuple[str, str]:
    """How Istio compares, and with what."""
    if "{" in text:
        return "prefix", text.partition("{")[0]
    if text.endswith("*"):
        return "prefix", text[:-1]
    return ("suffix", text[1:]) if text.startswith("*") else ("exact", text)
