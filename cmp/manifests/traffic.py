"""Routing: the VirtualServices of the mesh, and one DestinationRule per version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from cmp.context.egress import AUTHORITIES
from cmp.context.hosts import uncovered
from cmp.context.model import Destination, HttpMatch, HttpRule, Mirrored, Service, StreamMatch, StreamRule
from cmp.context.names import delegated_name
from cmp.context.outside import ENCRYPTED
from cmp.context.profiles import Profile
from cmp.context.running import each_host
from cmp.manifests.step import SUPPRESS, Step, fields, manifest
from cmp.waves import Manifest, Wave

if TYPE_CHECKING:
    from cmp.spec.traffic import Cors, Headers, Retries, Target, TextMatch

API = "networking.istio.io/v1"

#: "No such host": for a rule that is exported to all, the analyzer looks only among Services that are, too.
NO_SUCH_HOST = "IST0174"
NO_SUCH_DESTINATION = "IST0101"
#: "Subset selects no pods": it does not look at machines and other endpoints.
NO_SUCH_PODS = "IST0173"


def subsets(service: Service) -> Iterator[Manifest]:
    """One DestinationRule per version with its subset only; istiod merges those of a host.

    So adding a version creates an object before the route that names it, and removing one deletes an object after. They
    merge only while namespace, host and exportTo are the same, so exportTo is always all
    (istio pilot/pkg/model/destination_rule.go, mergeDestinationRule).
    """
    if not service.facts.split:
        return
    for suffix, one in each_host(service):
        for version in one.versions:
            policy = _policy(one, version.spec) or None
            subset = {"name": version.name, "labels": dict(version.labels), "trafficPolicy": policy}
            spec = {"exportTo": ["*"], "host": one.host, "subsets": [subset]}
            name = f"{one.name}-{version.name}{suffix}"
            codes = NO_SUCH_HOST if one.facts.pods else f"{NO_SUCH_HOST},{NO_SUCH_PODS}"
            yield _suppressed(manifest(API, "DestinationRule", name, spec=spec), codes)


def _suppressed(rule: Manifest, codes: str = NO_SUCH_HOST) -> Manifest:
    rule["metadata"]["annotations"] = {SUPPRESS: codes}
    return rule


def host_policy(service: Service) -> Iterator[Manifest]:
    """The DestinationRule of the host, where it has a policy: for all versions, and for single ports.

    A port's policy takes nothing from the host's, so what it leaves out is repeated in it
    (https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-PortTrafficPolicy).
    """
    policy = _policy(service, service.spec)
    ports = []
    for name, port in service.spec.ports.items():
        own = _policy(service, port)
        if own:
            inherited = {key: value for key, value in policy.items() if key in _PORT_KEYS}
            number = next(one.number for one in service.ports if one.name == name)
            ports.append({**inherited, **own, "port": {"number": number}})
    if policy or ports:
        whole = {**policy, "portLevelSettings": ports or None}
        for suffix, one in each_host(service):
            spec = {"exportTo": ["*"], "host": one.host, "trafficPolicy": whole}
            yield _suppressed(manifest(API, "DestinationRule", service.name + suffix, spec=spec))


_PORT_KEYS = ("loadBalancer", "connectionPool", "outlierDetection", "tls")
_POLICY_KEYS = (*_PORT_KEYS, "retryBudget", "proxyProtocol", "tunnel")


def _policy(service: Service, spec: object) -> Manifest:
    """The fields of a traffic policy that are written, as Istio has them.

    Of an outside host that names no authorities, those that systems trust are believed: without, anybody would be.
    """
    found = {key: fields(value) for key in _POLICY_KEYS if (value := getattr(spec, key, None)) is not None}
    tls = found.get("tls")
    if service.outside is not None and tls is not None and tls.get("mode") in ENCRYPTED:
        tls.setdefault("caCertificates", AUTHORITIES)
    return found


def mesh_routes(service: Service) -> Iterator[Manifest]:
    """The one VirtualService of a service's host in the mesh: of two, proxies follow the older and drop the other.

    Ports that speak TLS themselves are left alone: a rule for them would have to name the server names that clients ask
    for, and others would be refused (istio pilot/pkg/networking/core/tls.go).
    """
    for suffix, one in each_host(service):
        if not (one.http or one.tcp or one.tls):
            continue
        asked_for = {name for rule in one.tls for match in rule.matches for name in match.sni if one.outside is None}
        spec = {
            "exportTo": list(one.export_to),
            "hosts": list(uncovered([one.host, *sorted(asked_for)])),
            "http": [http(rule, service.target.profile) for rule in one.http] or None,
            "tls": [_stream(rule) for rule in one.tls] or None,
            "tcp": [_stream(rule) for rule in one.tcp] or None,
        }
        yield manifest(API, "VirtualService", one.name + suffix, spec=spec)


def delegates(service: Service) -> Iterator[Manifest]:
    """The rules that other teams' routes hand requests to. Without hosts, it says nothing by itself.

    https://istio.io/latest/docs/reference/config/networking/virtual-service/#Delegate
    """
    if service.delegated:
        spec = {"exportTo": ["*"], "http": [http(rule, service.target.profile) for rule in service.delegated]}
        found = manifest(API, "VirtualService", delegated_name(service.name), spec=spec)
        yield _suppressed(found, NO_SUCH_DESTINATION)


def http(rule: HttpRule, profile: Profile) -> Manifest:
    """A rule for requests, as VirtualServices have it."""
    matches = [found for match in rule.matches if (found := _match(match))]
    unconditional = len(matches) < len(rule.matches)
    head: Manifest = {"name": rule.name, "match": None if unconditional else matches}
    if rule.route is not None and (rule.route.redirect or rule.route.directResponse):
        # Envoy's filter for cross-origin requests stands before the router, and so holds for its answers, too.
        return {**head, **_answer(rule.route), "corsPolicy": _cors(rule.cors), "headers": _headers(rule.headers)}
    if rule.delegate is not None:
        name, namespace = rule.delegate
        head["delegate"] = {"name": name, "namespace": namespace}
    rewrite = {"uri": rule.rewrite, "authority": rule.authority, "uriRegexRewrite": fields(rule.regex)}
    return {
        **head,
        "rewrite": rewrite if any(rewrite.values()) else None,
        "route": route(rule.destinations) or None,
        "fault": _fault(rule.route),
        "mirrors": [_mirror(mirror) for mirror in rule.mirrors] or None,
        "timeout": rule.timeout,
        "retries": retries_of(rule.retries, profile),
        "corsPolicy": _cors(rule.cors),
        "headers": _headers(rule.headers),
    }


def _headers(headers: Headers | None) -> Manifest | None:
    return (fields(headers) or None) if headers is not None else None


def _cors(cors: Cors | None) -> Manifest | None:
    if cors is None:
        return None
    return {**fields(cors), "allowOrigins": [_text(origin) for origin in cors.allowOrigins] or None}


def _answer(route: Target) -> Manifest:
    """What the proxy answers itself: a redirect, or a fixed response."""
    if route.directResponse is not None:
        body = route.directResponse.body
        text = {"string": body} if body is not None else None
        return {"directResponse": {"status": route.directResponse.status, "body": text}}
    written = fields(route.redirect)
    return {"redirect": {("uri" if key == "path" else key): value for key, value in written.items()}}


def _fault(route: Target | None) -> Manifest | None:
    if route is None or route.fault is None:
        return None
    return {key: {**value, "percentage": _share(value.get("percentage"))} for key, value in fields(route.fault).items()}


def _share(percent: float | None) -> Manifest:
    """Istio's Percent; all of the requests unless told."""
    return {"value": 100 if percent is None else percent}


