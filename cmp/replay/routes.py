"""Which rule of which VirtualService a request follows.

Written from istio pilot/pkg/model/virtualservice.go (which ones a proxy is told of), push_context.go and
pilot/pkg/networking/core/route/route.go (which rule of them fits).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from cmp.replay.access import Pod, Request, UnjudgedError, refuse
from cmp.waves import Manifest

Rule: TypeAlias = "dict[str, Any]"
#: The gateway that stands for all proxies beside pods.
MESH = "mesh"


class Call(NamedTuple):
    """A request, or without one a connection, that a pod sends to a port of a host.

    Attributes:
        gateway: ``namespace/name`` of the Gateway by which it came, where the caller is its proxy.
    """

    caller: Pod
    host: str
    port: int
    sent: Request | None
    gateway: str = MESH


class Sidecar(NamedTuple):
    """What a proxy is told of.

    Attributes:
        hosts: ``namespace/host`` patterns, "." written out; None is all.
        limited: whether hosts that it does not know are refused.
    """

    hosts: tuple[str, ...] | None = None
    limited: bool = False

    def knows(self, namespace: str, host: str) -> bool:
        """Whether the proxy is told of a host that an object of a namespace declares."""
        if self.hosts is None:
            return True
        for pattern in self.hosts:
            place, _, name = pattern.partition("/")
            if place in ("*", namespace) and host_fits(name, host):
                return True
        return False


def sidecar_of(sidecars: Iterable[Manifest], pod: Pod) -> Sidecar:
    """The Sidecar of a pod: one that selects it, else that of its namespace. The mesh's default is not asked.

    https://istio.io/latest/docs/reference/config/networking/sidecar/
    """
    here = [one["spec"] for one in sidecars if one["metadata"]["namespace"] == pod.namespace]
    own = [spec for spec in here if spec.get("workloadSelector", {}).get("labels", {}).items() <= pod.labels.items()]
    if not own:
        return Sidecar()
    spec = min(own, key=lambda spec: "workloadSelector" not in spec)
    hosts = [host for listener in spec.get("egress", ()) for host in listener["hosts"]]
    limited = spec.get("outboundTrafficPolicy", {}).get("mode") == "REGISTRY_ONLY"
    return Sidecar(tuple(f"{pod.namespace}{host[1:]}" if host.startswith("./") else host for host in hosts), limited)


def is_exported(export_to: Sequence[str] | None, own: str, namespace: str) -> bool:
    """Whether an object of the namespace ``own`` is seen in another; unset is everywhere, as the mesh's default."""
    named = {own if one == "." else one for one in export_to or ["*"]}
    return "*" in named or namespace in named


def host_fits(pattern: str, host: str) -> bool:
    """Whether a host is that of a pattern, ``*`` or ``*.example.com``."""
    return pattern == host or (pattern.startswith("*") and host.endswith(pattern[1:]))


