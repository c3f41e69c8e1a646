"""What the proxy of a pod is told of who may come in: as the filters of Envoy that istiod makes of policies.

Names and form are istiod's (pilot/pkg/security/authz: ``builder/builder.go``, ``model/model.go`` and
``model/generator.go``; pilot/pkg/security/authn/policy_applier.go). Of policies that are only tried, and of AUDIT,
nothing is told: they decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cmp.replay.access import DRY_RUN, Pod, Policies, UnjudgedError, refuse
from cmp.waves import Manifest

Config = dict[str, Any]

RBAC = "envoy.filters.http.rbac"
JWT = "envoy.filters.http.jwt_authn"
EXT_AUTHZ = "envoy.filters.http.ext_authz"
_TYPE = "type.googleapis.com/envoy.extensions.filters.http"
_SHADOW = "istio_ext_authz_"
_PROVIDER = "istio-ext-authz"
_NEVER: Config = {"permissions": [{"notRule": {"any": True}}], "principals": [{"notId": {"any": True}}]}


class Inbound(NamedTuple):
    """What a proxy is told of one port of its pod.

    Attributes:
        mode: that of mutual TLS.
        filters: HTTP filters, in order, before the router. The keys of issuers, and where authorizers are, is left out:
            providers of tokens have no ``localJwks``, and ``ext_authz`` no service.
        providers: the authorizers, in the order of their filters.
    """

    mode: str
    filters: tuple[Config, ...]
    providers: tuple[str, ...]


def inbound(policies: Policies, pod: Pod, port: int) -> Inbound:
    """Tokens, then authorizers, then DENY, then ALLOW."""
    found = [one for one in policies.of("AuthorizationPolicy", pod) if not _is_tried(one)]
    by_action: dict[str, list[Manifest]] = {}
    for one in found:
        by_action.setdefault(one["spec"].get("action", "ALLOW"), []).append(one)
    providers = tuple(sorted({_provider(one) for one in by_action.get("CUSTOM", ())}))
    filters = list(_tokens(policies, pod))
    for provider in providers:
        filters += _asking(provider, [one for one in by_action["CUSTOM"] if _provider(one) == provider])
    for action in ("DENY", "ALLOW"):
        if action in by_action:
            filters.append(_filter(RBAC, "rbac.v3.RBAC", {"rules": _rules(action, by_action[action])}))
    return Inbound(policies.mtls(pod, port), tuple(filters), providers)


def _tokens(policies: Policies, pod: Pod) -> Iterator[Config]:
    """``convertToEnvoyJwtConfig``: a token has to be valid, if there is one."""
    rules = [rule for one in policies.of("RequestAuthentication", pod) for rule in one["spec"].get("jwtRules", ())]
    if not rules:
        return
    providers: Config = {}
    for number, rule in enumerate(sorted(rules, key=lambda rule: str(rule["issuer"]))):
        said = {"issuer": rule["issuer"], "payloadInMetadata": "payload"}
        said |= {"audiences": rule["audiences"]} if "audiences" in rule else {}
        providers[f"origins-{number}"] = said
    either = [{"requiresAny": {"requirements": [{"providerName": name}, {"allowMissing": {}}]}} for name in providers]
    requires = either[0]
    if len(either) > 1:
        named: list[Config] = [{"providerName": name} for name in providers]
        requires = {"requiresAny": {"requirements": [*named, {"requiresAll": {"requirements": either}}]}}
    body = {
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        "bypassCorsPreflight": True,
    }
    yield _filter(JWT, "jwt_authn.v3.JwtAuthentication", body)


def _asking(provider: str, found: Sequence[Manifest]) -> list[Config]:
    """A filter that only finds out whether an authorizer is asked, and the one that asks it then."""
    rules = {"shadowRules": _rules("DENY", found, f"{_PROVIDER}-{provider}-"), "shadowRulesStatPrefix": _SHADOW}
    asked = {
        "filter": RBAC,
        "path": [{"key": f"{_SHADOW}shadow_effective_policy_id"}],
        "value": {"stringMatch": {"prefix": f"{_PROVIDER}-{provider}"}},
    }
    return [
        _filter(RBAC, "rbac.v3.RBAC", rules),
        _filter(EXT_AUTHZ, "ext_authz.v3.ExtAuthz", {"filterEnabledMetadata": asked}),
    ]


def _rules(action: str, found: Sequence[Manifest], prefix: str = "") -> Config:
    """The rules of one action; ALLOW is what Envoy takes when none is said."""
    policies: Config = {}
    for one in found:
        refuse(one["spec"], ("action", "provider", "rules", "selector"))
        name = f"{prefix}ns[{one['metadata']['namespace']}]-policy[{one['metadata']['name']}]-rule"
        for number, rule in enumerate(one["spec"].get("rules", ())):
            policies[f"{name}[{number}]"] = _rule(rule)
        if not one["spec"].get("rules"):
            policies[f"{name}[0]"] = _NEVER
    return {**({} if action == "ALLOW" else {"action": action}), "policies": policies}


def _rule(rule: Any) -> Config:
    refuse(rule, ("from", "to", "when"))
    conditions: dict[str, list[Config]] = {"andIds": [], "andRules": []}
    for one in rule.get("when", ()):
        refuse(one, ("key", "notValues", "values"))
        kind, generated = _BY_ATTRIBUTE.get(one["key"], ("", None))
        if generated is None:
            raise UnjudgedError(f"condition on {one['key']}")
        conditions[kind] += _values(kind, generated, one.get("values", ()), one.get("notValues", ()))
    sources = [one["source"] for one in rule.get("from", ())] or [{}]
    operations = [one["operation"] for one in rule.get("to", ())] or [{}]
    return {
        "permissions": [_all("andRules", one, conditions["andRules"]) for one in operations],
        "principals": [_all("andIds", one, conditions["andIds"]) for one in sources],
    }


def _all(kind: str, fields: Mapping[str, list[str]], conditions: list[Config]) -> Config:
    """All fields of a source or an operation, in istiod's order, and the conditions."""
    known = [name for name in _FIELDS if _FIELDS[name][0] == kind]
    refuse(fields, {*known, *map(_negated, known)})
    found: list[Config] = []
    for name in known:
        found += _values(kind, _FIELDS[name][1], fields.get(name, ()), fields.get(_negated(name), ()))
    found += conditions
    return {kind: {"ids" if kind == "andIds" else "rules": found or [{"any": True}]}}


