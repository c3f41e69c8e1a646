"""Who gets into a pod: mutual TLS and authorization, as Istio's proxies decide it.

Written from the upstream pages: https://istio.io/latest/docs/concepts/security/#authorization and
https://istio.io/latest/docs/reference/config/security/authorization-policy/ . What is not known here raises
``UnjudgedError``, so nothing is left out of a verdict in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from cmp.waves import Manifest

ROOT_NAMESPACE = "istio-system"
TRUST_DOMAIN = "cluster.local"
DRY_RUN = "istio.io/dry-run"

Attributes: TypeAlias = "Mapping[str, str]"

_KINDS = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")

#: The attribute of a connection that a field of a source or an operation is about.
_OF_CONNECTIONS = {
    "principals": "source.principal",
    "namespaces": "source.namespace",
    "ports": "destination.port",
}
#: Those that only HTTP has.
_OF_REQUESTS = {
    "methods": "request.method",
    "hosts": "request.host",
    "paths": "request.path",
    "requestPrincipals": "request.auth.principal",
}
_FIELDS = {**_OF_CONNECTIONS, **_OF_REQUESTS}
_NEGATED = {f"not{name[0].upper()}{name[1:]}": name for name in _FIELDS}


class UnjudgedError(ValueError):
    """A policy says something that this model does not know."""


class Pod(NamedTuple):
    """What policies and proxies know of a pod.

    Attributes:
        meshed: whether it has a proxy; without one it calls without an identity.
        ports: the numbers that its containers listen on, by name.
        ready: whether requests are sent to it.
        workload: the kind and name of what it belongs to.
    """

    namespace: str
    labels: Mapping[str, str]
    account: str
    meshed: bool = True
    ports: tuple[tuple[str, int], ...] = ()
    ready: bool = True
    workload: str = ""

    @property
    def principal(self) -> str:
        """The identity that its certificate says."""
        return f"{TRUST_DOMAIN}/ns/{self.namespace}/sa/{self.account}"


class Request(NamedTuple):
    """What an HTTP request holds beside its caller. ``token`` is issuer and subject of a valid one, or empty."""

    method: str
    host: str
    path: str
    token: tuple[str, str] | tuple[()] = ()
    headers: tuple[tuple[str, str], ...] = ()


class Policies:
    """The security objects of a mesh, by namespace."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._found: dict[tuple[str, str], list[Manifest]] = {}
        for one in objects:
            if one["kind"] in _KINDS:
                place = one["kind"], one["metadata"]["namespace"]
                self._found.setdefault(place, []).append(one)
        self._selected: dict[tuple[str, str, int], tuple[list[Manifest], Attributes]] = {}

    def of(self, kind: str, target: Pod) -> list[Manifest]:
        """Those that hold for a pod: of its own namespace, then of the root's, by their selector."""
        place = kind, target.namespace, id(target.labels)
        if place not in self._selected:  # with the labels, so that nothing else gets their id
            self._selected[place] = list(self._select(kind, target)), target.labels
        return self._selected[place][0]

    def _select(self, kind: str, target: Pod) -> Iterator[Manifest]:
        for namespace in dict.fromkeys((target.namespace, ROOT_NAMESPACE)):
            for one in self._found.get((kind, namespace), ()):
                if is_selected(one["spec"].get("selector"), target):
                    yield one

    def mtls(self, target: Pod, port: int) -> str:
        """The mode of the closest PeerAuthentication that sets one: of port, workload, namespace, mesh.

        https://istio.io/latest/docs/concepts/security/#peer-authentication
        """
        found = self.of("PeerAuthentication", target)
        own = [one["spec"] for one in found if one["spec"].get("selector")]
        if len(own) > 1:
            raise UnjudgedError(
                "two PeerAuthentications select one pod: the older one counts, and no age is known here"
            )
        wide = [one["spec"] for one in found if not one["spec"].get("selector")]
        modes = [spec.get("portLevelMtls", {}).get(str(port), {}).get("mode") for spec in own]
        modes += [spec.get("mtls", {}).get("mode") for spec in (*own, *wide)]
        return next((mode for mode in modes if mode and mode != "UNSET"), "PERMISSIVE")

    def admits(self, caller: Pod, target: Pod, port: int, sent: Request | None) -> frozenset[str] | None:
        """Whether a request, or without one a connection that is not HTTP, gets in at a container's port.

        What asks an authorizer comes first, then DENY, then ALLOW; without any ALLOW for the pod all is allowed. AUDIT,
        and what is only tried, decide nothing.

        Returns:
            None where it is refused, else the authorizers that have to say yes, too.
        """
        mode = self.mtls(target, port)
        known = caller.meshed and mode != "DISABLE"
        if mode == "STRICT" and not known:
            return None
        attributes = {
            "source.principal": caller.principal if known else "",
            "source.namespace": caller.namespace if known else "",
            "destination.port": str(port),
        }
        if sent is not None:
            attributes.update(self._said(target, sent))
        return self.verdict(target, attributes)

    def verdict(self, target: Pod, attributes: Attributes) -> frozenset[str] | None:
        """The same for a request whose attributes are known."""
        found = [one["spec"] for one in self.of("AuthorizationPolicy", target) if not is_tried(one)]
        by_action: dict[str, list[Any]] = {}
        for spec in found:
            by_action.setdefault(spec.get("action", "ALLOW"), []).append(spec)
        if any(_fits(spec, attributes, denies=True) for spec in by_action.get("DENY", ())):
            return None
        allowed = by_action.get("ALLOW")
        if allowed and not any(_fits(spec, attributes, denies=False) for spec in allowed):
            return None
        asked = (spec for spec in by_action.get("CUSTOM", ()) if _fits(spec, attributes, denies=True))
        return frozenset(spec.get("provider", {}).get("name", "") for spec in asked)

    def _said(self, target: Pod, sent: Request) -> Attributes:
        """A token counts where a RequestAuthentication believes its issuer."""
        found = self.of("RequestAuthentication", target)
        believed = {rule["issuer"] for one in found for rule in one["spec"].get("jwtRules", ())}
        return {
            "request.method": sent.method,
            "request.host": sent.host.lower(),
            "request.path": sent.path,
            "request.auth.principal": "/".join(sent.token) if sent.token and sent.token[0] in believed else "",
        }


