"""What a set of Istio objects means for requests, in one normal form: two sets that say the same compare equal.

Rules are told by what they do, not by how they are written: short host names become whole ones, a subset becomes the
labels it selects, a rule with several matches becomes one for each, DestinationRules of one host are put together, and
what no request can reach is dropped. The order of rules is kept, but where it decides nothing.
Semantics: https://istio.io/latest/docs/reference/config/networking/virtual-service/ and .../destination-rule/.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

Object = Mapping[str, Any]
Labels = Mapping[str, str]
#: What a proxy asks for is followed in the mesh; other names of ``gateways`` are Gateway objects.
MESH = "mesh"
CLUSTER = "svc.cluster.local"
NOTHING = "nothing"
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
PART = re.compile(r"([0-9.]+)(ms|s|m|h)")
CASELESS = "ignoreUriCase"
#: Fields whose values are lengths of time.
DURATIONS = frozenset(
    [
        *("timeout", "perTryTimeout", "fixedDelay", "maxAge", "interval", "baseEjectionTime"),
        *("connectTimeout", "idleTimeout", "time", "ttl"),
    ]
)


class Mesh(NamedTuple):
    """The objects that routes refer to.

    Attributes:
        namespace: of objects that name none.
        ports: the port numbers of each Service, by host.
        pods: the labels of each Deployment's pods, by host of the Service that selects them.
        subsets: the labels of each subset, by host and name.
        gateways: the selector of each Gateway, as text, by ``namespace/name``.
    """

    namespace: str
    ports: dict[str, list[int]]
    pods: dict[str, list[Labels]]
    subsets: dict[tuple[str, str], Labels]
    gateways: dict[str, str]


def whole_host(host: str, namespace: str) -> str:
    """A name without dots is a Service of the namespace of whoever writes it."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.{CLUSTER}"


def namespace_of(one: Object, default: str) -> str:
    return str(one["metadata"].get("namespace") or default)


def of_kind(objects: Iterable[Object], *kinds: str) -> list[Object]:
    return [one for one in objects if one["kind"] in kinds]


def selected(labels: Labels, selector: Labels) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def as_text(labels: Labels) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def survey(objects: Iterable[Object], namespace: str) -> Mesh:
    """Collect what routes refer to."""
    listed = list(objects)
    mesh = Mesh(namespace, {}, {}, {}, {})
    deployments = [
        (namespace_of(one, namespace), one["spec"]["template"]["metadata"]["labels"])
        for one in of_kind(listed, "Deployment")
    ]
    for one in of_kind(listed, "Service"):
        where = namespace_of(one, namespace)
        host = whole_host(one["metadata"]["name"], where)
        mesh.ports[host] = [port["port"] for port in one["spec"]["ports"]]
        chosen = one["spec"]["selector"]
        mesh.pods[host] = [labels for home, labels in deployments if home == where and selected(labels, chosen)]
    for one in of_kind(listed, "DestinationRule"):
        host = whole_host(one["spec"]["host"], namespace_of(one, namespace))
        for subset in one["spec"].get("subsets", ()):
            mesh.subsets[host, subset["name"]] = subset.get("labels", {})
    for one in of_kind(listed, "Gateway"):
        mesh.gateways[f"{namespace_of(one, namespace)}/{one['metadata']['name']}"] = as_text(one["spec"]["selector"])
    return mesh


def rule_sets(objects: Iterable[Object], namespace: str, listeners: Mapping[int, int] = {}) -> dict[str, Any]:
    """The normal form: ``mesh <host>`` and ``gateway <pods> <host>`` with their rules, ``policy <host>``, ``server``.

    Args:
        objects: Istio's kinds, and the Services and Deployments that they are about.
        namespace: of objects that name none.
        listeners: the ports of the gateways' Service with those of their pods: a server may name either
            (istio pilot/pkg/model/gateway.go, resolvePorts).
    """
    listed = list(objects)
    mesh = survey(listed, namespace)
    found: dict[str, Any] = {}
    for one in of_kind(listed, "VirtualService"):
        home = namespace_of(one, namespace)
        for place in places(one, mesh, home):
            found.setdefault(place, []).extend(rules(one["spec"], mesh, home))
    found = {place: settled(steps) for place, steps in found.items()}
    for one in of_kind(listed, "DestinationRule"):
        host = whole_host(one["spec"]["host"], namespace_of(one, namespace))
        add_policy(found.setdefault(f"policy {host}", {"host": {}, "ports": {}, "subsets": {}}), one["spec"])
    for one in of_kind(listed, "Gateway"):
        add_servers(found, one["spec"], listeners)
    return found


def places(one: Object, mesh: Mesh, home: str) -> Iterator[str]:
    for gateway in one["spec"].get("gateways", [MESH]):
        for host in one["spec"]["hosts"]:
            if gateway == MESH:
                yield f"mesh {whole_host(host, home)}"
            else:
                name = gateway if "/" in gateway else f"{home}/{gateway}"
                yield f"gateway {mesh.gateways.get(name, name)} {whole_host(host, home)}"


def rules(spec: Object, mesh: Mesh, home: str) -> Iterator[dict[str, Any]]:
    """One step for each match of each rule, with what is done then."""
    for kind in ("http", "tls", "tcp"):
        for rule in spec.get(kind, ()):
            does = action(rule, mesh, home) | ({"protocol": kind} if kind != "http" else {})
            for match in rule.get("match") or [{}]:
                yield {"match": conditions(match), **does}


