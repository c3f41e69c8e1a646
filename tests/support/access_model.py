"""Who may call whom: small evaluators of Istio's policies and of Kubernetes' network policies.

They are written from the upstream pages, not from what this project emits, and raise ``UnjudgedError`` for every field
that they do not know, so nothing is left out of a verdict in silence.

- Authorization, and what a request without identity matches: https://istio.io/latest/docs/concepts/security/#authorization
  and https://istio.io/latest/docs/reference/config/security/authorization-policy/
- Mutual TLS: https://istio.io/latest/docs/concepts/security/#peer-authentication
- Sidecar hosts: https://istio.io/latest/docs/reference/config/networking/sidecar/
- Network policies: https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

_ROOT_NAMESPACE = "istio-system"
_TRUST_DOMAIN = "cluster.local"
_Request = Mapping[str, str]

#: The attribute of a request that a field of a source or an operation is about. HTTP's fields are not among them:
#: the question here is who may open a connection to which port.
_ATTRIBUTES = {
    "principals": "source.principal",
    "namespaces": "source.namespace",
    "ports": "destination.port",
}


class UnjudgedError(ValueError):
    """A policy says something that these evaluators do not know."""


class Pod(NamedTuple):
    """What policies know of a pod. One that is not ``meshed`` has no proxy, so it calls without an identity."""

    namespace: str
    labels: Mapping[str, str]
    account: str
    meshed: bool = True

    @property
    def principal(self) -> str:
        return f"{_TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.account}"


def of(objects: Iterable[Any], kind: str) -> list[Any]:
    return [one for one in objects if one["kind"] == kind]


class Request(NamedTuple):
    """What an HTTP request holds beside its caller. ``token`` is issuer and subject of a valid one, or empty."""

    method: str
    host: str
    path: str
    token: tuple[str, str] | tuple[()] = ()


#: The attribute of a request that a field is about which only HTTP has.
_OF_REQUESTS = {
    "methods": "request.method",
    "hosts": "request.host",
    "paths": "request.path",
    "requestPrincipals": "request.auth.principal",
}


def istio_answers(objects: list[Any], caller: Pod, target: Pod, port: int, sent: Request | None) -> bool:
    """Whether a request, or without one a connection that is not HTTP, gets through the AuthorizationPolicies.

    Of a connection only addresses and identities are known. A rule that admits and asks for more does not fit it; in
    one that denies, what asks for more is left out
    (https://istio.io/latest/docs/concepts/security/#using-istio-authorization-on-plain-tcp-protocols). A token counts
    where a RequestAuthentication believes its issuer.
    """
    connection = {
        "source.principal": caller.principal,
        "source.namespace": caller.namespace,
        "destination.port": str(port),
    }
    request = connection if sent is None else {**connection, **_said(objects, target, sent)}
    if any(_fits(spec, request, denies=True) for spec in _policies(objects, target, "DENY")):
        return False
    allowed = list(_policies(objects, target, "ALLOW"))
    return not allowed or any(_fits(spec, request, denies=False) for spec in allowed)


def _said(objects: list[Any], target: Pod, sent: Request) -> _Request:
    believed = [rule["issuer"] for one in of(objects, "RequestAuthentication") for rule in _token_rules(one, target)]
    principal = "/".join(sent.token) if sent.token and sent.token[0] in believed else ""
    return {
        "request.method": sent.method,
        "request.host": sent.host.lower(),
        "request.path": sent.path,
        "request.auth.principal": principal,
    }


def _token_rules(one: Any, target: Pod) -> list[Any]:
    spec = one["spec"]
    _refuse(spec, {"jwtRules", "selector"})
    here = one["metadata"]["namespace"] in (target.namespace, _ROOT_NAMESPACE)
    rules: list[Any] = spec["jwtRules"] if here and _labelled(spec.get("selector", {}), target) else []
    return rules


def _fits(spec: Any, request: _Request, *, denies: bool) -> bool:
    return any(_rule_fits(rule, request, denies=denies) for rule in spec.get("rules", ()))


def _rule_fits(rule: Any, request: _Request, *, denies: bool) -> bool:
    _refuse(rule, {"from", "to"})
    parts = [[one["source"] for one in rule.get("from", ())], [one["operation"] for one in rule.get("to", ())]]
    return all(not part or any(_part_fits(one, request, denies=denies) for one in part) for part in parts)


def _part_fits(fields: Mapping[str, list[str]], request: _Request, *, denies: bool) -> bool:
    attributes = {**_ATTRIBUTES, **_OF_REQUESTS}
    negated = {f"not{name[0].upper()}{name[1:]}": name for name in attributes}
    _refuse(fields, {*attributes, *negated})
    for name, values in fields.items():
        attribute = attributes[negated.get(name, name)]
        if attribute not in request:
            if denies:
                continue
            return False
        if any(_value_fits(attribute, value, request[attribute]) for value in values) == (name in negated):
            return False
    return True


def _value_fits(attribute: str, pattern: str, text: str) -> bool:
    if "{" in pattern:
        parts = [re.escape(part) for part in re.split(r"\{\*+\}", pattern)]
        kinds = ["[^/]+" if kind == "{*}" else ".*" for kind in re.findall(r"\{\*+\}", pattern)]
        whole = "".join(part + kind for part, kind in zip(parts, [*kinds, ""], strict=True))
        return re.fullmatch(whole, text) is not None
    return _text_matches(pattern.lower() if attribute == "request.host" else pattern, text)


def istio_admits(objects: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """Whether a connection to a container port gets through mutual TLS and the AuthorizationPolicies of the target.

    DENY comes before ALLOW; without any ALLOW for the pod all is allowed; with one, what none matches is denied.
    CUSTOM asks an outside service and is ignored; AUDIT decides nothing.
    """
    mode = mtls_mode(objects, target, port)
    known = caller.meshed and mode != "DISABLE"
    if mode == "STRICT" and not known:
        return False
    request = {
        "source.principal": caller.principal if known else "",
        "source.namespace": caller.namespace if known else "",
        "destination.port": str(port),
    }
    if any(_matches(spec, request) for spec in _policies(objects, target, "DENY")):
        return False
    allowed = list(_policies(objects, target, "ALLOW"))
    return not allowed or any(_matches(spec, request) for spec in allowed)


def mtls_mode(objects: list[Any], target: Pod, port: int) -> str:
    """The mode of the closest PeerAuthentication that sets one: of port, workload, namespace, mesh; else PERMISSIVE."""
    found = [one for one in of(objects, "PeerAuthentication") if _selects(one, target)]
    own = [one["spec"] for one in found if one["spec"].get("selector")]
    if len(own) > 1:
        raise UnjudgedError("two PeerAuthentications select one pod: the older one counts, and no age is known here")
    wide = [one for one in found if not one["spec"].get("selector")]
    wide.sort(key=lambda one: bool(one["metadata"]["namespace"] == _ROOT_NAMESPACE))
    modes = [spec.get("portLevelMtls", {}).get(str(port), {}).get("mode") for spec in own]
    modes += [spec.get("mtls", {}).get("mode") for spec in [*own, *(one["spec"] for one in wide)]]
    return next((mode for mode in modes if mode and mode != "UNSET"), "PERMISSIVE")


def _policies(objects: list[Any], target: Pod, action: str) -> Iterator[Any]:
    for one in of(objects, "AuthorizationPolicy"):
        if one["spec"].get("action", "ALLOW") == action and _selects(one, target):
            yield one["spec"]


def _selects(policy: Any, pod: Pod) -> bool:
    """Whether a policy of Istio is for a pod: by its namespace, where the root's holds for all, and its selector."""
    spec = policy["spec"]
    _refuse(spec, {"action", "rules", "selector", "mtls", "portLevelMtls"})
    if policy["metadata"]["namespace"] not in (pod.namespace, _ROOT_NAMESPACE):
        return False
    return _labelled(spec.get("selector", {}), pod)


def _labelled(selector: Any, pod: Pod) -> bool:
    """An empty selector is for all pods."""
    _refuse(selector, {"matchLabels"})
    return bool(selector.get("matchLabels", {}).items() <= pod.labels.items())


def _matches(spec: Any, request: _Request) -> bool:
    """One rule is enough. A policy without rules matches nothing, one with an empty rule everything."""
    return any(_rule_matches(rule, request) for rule in spec.get("rules", ()))


def _rule_matches(rule: Any, request: _Request) -> bool:
    """One of ``from``, one of ``to`` and all of ``when``; what is left out matches."""
    _refuse(rule, {"from", "to", "when"})
    sources = [_fields_match(one["source"], request) for one in rule.get("from", ())]
    operations = [_fields_match(one["operation"], request) for one in rule.get("to", ())]
    conditions = [_condition_matches(one, request) for one in rule.get("when", ())]
    return (any(sources) or not sources) and (any(operations) or not operations) and all(conditions)


def _fields_match(fields: Mapping[str, list[str]], request: _Request) -> bool:
    """All fields of a source or an operation: one value of each, and none of those of a ``not...``."""
    negated = {f"not{name[0].upper()}{name[1:]}": name for name in _ATTRIBUTES}
    _refuse(fields, {*_ATTRIBUTES, *negated})
    for name, values in fields.items():
        attribute = request[_ATTRIBUTES[negated.get(name, name)]]
        if _one_of(values, attribute) == (name in negated):
            return False
    return True


def _condition_matches(condition: Any, request: _Request) -> bool:
    _refuse(condition, {"key", "values", "notValues"})
    if condition["key"] not in request:
        raise UnjudgedError(f"condition on {condition['key']}")
    text = request[condition["key"]]
    wanted, unwanted = condition.get("values", ()), condition.get("notValues", ())
    return (not wanted or _one_of(wanted, text)) and not _one_of(unwanted, text)


def _one_of(patterns: Iterable[str], text: str) -> bool:
    return any(_text_matches(pattern, text) for pattern in patterns)


def _text_matches(pattern: str, text: str) -> bool:
    """Exact, ``abc*``, ``*abc``, or ``*`` for anything that is there. Of two asterisks only the first counts."""
    if pattern == "*":
        return text != ""
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def sidecar_hosts(objects: list[Any], pod: Pod) -> list[str] | None:
    """The ``namespace/host`` patterns that a pod's proxy is told of, "." written out.

    None where no Sidecar of the pod's namespace says so; the mesh's default, in the root namespace, is not asked.
    """
    here = [one["spec"] for one in of(objects, "Sidecar") if one["metadata"]["namespace"] == pod.namespace]
    own = [spec for spec in here if spec.get("workloadSelector", {}).get("labels", {}).items() <= pod.labels.items()]
    own.sort(key=lambda spec: "workloadSelector" not in spec)
    if not own:
        return None
    hosts = [host for listener in own[0].get("egress", ()) for host in listener["hosts"]]
    return [f"{pod.namespace}{host[1:]}" if host.startswith("./") else host for host in hosts]


def network_admits(policies: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """Whether NetworkPolicies let a TCP connection out of its caller and into its target."""
    out = _direction_admits(policies, "Egress", caller, target, port)
    return out and _direction_admits(policies, "Ingress", target, caller, port)


def ingress_admits(policies: list[Any], caller: Pod, target: Pod, port: int) -> bool:
    """The same for the way in alone."""
    return _direction_admits(policies, "Ingress", target, caller, port)


def _direction_admits(policies: list[Any], direction: str, pod: Pod, peer: Pod, port: int) -> bool:
    """A pod that no policy of a direction selects is open; else one rule of one of them must admit."""
    chosen = [
        (policy["metadata"]["namespace"], policy["spec"])
        for policy in policies
        if policy["metadata"]["namespace"] == pod.namespace
        and direction in policy["spec"]["policyTypes"]
        and _labelled(policy["spec"]["podSelector"], pod)
    ]
    rules = [(namespace, rule) for namespace, spec in chosen for rule in spec.get(direction.lower(), ())]
    return not chosen or any(_network_rule_admits(rule, namespace, peer, port) for namespace, rule in rules)


def _network_rule_admits(rule: Any, namespace: str, peer: Pod, port: int) -> bool:
    """One peer and one port; a rule without peers is for all of them, and likewise for ports."""
    _refuse(rule, {"from", "to", "ports"})
    peers = [_is_peer(one, namespace, peer) for one in (*rule.get("from", ()), *rule.get("to", ()))]
    ports = [_is_port(one, port) for one in rule.get("ports", ())]
    return (any(peers) or not peers) and (any(ports) or not ports)


def _is_peer(one: Any, namespace: str, pod: Pod) -> bool:
    """Without a selector of namespaces a peer of pods is of the policy's own; one without labels is for all of them."""
    _refuse(one, {"podSelector", "namespaceSelector"})
    if "namespaceSelector" not in one:
        return pod.namespace == namespace and _labelled(one["podSelector"], pod)
    place = Pod("", {"kubernetes.io/metadata.name": pod.namespace}, "")
    return _labelled(one["namespaceSelector"], place) and _labelled(one.get("podSelector", {}), pod)


def _is_port(one: Any, port: int) -> bool:
    _refuse(one, {"port", "protocol"})
    return bool(one.get("protocol", "TCP") == "TCP" and one.get("port", port) == port)


def _refuse(fields: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(fields) - known):
        raise UnjudgedError(f"unknown fields: {', '.join(unknown)}")