def is_selected(selector: Any, pod: Pod) -> bool:
    """Whether a selector of Istio fits a pod; an empty one fits all."""
    refuse(selector or {}, {"matchLabels"})
    labels: Mapping[str, str] = (selector or {}).get("matchLabels", {})
    return labels.items() <= pod.labels.items()


def refuse(fields: Mapping[str, Any], known: Iterable[str]) -> None:
    """Raise for fields that are not known.

    Raises:
        UnjudgedError: there is one.
    """
    if unknown := sorted(set(fields) - set(known)):
        raise UnjudgedError(f"unknown fields: {', '.join(unknown)}")


def is_tried(policy: Manifest) -> bool:
    """Whether a policy is only counted and logged (https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/)."""
    notes: Mapping[str, str] = policy["metadata"].get("annotations") or {}
    return notes.get(DRY_RUN) == "true"


def _fits(spec: Any, attributes: Attributes, *, denies: bool) -> bool:
    """One rule is enough. A policy without rules fits nothing, one with an empty rule everything."""
    refuse(spec, {"action", "provider", "rules", "selector"})
    return any(_rule_fits(rule, attributes, denies=denies) for rule in spec.get("rules", ()))


def _rule_fits(rule: Any, attributes: Attributes, *, denies: bool) -> bool:
    """One of ``from``, one of ``to`` and all of ``when``; what is left out fits."""
    refuse(rule, {"from", "to", "when"})
    parts = [[one["source"] for one in rule.get("from", ())], [one["operation"] for one in rule.get("to", ())]]
    return all(not part or any(_part_fits(one, attributes, denies=denies) for one in part) for part in parts) and all(
        _condition_fits(one, attributes, denies=denies) for one in rule.get("when", ())
    )


def _part_fits(fields: Mapping[str, list[str]], attributes: Attributes, *, denies: bool) -> bool:
    """All fields of a source or an operation: one value of each, and none of those of a ``not...``.

    Of a connection only addresses and identities are known. A rule that admits and asks for more does not fit it; in
    one that denies, what asks for more is left out
    (https://istio.io/latest/docs/concepts/security/#using-istio-authorization-on-plain-tcp-protocols).
    """
    refuse(fields, {*_FIELDS, *_NEGATED})
    for name, values in fields.items():
        attribute = _FIELDS[_NEGATED.get(name, name)]
        if attribute not in attributes:
            if denies:
                continue
            return False
        if any(_value_fits(attribute, value, attributes[attribute]) for value in values) == (name in _NEGATED):
            return False
    return True


def _condition_fits(condition: Any, attributes: Attributes, *, denies: bool) -> bool:
    refuse(condition, {"key", "values", "notValues"})
    name = condition["key"]
    if name not in attributes:
        if name not in _FIELDS.values():
            raise UnjudgedError(f"condition on {name}")
        return denies
    wanted, unwanted = condition.get("values", ()), condition.get("notValues", ())
    found = not wanted or any(_value_fits(name, one, attributes[name]) for one in wanted)
    return found and not any(_value_fits(name, one, attributes[name]) for one in unwanted)


def _value_fits(attribute: str, pattern: str, text: str) -> bool:
    if attribute == "request.path" and "{" in pattern:
        parts = [re.escape(part) for part in re.split(r"\{\*+\}", pattern)]
        kinds = ["[^/]+" if kind == "{*}" else ".*" for kind in re.findall(r"\{\*+\}", pattern)]
        whole = "".join(part + kind for part, kind in zip(parts, [*kinds, ""], strict=True))
        return re.fullmatch(whole, text) is not None
    return text_fits(pattern.lower() if attribute == "request.host" else pattern, text)


def text_fits(pattern: str, text: str) -> bool:
    """Exact, ``abc*``, ``*abc``, or ``*`` for anything that is there. Of two asterisks only the first counts."""
    if pattern == "*":
        return text != ""
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