def conditions(match: Object) -> dict[str, str]:
    """What a request must have, as paths of fields with their values. Names of headers have no case."""
    found = {}
    for key, value in match.items():
        for path, leaf in leaves(value, key):
            section, dot, rest = path.partition(".")
            found[f"{section}{dot}{rest.lower()}" if section in ("headers", "withoutHeaders") else path] = leaf
    return {path: leaf for path, leaf in found.items() if path != "name"}


def leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from leaves(child, f"{path}.{number}")
    else:
        yield path, plain(value, path.rpartition(".")[2])


def plain(value: Any, field: str = "") -> str:
    """A value as text. A number is the same with and without its fraction of zero, a duration in any unit."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if field in DURATIONS and isinstance(value, str):
        value = f"{sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, value)):g}ms"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def action(rule: Object, mesh: Mesh, home: str) -> dict[str, Any]:
    """All that a rule does, destinations first."""
    does = {key: value for key, value in rule.items() if key not in ("match", "route", "name")}
    mirrors = [*does.pop("mirrors", ())]
    if "mirror" in does:
        mirrors.append({"destination": does.pop("mirror"), "percentage": does.pop("mirrorPercentage", {"value": 100})})
    if "route" in rule:
        does["to"] = targets(rule["route"], mesh, home)
    if mirrors:
        does["mirrors"] = [
            {**target(one["destination"], mesh, home), "percentage": one.get("percentage", {"value": 100})}
            for one in mirrors
        ]
    return does


def targets(route: list[Any], mesh: Mesh, home: str) -> list[dict[str, Any]]:
    """Where requests go, with shares of 100; what has no share is left out."""
    shares: dict[str, int] = {}
    for one in route:
        weight = one.get("weight", 100 if len(route) == 1 else 0)
        extra = {"headers": one["headers"]} if one.get("headers") else {}
        key = json.dumps({**target(one["destination"], mesh, home), **extra}, sort_keys=True)
        shares[key] = shares.get(key, 0) + weight
    total = sum(shares.values())
    return [{**json.loads(key), "weight": weight * 100 / total} for key, weight in sorted(shares.items()) if weight]


def target(destination: Object, mesh: Mesh, home: str) -> dict[str, Any]:
    """A destination as host, labels and port. Labels that all pods of a Service have say nothing."""
    host = whole_host(destination["host"], home)
    name = destination.get("subset")
    labels = mesh.subsets.get((host, name), {"no such subset": name}) if name else {}
    pods = mesh.pods.get(host, [])
    chosen = {} if pods and all(selected(pod, labels) for pod in pods) else labels
    ports = mesh.ports.get(host, [])
    port = destination.get("port", {}).get("number") or (ports[0] if len(ports) == 1 else None)
    return {"host": host, "labels": as_text(chosen), "port": port}


def settled(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps that some request takes; those next to each other that do the same in one fixed order."""
    reached: list[dict[str, Any]] = []
    for step in steps:
        if not any(covers(earlier["match"], step["match"]) for earlier in reached):
            reached.append(step)
    groups: list[list[dict[str, Any]]] = []
    for step in reached:
        if groups and does(groups[-1][0]) == does(step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return [step for group in groups for step in widest(group)]


def widest(group: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Steps that do the same, without those whose requests another of them takes as well."""
    kept = [one for one in group if not any(two is not one and covers(two["match"], one["match"]) for two in group)]
    return sorted(kept, key=lambda step: json.dumps(step["match"], sort_keys=True))


def does(step: Object) -> str:
    return json.dumps({key: value for key, value in step.items() if key != "match"}, sort_keys=True)


def covers(wide: Mapping[str, str], narrow: Mapping[str, str]) -> bool:
    """Whether the one match takes all requests that the other takes. Where that is not sure, it does not."""
    if CASELESS in narrow and CASELESS not in wide and any(path.startswith("uri.") for path in wide):
        return False
    return all(implied(path, value, narrow) for path, value in wide.items())


def implied(path: str, value: str, by: Mapping[str, str]) -> bool:
    if path.endswith(".prefix"):
        stem = path.removesuffix("prefix")
        return any(by.get(stem + kind, "").startswith(value) and stem + kind in by for kind in ("exact", "prefix"))
    return by.get(path) == value


def add_policy(found: dict[str, Any], spec: Object) -> None:
    """Put a DestinationRule to the others of its host. Subsets are told by their labels."""
    policy = dict(spec.get("trafficPolicy", {}))
    for one in policy.pop("portLevelSettings", ()):
        found["ports"][str(one["port"]["number"])] = {key: value for key, value in one.items() if key != "port"}
    found["host"] |= policy
    for subset in spec.get("subsets", ()):
        found["subsets"][as_text(subset.get("labels", {}))] = subset.get("trafficPolicy") or {}


def add_servers(found: dict[str, Any], spec: Object, listeners: Mapping[int, int]) -> None:
    for server in spec["servers"]:
        number = server["port"]["number"]
        key = f"server {as_text(spec['selector'])} {listeners.get(number, number)}"
        entry = {"protocol": server["port"]["protocol"].upper(), "hosts": sorted(server["hosts"])}
        found.setdefault(key, []).append(entry | ({"tls": server["tls"]} if server.get("tls") else {}))


class Finding(NamedTuple):
    """A place where two normal forms differ."""

    where: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.where}: upstream {self.theirs}, ours {self.ours}"


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[Finding]:
    """All places of the one that are not the same in the other. Only what the first is about is looked at."""
    found = []
    for key, value in theirs.items():
        left, right = dict(leaves(value, key)), dict(leaves(ours[key], key)) if key in ours else {}
        for path in sorted({*left, *right}):
            pair = left.get(path, NOTHING), right.get(path, NOTHING)
            if pair[0] != pair[1]:
                found.append(Finding(path, *pair))
    return found
