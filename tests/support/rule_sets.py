"""What a set of Istio objects means for requests, in one normal form: two sets that say the same compare equal.

Rules are told by what they do, not by how they are written: short host names become whole ones, a subset becomes the
labels it selects, a rule with several matches becomes one for each, DestinationRules of one host are put together, and
what no request can reach is dropped. The order of rules is kept, but where it decides nothing.
Semantics: https://istio.io/latest/docs/reference/config/networking/virtual-service/ and .../destination-rule/.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.leaves import leaves

Object = Mapping[str, Any]
Labels = Mapping[str, str]
#: What a proxy asks for is followed in the mesh; other names of ``gateways`` are Gateway objects.
MESH = "mesh"
CLUSTER = "svc.cluster.local"
CASELESS = "ignoreUriCase"
NOT_FOUND = '{"directResponse": {"status": 404}}'


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
            only = mesh.ports.get(place.removeprefix(f"{MESH} "), [])
            found.setdefault(place, []).extend(rules(one["spec"], mesh, home, only))
    found = {place: settled(steps) for place, steps in found.items()}
    for one in of_kind(listed, "DestinationRule"):
        host = whole_host(one["spec"]["host"], namespace_of(one, namespace))
        chosen = one["spec"].get("workloadSelector", {}).get("matchLabels")
        callers = f"policy for {as_text(chosen)}" if chosen else "policy"
        add_policy(found.setdefault(f"{callers} {host}", {"host": {}, "ports": {}, "subsets": {}}), one["spec"])
    for one in of_kind(listed, "Gateway"):
        add_servers(found, one["spec"], listeners)
    return found


def places(one: Object, mesh: Mesh, home: str) -> Iterator[str]:
    """Where the rules of a VirtualService are asked: by others, where it has no hosts."""
    if "hosts" not in one["spec"]:
        yield f"delegate {home}/{one['metadata']['name']}"
        return
    for gateway in one["spec"].get("gateways", [MESH]):
        for host in one["spec"]["hosts"]:
            if gateway == MESH:
                yield f"mesh {whole_host(host, home)}"
            else:
                name = gateway if "/" in gateway else f"{home}/{gateway}"
                yield f"gateway {mesh.gateways.get(name, name)} {whole_host(host, home)}"


def rules(spec: Object, mesh: Mesh, home: str, ports: list[int]) -> Iterator[dict[str, Any]]:
    """One step for each match of each rule, with what is done then. The only port of a host need not be asked for."""
    for kind in ("http", "tls", "tcp"):
        for rule in spec.get(kind, ()):
            does = action(rule, mesh, home) | ({"protocol": kind} if kind != "http" else {})
            for match in rule.get("match") or [{}]:
                wanted = conditions(match)
                if [wanted.get("port")] == [str(port) for port in ports]:
                    del wanted["port"]
                yield {"match": wanted, **does}


def conditions(match: Object) -> dict[str, str]:
    """What a request must have, as fields with their values. Header names have no case; all paths begin with ``/``."""
    found = {}
    for key, value in match.items():
        for path, leaf in leaves(value, key):
            section, dot, rest = path.partition(".")
            found[f"{section}{dot}{rest.lower()}" if section in ("headers", "withoutHeaders") else path] = leaf
    return {path: leaf for path, leaf in found.items() if path != "name" and (path, leaf) != ("uri.prefix", "/")}


def action(rule: Object, mesh: Mesh, home: str) -> dict[str, Any]:
    """All that a rule does, by the newer of two names."""
    does = {key: value for key, value in rule.items() if key not in ("match", "route", "name")}
    mirrors = [*does.pop("mirrors", ())]
    if "mirror" in does:
        share = does.pop("mirrorPercentage", {"value": does.pop("mirrorPercent", 100)})
        mirrors.append({"destination": does.pop("mirror"), "percentage": share})
    if "fault" in does:
        does["fault"] = {kind: with_share(fault) for kind, fault in does["fault"].items()}
    body = does.get("directResponse", {}).get("body", {})
    if "bytes" in body:
        does["directResponse"] |= {"body": {"string": base64.b64decode(body["bytes"]).decode()}}
    if "route" in rule:
        does["to"] = targets(rule["route"], mesh, home)
    if mirrors:
        does["mirrors"] = [
            {**target(one["destination"], mesh, home), "percentage": one.get("percentage", {"value": 100})}
            for one in mirrors
        ]
    return does


def with_share(fault: Object) -> dict[str, Any]:
    rest = {key: value for key, value in fault.items() if key != "percent"}
    return {"percentage": {"value": fault["percent"]}, **rest} if "percent" in fault else rest


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
    while reached and does(reached[-1]) == NOT_FOUND:  # which is what the proxy says where no rule is left
        reached.pop()
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
