"""Who answers a request: routes, subsets, endpoints and policies together, as the proxies of both ends see them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cmp.replay.access import ROOT_NAMESPACE, Pod, Policies, UnjudgedError
from cmp.replay.routes import MESH, Call, Routes, Rule, Sidecar, host_fits, is_exported, sidecar_of
from cmp.waves import Manifest

EXPORT_TO = "networking.istio.io/exportTo"
CLUSTER_DOMAIN = "cluster.local"
#: Who answers what the caller's own proxy answers: a redirect, or a fixed response.
PROXY = "proxy"


class Answer(NamedTuple):
    """One way in which a request may end.

    Attributes:
        by: the workload, or the outside host, that answers; empty if none does.
        error: why none does.
        asked: the authorizers that have to say yes before.
    """

    by: str
    error: str = ""
    asked: frozenset[str] = frozenset()


class Port(NamedTuple):
    """A port of a host, and what its endpoints listen on: a number, or a name of a container's port."""

    number: int
    target: int | str
    protocol: str


class Host(NamedTuple):
    """A Service or a ServiceEntry, as clients see it."""

    name: str
    namespace: str
    export_to: tuple[str, ...]
    ports: tuple[Port, ...]
    selector: Mapping[str, str] | None
    outside: bool


class Mesh:
    """A state of the cluster: its objects, and the pods that are there."""

    def __init__(self, objects: Iterable[Manifest], pods: Iterable[Pod]) -> None:
        found = list(objects)
        self.pods = tuple(pods)
        self.policies = Policies(found)
        self.routes = Routes(found)
        self.hosts = {host.name: host for one in found for host in _hosts(one)}
        self._wide = [host for name, host in self.hosts.items() if name.startswith("*")]
        self._rules = [one for one in found if one["kind"] == "DestinationRule"]
        self._sidecars = [one for one in found if one["kind"] == "Sidecar"]
        self.gateways = [one for one in found if one["kind"] == "Gateway" and "istio.io" in one["apiVersion"]]

    def answers(self, call: Call) -> frozenset[Answer]:
        """All ways in which a request may end; several, where it is shared out or some of the endpoints refuse it."""
        sidecar = sidecar_of(self._sidecars, call.caller) if call.gateway == MESH else Sidecar()
        if call.gateway != MESH and not self._is_served(call):
            return _failed("404: no Gateway serves the host")
        specs = self.routes.of(call, sidecar)
        if not specs and call.gateway != MESH:
            return _failed("404: no route for the host")
        host = self._host(call.host)
        if call.gateway == MESH and (host is None or not _is_seen(host, call.caller, sidecar)):
            return _failed("502: unknown host") if sidecar.limited else frozenset([Answer("passthrough")])
        if host is not None and call.gateway == MESH and call.port not in (port.number for port in host.ports):
            return _failed(f"502: no port {call.port} of {host.name}")
        kinds = {kind for spec in specs for kind in ("http", "tcp") if spec.get(kind)}
        if ("http" if call.sent is not None else "tcp") not in kinds:
            return frozenset(self._at({"host": call.host}, call, call.sent))
        rule = self.routes.rule(specs, call)
        if rule is None:
            return _failed("404: no rule fits")
        return frozenset(self._followed(rule, call))

    def _followed(self, rule: Rule, call: Call) -> Iterator[Answer]:
        if "redirect" in rule or "directResponse" in rule:
            yield Answer(PROXY)
            return
        sent = call.sent
        if sent is not None and "rewrite" in rule:
            sent = sent._replace(path=_rewritten(rule, sent.path), host=rule["rewrite"].get("authority", sent.host))
        listed = rule["route"]
        for one in listed:
            if len(listed) == 1 or one.get("weight", 0) > 0:
                yield from self._at(one["destination"], call, sent)

    def _at(self, destination: Mapping[str, Any], call: Call, sent: Any) -> Iterator[Answer]:
        """What the endpoints of a destination answer."""
        host = self._host(destination["host"])
        if host is None or not is_exported(host.export_to, host.namespace, call.caller.namespace):
            yield Answer("", f"503: no host {destination['host']}")
            return
        number = destination.get("port", {}).get("number")
        if number is None:
            number = host.ports[0].number if len(host.ports) == 1 else call.port
        port = next((one for one in host.ports if one.number == number), None)
        if port is None:
            yield Answer("", f"503: no port {number} of {host.name}")
            return
        rules = self.destination_rules(host, call.caller)
        labels = subset(rules, destination.get("subset"))
        if labels is None:
            yield Answer("", f"503: no subset {destination['subset']} of {host.name}")
            return
        if host.selector is None:
            yield Answer(host.name)
            return
        plain = is_plain(rules, number)
        endpoints = list(self.endpoints(host, port, {**host.selector, **labels}))
        if not endpoints:
            yield Answer("", f"503: no endpoint of {host.name} {destination.get('subset', '')}".rstrip())
        for pod, target in endpoints:
            yield self._in(call.caller._replace(meshed=False) if plain else call.caller, pod, target, sent)

    def _in(self, caller: Pod, pod: Pod, port: int, sent: Any) -> Answer:
        if pod.ports and port not in (number for _, number in pod.ports):
            return Answer("", f"503: {pod.workload} does not listen on {port}")
        asked = self.policies.admits(caller, pod, port, sent) if pod.meshed else frozenset[str]()
        return Answer("", f"403: {pod.workload}") if asked is None else Answer(pod.workload, asked=asked)

    def endpoints(self, host: Host, port: Port, labels: Mapping[str, str]) -> Iterator[tuple[Pod, int]]:
        """Ready pods, and the port of each: by its name where the Service says a name."""
        for pod in self.pods:
            if pod.ready and pod.namespace == host.namespace and labels.items() <= pod.labels.items():
                target = port.target
                number = dict(pod.ports).get(target) if isinstance(target, str) else target
                if number is not None:
                    yield pod, number

    def destination_rules(self, host: Host, caller: Pod) -> list[dict[str, Any]]:
        """The rules of a host, merged: of the caller's namespace, else of the host's, else of the root's.

        Those of one namespace are merged if they are exported alike and are for all callers
        (``mergeDestinationRule`` in istio pilot/pkg/model/destination_rule.go).

        Raises:
            UnjudgedError: they are not.
        """
        for namespace in dict.fromkeys((caller.namespace, host.namespace, ROOT_NAMESPACE)):
            found = [
                one["spec"]
                for one in self._rules
                if one["metadata"]["namespace"] == namespace
                and one["spec"]["host"] == host.name
                and is_exported(one["spec"].get("exportTo"), namespace, caller.namespace)
            ]
            own = [spec for spec in found if "workloadSelector" in spec]
            own = [s for s in own if s["workloadSelector"]["matchLabels"].items() <= caller.labels.items()]
            found = own[:1] or [spec for spec in found if "workloadSelector" not in spec]
            if len({tuple(spec.get("exportTo", ())) for spec in found}) > 1:
                raise UnjudgedError(f"rules of {host.name} that are exported differently are not merged")
            if found:
                return found
        return []

    def _host(self, name: str) -> Host | None:
        return self.hosts.get(name) or next((one for one in self._wide if host_fits(one.name, name)), None)

    def seen(self, caller: Pod) -> tuple[Sidecar, list[Host]]:
        """What a pod's proxy is told of."""
        sidecar = sidecar_of(self._sidecars, caller)
        return sidecar, [host for _, host in sorted(self.hosts.items()) if _is_seen(host, caller, sidecar)]

    def _is_served(self, call: Call) -> bool:
        """Whether a server of the caller's Gateway is for the host and port."""
        for one in self.gateways:
            if f"{one['metadata']['namespace']}/{one['metadata']['name']}" != call.gateway:
                continue
            if not one["spec"]["selector"].items() <= call.caller.labels.items():
                continue
            for server in one["spec"]["servers"]:
                names = (host.rpartition("/")[2] for host in server["hosts"])
                if server["port"]["number"] == call.port and any(host_fits(name, call.host) for name in names):
                    return True
        return False