class Routes:
    """The VirtualServices of a mesh."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._found = [one for one in objects if one["kind"] == "VirtualService"]
        self._delegates = {(one["metadata"]["namespace"], one["metadata"]["name"]): one["spec"] for one in self._found}

    def hosts(self, gateway: str) -> list[str]:
        """The hosts that have rules at a gateway."""
        bound = (one["spec"] for one in self._found if gateway in one["spec"].get("gateways", [MESH]))
        return sorted({host for spec in bound for host in spec.get("hosts", ())})

    def of(self, call: Call, sidecar: Sidecar) -> list[dict[str, Any]]:
        """The specs whose rules hold for a host. Beside pods that is one; a gateway's proxy merges all of a host.

        Of several for one host, a proxy beside pods follows the one that only its namespace sees, then one that is
        exported to it by name, then one for all (``SelectVirtualServices``).

        Raises:
            UnjudgedError: two are equally near, and their ages would tell.
        """
        ranked: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for one in self._found:
            spec, own = one["spec"], one["metadata"]["namespace"]
            hosts = [host for host in spec.get("hosts", ()) if host_fits(host, call.host)]
            if not hosts or call.gateway not in spec.get("gateways", [MESH]):
                continue
            if not is_exported(spec.get("exportTo"), own, call.caller.namespace):
                continue
            if call.gateway == MESH and not any(sidecar.knows(own, host) for host in hosts):
                continue
            near = _nearness(spec.get("exportTo") or ["*"], own, call.caller.namespace)
            place = -max(len(host.lstrip("*")) + (host[0] != "*") for host in hosts), near
            ranked.setdefault(place, []).append(spec)
        if not ranked:
            return []
        if call.gateway != MESH:
            longest = min(ranked)[0]
            return [spec for (length, _), specs in sorted(ranked.items()) if length == longest for spec in specs]
        best = ranked[min(ranked)]
        if len(best) > 1:
            raise UnjudgedError(f"two VirtualServices for {call.host}: the older one counts, and no age is known here")
        return best

    def rule(self, specs: Iterable[dict[str, Any]], call: Call) -> Rule | None:
        """The first rule that fits; what has no condition comes last where several objects are merged."""
        kind = "http" if call.sent is not None else "tcp"
        rules = [rule for spec in specs for rule in spec.get(kind, ())]
        rules.sort(key=_is_for_all)
        return next(self._fitting(rules, call), None)

    def _fitting(self, rules: Iterable[Rule], call: Call) -> Iterator[Rule]:
        for rule in rules:
            if not any(_fits(match, call) for match in rule.get("match") or [{}]):
                continue
            if "delegate" not in rule:
                yield rule
                continue
            other = rule["delegate"]
            own = self._delegates.get((other["namespace"], other["name"]), {})
            for inner in self._fitting(own.get("http", ()), call):
                yield {**inner, **{key: rule[key] for key in ("rewrite", "redirect") if key in rule}}


def _nearness(export_to: Sequence[str], own: str, namespace: str) -> int:
    if own == namespace and list(export_to) in (["."], [own]):
        return 0
    return 2 if "*" in export_to else 1


def _is_for_all(rule: Rule) -> bool:
    """SortVHostRoutes moves rules without a condition behind the others, and ``/`` as a prefix is none."""
    matches = rule.get("match") or [{}]
    return any(set(match) <= {"uri"} and match.get("uri", {"prefix": "/"}) == {"prefix": "/"} for match in matches)


_KNOWN = ("uri", "method", "port", "headers", "withoutHeaders", "sourceLabels", "sourceNamespace", "gateways", "name")


def concerns(match: Mapping[str, Any], call: Call) -> bool:
    """Whether a match is for the proxy and the port of a call: where it is not, the proxy is not told of it."""
    refuse(match, _KNOWN)
    caller = call.caller
    if match.get("port", call.port) != call.port or match.get("sourceNamespace", caller.namespace) != caller.namespace:
        return False
    if not match.get("sourceLabels", {}).items() <= caller.labels.items():
        return False
    return call.gateway in match.get("gateways", [call.gateway])


def _fits(match: Mapping[str, Any], call: Call) -> bool:
    """All conditions of one match."""
    sent = call.sent
    if sent is None or not concerns(match, call):
        return concerns(match, call)
    headers = dict(sent.headers)
    return (
        _text_fits(match.get("uri"), sent.path)
        and _text_fits(match.get("method"), sent.method)
        and all(name in headers and _text_fits(text, headers[name]) for name, text in match.get("headers", {}).items())
        and not any(
            name in headers and _text_fits(text, headers[name])
            for name, text in match.get("withoutHeaders", {}).items()
        )
    )


def _text_fits(text: Mapping[str, str] | None, value: str) -> bool:
    for kind, wanted in (text or {}).items():
        if kind == "exact":
            return value == wanted
        if kind == "prefix":
            return value.startswith(wanted)
        return re.fullmatch(wanted, value) is not None
    return True