def _mirror(mirror: Mirrored) -> Manifest:
    return {"destination": _destination(mirror.destination), "percentage": _share(mirror.percentage)}


def _match(match: HttpMatch) -> Manifest:
    spec = match.spec
    found: Manifest = {
        "uri": {match.path.kind: match.path.value} if match.path else None,
        "method": {"exact": match.method} if match.method else None,
        "port": match.port,
    }
    if spec is not None:
        found |= {
            "headers": {**_texts(spec.headers, lower=True), **_cookies(spec.cookies), **_claims(spec.claims)} or None,
            "withoutHeaders": _texts(spec.withoutHeaders, lower=True) or None,
            "queryParams": _texts(spec.queryParams) or None,
            "authority": _text(spec.authority) if spec.authority else None,
            "scheme": _text(spec.scheme) if spec.scheme else None,
            "ignoreUriCase": True if spec.ignoreUriCase and match.path else None,
            "sourceLabels": _source_labels(match.source, spec.sourceLabels),
            "sourceNamespace": match.source[1] if match.source else None,
        }
    return {key: value for key, value in found.items() if value is not None}


def _source_labels(source: tuple[str, str] | None, labels: Mapping[str, str]) -> Manifest | None:
    return {**({"app": source[0]} if source else {}), **labels} or None