def _failed(why: str) -> frozenset[Answer]:
    return frozenset([Answer("", why)])


def _is_seen(host: Host, caller: Pod, sidecar: Sidecar) -> bool:
    if not is_exported(host.export_to, host.namespace, caller.namespace):
        return False
    return sidecar.knows(host.namespace, host.name)


def _hosts(one: Manifest) -> Iterator[Host]:
    spec, metadata = one.get("spec") or {}, one["metadata"]
    if one["kind"] == "Service" and one["apiVersion"] == "v1":
        notes = metadata.get("annotations") or {}
        ports = tuple(
            Port(p["port"], p.get("targetPort", p["port"]), p.get("appProtocol") or p.get("name", "").partition("-")[0])
            for p in spec.get("ports", ())
        )
        name = f"{metadata['name']}.{metadata['namespace']}.svc.{CLUSTER_DOMAIN}"
        export = tuple(notes.get(EXPORT_TO, "*").split(","))
        yield Host(name, metadata["namespace"], export, ports, spec.get("selector"), False)
    elif one["kind"] == "ServiceEntry":
        ports = tuple(Port(p["number"], p.get("targetPort", p["number"]), p["protocol"].lower()) for p in spec["ports"])
        selector = spec.get("workloadSelector", {}).get("labels")
        for name in spec["hosts"]:
            yield Host(name, metadata["namespace"], tuple(spec.get("exportTo", ("*",))), ports, selector, True)


def subset(rules: Sequence[Mapping[str, Any]], name: str | None) -> Mapping[str, str] | None:
    """The labels of a subset; of two of one name, the first counts."""
    if name is None:
        return {}
    found = (one.get("labels", {}) for rule in rules for one in rule.get("subsets", ()) if one["name"] == name)
    return next(found, None)


def is_plain(rules: Sequence[Mapping[str, Any]], port: int) -> bool:
    """Whether a caller shows no identity of the mesh. Unset, it does if the endpoint has one, too."""
    return _mode(rules, port) in ("DISABLE", "SIMPLE")


def _mode(rules: Sequence[Mapping[str, Any]], port: int) -> str | None:
    """How a caller encrypts. A port's policy takes nothing from the host's."""
    policies = [rule["trafficPolicy"] for rule in rules if rule.get("trafficPolicy")]
    for policy in policies[:1]:
        ports = (one for one in policy.get("portLevelSettings", ()) if one["port"]["number"] == port)
        mode: str | None = next(ports, policy).get("tls", {}).get("mode")
        return mode
    return None


def _rewritten(rule: Rule, path: str) -> str:
    """The path after a rewrite: the prefix that fitted is replaced, anything else whole."""
    wanted = rule["rewrite"].get("uri")
    if wanted is None:
        return path
    for match in rule.get("match") or [{}]:
        prefix = match.get("uri", {}).get("prefix")
        if prefix is not None and path.startswith(prefix):
            return str(wanted) + path[len(prefix) :]
    return str(wanted)