def _values(kind: str, generated: Any, wanted: Sequence[str], unwanted: Sequence[str]) -> list[Config]:
    """One of the values, and none of the others. Principals of tokens are put together in another form."""
    either, inner, negated = ("orIds", "ids", "notId") if kind == "andIds" else ("orRules", "rules", "notRule")

    def one_of(values: Sequence[str]) -> Config:
        found = [generated(value) for value in values]
        bare = generated is _token and len(found) == 1
        return found[0] if bare else {either: {inner: found}}

    return [*([one_of(wanted)] if wanted else []), *([{negated: one_of(unwanted)}] if unwanted else [])]


def _negated(name: str) -> str:
    return f"not{name[0].upper()}{name[1:]}"


def _principal(value: str) -> Config:
    return {"authenticated": {"principalName": _text(value, "spiffe://")}}


def _namespace(value: str) -> Config:
    parts = ".*".join(map(_quoted, value.split("*")))
    return {"authenticated": {"principalName": {"safeRegex": {"regex": f".*/ns/{parts}/.*"}}}}


def _token(value: str) -> Config:
    """Issuer and subject, by the last slash. ``requestPrincipalGenerator``."""
    issuer, slash, subject = value.rpartition("/")
    if value == "*":
        issuer, subject = "*", "*"
    elif not slash:
        issuer, subject = ("*", value) if value.startswith("*") else (value, "*" if value.endswith("*") else "")
    claims = {"iss": _text(issuer), "sub": _text(subject)}
    return {"andIds": {"ids": [{"metadata": _claim(name, text)} for name, text in claims.items()]}}


def _claim(name: str, text: Config) -> Config:
    return {"filter": JWT, "path": [{"key": "payload"}, {"key": name}], "value": {"stringMatch": text}}


def _port(value: str) -> Config:
    return {"destinationPort": int(value)}


def _path(value: str) -> Config:
    if "{" in value:
        template = {
            "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
            "pathTemplate": value.replace("{*}", "*").replace("{**}", "**"),
        }
        return {"uriTemplate": {"name": "uri-template", "typedConfig": template}}
    return {"urlPath": {"path": _text(value)}}


def _method(value: str) -> Config:
    return {"header": _header(":method", value)}


def _host(value: str) -> Config:
    found = _header(":authority", value)
    if "stringMatch" in found:
        found["stringMatch"]["ignoreCase"] = True
    return {"header": found}


def _header(name: str, value: str) -> Config:
    return {"name": name, **({"presentMatch": True} if value == "*" else {"stringMatch": _text(value)})}


def _quoted(text: str) -> str:
    """As Go writes it, which leaves a hyphen alone."""
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", text)


def _text(value: str, prefix: str = "") -> Config:
    """``StringMatcherWithPrefix``."""
    if value == "*":
        return {"safeRegex": {"regex": ".+"}}
    if value.startswith("*"):
        return {"safeRegex": {"regex": f"{prefix}.*{_quoted(value[1:])}"}} if prefix else {"suffix": value[1:]}
    return {"prefix": prefix + value[:-1]} if value.endswith("*") else {"exact": prefix + value}


#: In the order in which istiod puts them (each goes before those that are there): where they belong, and what is made.
_FIELDS: Mapping[str, tuple[str, Any]] = {
    "principals": ("andIds", _principal),
    "requestPrincipals": ("andIds", _token),
    "namespaces": ("andIds", _namespace),
    "hosts": ("andRules", _host),
    "methods": ("andRules", _method),
    "paths": ("andRules", _path),
    "ports": ("andRules", _port),
}
_BY_ATTRIBUTE: Mapping[str, tuple[str, Any]] = {
    "destination.port": _FIELDS["ports"],
    "request.auth.principal": _FIELDS["requestPrincipals"],
    "source.namespace": _FIELDS["namespaces"],
    "source.principal": _FIELDS["principals"],
}


def _filter(name: str, kind: str, body: Config) -> Config:
    return {"name": name, "typedConfig": {"@type": f"{_TYPE}.{kind}", **body}}


def _provider(one: Manifest) -> str:
    return str(one["spec"].get("provider", {}).get("name", ""))


def _is_tried(one: Manifest) -> bool:
    notes: Mapping[str, str] = one["metadata"].get("annotations") or {}
    return notes.get(DRY_RUN) == "true"
