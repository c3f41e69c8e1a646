"""Who may talk to whom: mutual TLS, one policy per caller and none for all others, tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cmp.context.jobs import identities
from cmp.context.model import Grant, Platform, Service
from cmp.context.rules import Fields, Policy, Rule, Wide
from cmp.manifests.step import PlatformStep, Step, fields, for_machines_too, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.security import Jwt

API = "security.istio.io/v1"

#: "No matching workloads".
NO_SUCH_PODS = "IST0127"


def peer_authentication(service: Service) -> Iterator[Manifest]:
    """MTLS of the service's pods: STRICT unless the spec says otherwise. Istio wants container ports here.

    https://istio.io/latest/docs/reference/config/security/peer_authentication/
    """
    if not service.facts.mtls:
        return
    mtls = service.spec.mtls
    ports = {}
    for name, mode in (mtls.ports if mtls is not None else {}).items():
        port = service.port(name)
        if port is not None:
            ports[str(port.target)] = {"mode": mode}
    spec = {
        "selector": _selector(service),
        "mtls": {"mode": mtls.mode if mtls is not None and mtls.mode is not None else "STRICT"},
        "portLevelMtls": ports or None,
    }
    yield manifest(API, "PeerAuthentication", service.name, spec=spec)


def only_itself(service: Service) -> Iterator[Manifest]:
    """The policy that every service has: an ALLOW of its own identity, which refuses all that no other policy admits.

    https://istio.io/latest/docs/concepts/security/#implicit-enablement
    """
    if not service.facts.guarded:
        return
    rule = {"from": [{"source": {"principals": list(identities(service))}}]}
    spec = {"selector": _selector(service), "action": "ALLOW", "rules": [rule]}
    yield for_machines_too(service, manifest(API, "AuthorizationPolicy", service.name, spec=spec), NO_SUCH_PODS)


def callers(service: Service) -> Iterator[Manifest]:
    """One ALLOW per caller: they are ORed, so each can come and go alone."""
    for grant in service.grants:
        yield for_machines_too(service, _allow(grant, _selector(service)), NO_SUCH_PODS)


def asked(service: Service) -> Iterator[Manifest]:
    """The policies that decide nothing alone: those that audit, that ask an authorizer, or that are only tried."""
    for policy in service.policies:
        if policy.action != "DENY":
            yield for_machines_too(service, _other(policy, _selector(service)), NO_SUCH_PODS)


def denied(service: Service) -> Iterator[Manifest]:
    """The policies that deny, whatever others admit."""
    for policy in service.policies:
        if policy.action == "DENY":
            yield for_machines_too(service, _other(policy, _selector(service)), NO_SUCH_PODS)


def request_authentication(service: Service) -> Iterator[Manifest]:
    """Whose tokens are believed. One that is not valid is refused with 401, wherever it is sent.

    https://istio.io/latest/docs/reference/config/security/request_authentication/
    """
    if service.spec.jwt:
        yield _tokens(service.name, service.spec.jwt, _selector(service))


def _tokens(name: str, tokens: Iterable[Jwt], selector: Manifest | None) -> Manifest:
    spec = {"selector": selector, "jwtRules": [_token(one) for one in tokens]}
    return manifest(API, "RequestAuthentication", name, spec=spec)


def _token(token: Jwt) -> Manifest:
    found: Manifest = fields(token)
    found.pop("require", None)  # the policy without_token
    claims = sorted(token.outputClaimToHeaders.items())
    found["outputClaimToHeaders"] = [{"header": header, "claim": claim} for header, claim in claims] or None
    return found


def _allow(grant: Grant, selector: Manifest | None) -> Manifest:
    spec = {"selector": selector, "action": "ALLOW", "rules": [_rule(grant)]}
    return manifest(API, "AuthorizationPolicy", grant.name, spec=spec)


def _other(policy: Policy, selector: Manifest | None) -> Manifest:
    """A policy that admits nobody. Tried is one that Istio only counts and logs.

    https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/
    """
    spec = {
        "selector": selector,
        "action": policy.action,
        "provider": {"name": policy.provider} if policy.provider is not None else None,
        "rules": [_rule(rule) for rule in policy.rules],
    }
    found = manifest(API, "AuthorizationPolicy", policy.name, spec=spec)
    if policy.dry_run:
        found["metadata"]["annotations"] = {"istio.io/dry-run": "true"}
    return found


def _rule(rule: Grant | Rule) -> Manifest:
    """Sources and operations of one rule: both must hold (two rules would be an OR)."""
    found: Manifest = {}
    sources = [{"source": _lists(source)} for source in rule.sources if source]
    operations = [{"operation": _lists(operation)} for operation in rule.operations if operation]
    if sources and len(sources) == len(rule.sources):
        found["from"] = sources
    if operations and len(operations) == len(rule.operations):
        found["to"] = operations
    if rule.conditions:
        found["when"] = [
            {"key": one.key, "values": list(one.values) or None, "notValues": list(one.unwanted) or None}
            for one in rule.conditions
        ]
    return found


def _lists(said: Fields) -> Manifest:
    return {key: list(values) for key, values in said.items()}


def _selector(service: Service) -> Manifest:
    return {"matchLabels": dict(service.facts.labels)}


#: What refuses or asks comes before what admits: it refuses nobody whom the new revision would let in, while a new
#: caller would have come in unasked. What admits comes before the policy that refuses all others. Where a request must
#: have a token, one is believed first: in a wave, custom resources are in the order of their names, and the object of
#: the issuers has the name that those of the policies begin with.
STEPS = (
    Step(Wave.PREREQUISITES, request_authentication),
    Step(Wave.PREREQUISITES, denied),
    Step(Wave.PREREQUISITES, asked),
    Step(Wave.NAMES, callers),
    Step(Wave.GUARDS, only_itself),
    Step(Wave.GUARDS, peer_authentication),
)


# -- the platform's ----------------------------------------------------------------------------------------------------


def wide_callers(platform: Platform) -> Iterator[Manifest]:
    """Whom the platform lets in. Without a selector, that is into every pod of the namespace."""
    for one in platform.wide:
        yield from _within(one, (_allow(grant, _labels(one)) for grant in one.grants or ()))


def wide_asked(platform: Platform) -> Iterator[Manifest]:
    """Policies of the platform that decide nothing alone."""
    for one in platform.wide:
        yield from _within(one, (_other(each, _labels(one)) for each in one.policies if each.action != "DENY"))


def wide_closed(platform: Platform) -> Iterator[Manifest]:
    """The default deny: an ALLOW without rules, which fits nobody."""
    for one in platform.wide:
        if one.grants == ():
            spec = {"selector": _labels(one)}
            yield from _within(one, [manifest(API, "AuthorizationPolicy", one.name, spec=spec)])


def wide_denied(platform: Platform) -> Iterator[Manifest]:
    """Policies of the platform that deny."""
    for one in platform.wide:
        yield from _within(one, (_other(each, _labels(one)) for each in one.policies if each.action == "DENY"))


def wide_tokens(platform: Platform) -> Iterator[Manifest]:
    """Whose tokens are believed in the mesh, in a namespace, at a gateway. Routes there can match on their claims."""
    for one in platform.wide:
        if one.tokens:
            yield from _within(one, [_tokens(one.name, one.tokens, _labels(one))])


def wide_peers(platform: Platform) -> Iterator[Manifest]:
    """Mutual TLS of all pods that say nothing themselves. Istio looks at one such object of a namespace: "default".

    https://istio.io/latest/docs/concepts/security/#peer-authentication
    """
    for one in platform.wide:
        if one.mtls is not None:
            spec = {"mtls": {"mode": one.mtls}}
            yield from _within(one, [manifest(API, "PeerAuthentication", one.name, spec=spec)])


def _within(wide: Wide, manifests: Iterable[Manifest]) -> Iterator[Manifest]:
    for found in manifests:
        found["metadata"]["namespace"] = wide.namespace
        yield found


def _labels(wide: Wide) -> Manifest | None:
    return {"matchLabels": dict(wide.selector)} if wide.selector is not None else None


PLATFORM_STEPS = (
    PlatformStep(Wave.PREREQUISITES, wide_tokens),
    PlatformStep(Wave.PREREQUISITES, wide_denied),
    PlatformStep(Wave.PREREQUISITES, wide_asked),
    PlatformStep(Wave.NAMES, wide_callers),
    PlatformStep(Wave.GUARDS, wide_closed),
    PlatformStep(Wave.GUARDS, wide_peers),
)