def _claims(claims: Mapping[str, TextMatch]) -> Manifest:
    """Claims of a token that the gateway has checked, which Istio writes as if they were headers.

    https://istio.io/latest/docs/tasks/security/authentication/jwt-route/
    """
    at = "@request.auth.claims"
    return {f"{at}{name}" if name.startswith("[") else f"{at}.{name}": _text(text) for name, text in claims.items()}


def _cookies(cookies: Mapping[str, TextMatch]) -> Manifest:
    """Istio knows no cookies: one of them is part of a header, between others."""
    for name, text in cookies.items():
        wanted = "[^;]*"
        if text.exact is not None:
            wanted = re.escape(text.exact)
        elif text.prefix is not None:
            wanted = f"{re.escape(text.prefix)}[^;]*"
        elif text.regex is not None:
            wanted = f"({text.regex})"
        return {"cookie": {"regex": rf"(.*;\s*)?{re.escape(name)}={wanted}(;.*)?"}}
    return {}


def _texts(texts: Mapping[str, TextMatch], lower: bool = False) -> Manifest:
    """Header names are compared in lower case (HTTPMatchRequest.headers); names of query parameters as they are."""
    return {name.lower() if lower else name: _text(text) for name, text in texts.items()}


def _text(text: TextMatch) -> Manifest:
    """Istio's StringMatch; an empty one asks only that the header is there."""
    for kind, value in (("exact", text.exact), ("prefix", text.prefix), ("regex", text.regex)):
        if value is not None:
            return {kind: value}
    return {}


def route(destinations: Iterable[Destination]) -> list[Manifest]:
    """Where a rule sends what it takes; one destination needs no weight."""
    listed = list(destinations)
    return [
        {
            "destination": _destination(one),
            "weight": one.weight if len(listed) > 1 else None,
            "headers": _headers(one.headers),
        }
        for one in listed
    ]


def _destination(one: Destination) -> Manifest:
    port = {"number": one.port} if one.port is not None else None
    return {"host": one.host, "subset": one.subset, "port": port}


def retries_of(retries: Retries | None, profile: Profile) -> Manifest:
    """Retries are always written: what Istio does where they are absent has changed between its releases."""
    attempts = profile.attempts if retries is None or retries.attempts is None else retries.attempts
    if attempts == 0:
        return {"attempts": 0}
    own = fields(retries) if retries is not None else {}
    return {**own, "attempts": attempts, "retryOn": ",".join(own.get("retryOn", ())) or profile.retry_on}


def _stream(rule: StreamRule) -> Manifest:
    matches = [found for match in rule.matches if (found := stream_match(match))]
    return {"match": matches or None, "route": route(rule.destinations)}


def stream_match(match: StreamMatch) -> Manifest:
    """A condition of a rule for connections."""
    found = {
        "port": match.port,
        "sniHosts": list(match.sni) or None,
        "destinationSubnets": list(match.subnets) or None,
        "sourceLabels": _source_labels(match.source, match.labels),
        "sourceNamespace": match.source[1] if match.source else None,
    }
    return {key: value for key, value in found.items() if value is not None}


STEPS = (
    Step(Wave.GUARDS, host_policy),
    Step(Wave.GUARDS, subsets),
    Step(Wave.TRAFFIC, delegates),
    Step(Wave.TRAFFIC, mesh_routes),
)
