"""What a set of Istio objects means for requests, in one normal form: two sets that say the same compare equal.

Rules are told by what they do, not by how they are written: short host names become whole ones, a subset becomes the
labels it selects, a rule with several matches becomes one for each, DestinationRules of one host are put together, and
what no request can reach is dropped. The order of rules is kept, but where it decides nothing. A rule for TLS is told
by the server name that it asks for, and a host that is only another name of one outside is that one (aliases.py).
Semantics: https://istio.io/latest/docs/reference/config/networking/virtual-service/ and .../destination-rule/.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.aliases import without_aliases
from tests.support.leaves import leaves
from tests.support.rule_order import settled

Object = Mapping[str, Any]
Labels = Mapping[str, str]
#: What a proxy asks for is followed in the mesh; other names of ``gateways`` are Gateway objects.
MESH = "mesh"
CLUSTER = "svc.cluster.local"


class Mesh(NamedTuple):
    """The objects that routes refer to.

    Attributes:
        namespace: of objects that name none.
        ports: the port numbers of each Service and ServiceEntry, by host.
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
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
        for one in of_kind(listed, kind)
    ]
    for one in of_kind(listed, "Service"):
        where = namespace_of(one, namespace)
        host = whole_host(one["metadata"]["name"], where)
        mesh.ports[host] = [port["port"] for port in one["spec"]["ports"]]
        chosen = one["spec"]["selector"]
        mesh.pods[host] = [labels for home, labels in deployments if home == where and selected(labels, chosen)]
    for one in of_kind(listed, "ServiceEntry"):
        for host in one["spec"]["hosts"]:
            mesh.ports.setdefault(host, [port["number"] for port in one["spec"].get("ports", ())])
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
    listed = without_aliases(list(objects))
    mesh = survey(listed, namespace)
    found: dict[str, Any] = {}
    for one in of_kind(listed, "VirtualService"):
        home = namespace_of(one, namespace)
        for place in places(one, home):
            for host, step in rules(one["spec"], mesh, home, place):
                found.setdefault(f"{known(place, mesh)}{host}", []).append(step)
    found = {place: settled(steps) for place, steps in found.items()}
    for one in of_kind(listed, "DestinationRule"):
        host = whole_host(one["spec"]["host"], namespace_of(one, namespace))
        chosen = one["spec"].get("workloadSelector", {}).get("matchLabels")
        callers = f"policy for {as_text(chosen)}" if chosen else "policy"
        add_policy(found.setdefault(f"{callers} {host}", {"host": {}, "ports": {}, "subsets": {}}), one["spec"])
    for one in of_kind(listed, "Gateway"):
        add_servers(found, one["spec"], listeners)
    return found


class Place(NamedTuple):
    """Where the rules of a VirtualService are asked: a gateway by ``namespace/name``, or the mesh, and the host."""

    gateway: str
    host: str


def places(one: Object, home: str) -> Iterator[Place]:
    """Where the rules are asked: by others, where a VirtualService has no hosts."""
    if "hosts" not in one["spec"]:
        yield Place("delegate", f"{home}/{one['metadata']['name']}")
        return
    for gateway in one["spec"].get("gateways", [MESH]):
        for host in one["spec"]["hosts"]:
            yield Place(whole_gateway(gateway, home), whole_host(host, home))


def whole_gateway(name: str, home: str) -> str:
    return name if name == MESH or "/" in name else f"{home}/{name}"


def known(place: Place, mesh: Mesh) -> str:
    """The proxies that are asked, as keys begin."""
    if place.gateway in (MESH, "delegate"):
        return f"{place.gateway} "
    return f"gateway {mesh.gateways.get(place.gateway, place.gateway)} "


def rules(spec: Object, mesh: Mesh, home: str, place: Place) -> Iterator[tuple[str, dict[str, Any]]]:
    """One step for each match of each rule, with what is done then, and the host that it is for.

    The only port of a host need not be asked for. A destination without a port has the one that was asked for.
    """
    ports = [str(port) for port in mesh.ports.get(place.host, [])] if place.gateway == MESH else []
    for kind in ("http", "tls", "tcp"):
        for rule in spec.get(kind, ()):
            does = action(rule, mesh, home, place.host) | ({"protocol": kind} if kind != "http" else {})
            for match in rule.get("match") or [{}]:
                if "gateways" in match and place.gateway not in [whole_gateway(one, home) for one in match["gateways"]]:
                    continue
                wanted = conditions({key: value for key, value in match.items() if key not in ("gateways", "sniHosts")})
                sent = sent_on(does, match.get("port"))
                if [wanted.get("port")] == ports:
                    del wanted["port"]
                for name in match.get("sniHosts", [None]):
                    asked = {"sniHosts": name} if name is not None else {}
                    yield name or place.host, {"match": wanted | asked, **sent}


def sent_on(does: dict[str, Any], port: int | None) -> dict[str, Any]:
    """Destinations without a port have the one that was asked for.

    istio pilot/pkg/networking/core/route/route.go, GetDestinationCluster
    """
    if port is None or "to" not in does:
        return does
    return {**does, "to": [{**one, "port": one["port"] or port} for one in does["to"]]}


def conditions(match: Object) -> dict[str, str]:
    """What a request must have, as fields with their values. Header names have no case; all paths begin with ``/``."""
    found = {}
    for key, value in match.items():
        for path, leaf in leaves(value, key):
            section, dot, rest = path.partition(".")
            found[f"{section}{dot}{rest.lower()}" if section in ("headers", "withoutHeaders") else path] = leaf
    return {path: leaf for path, leaf in found.items() if path != "name" and (path, leaf) != ("uri.prefix", "/")}


def action(rule: Object, mesh: Mesh, home: str, host: str) -> dict[str, Any]:
    """All that a rule does, by the newer of two names. The name that a request has anyway is not written into it."""
    does = {key: value for key, value in rule.items() if key not in ("match", "route", "name")}
    if does.get("rewrite", {}).get("authority") == host:
        does["rewrite"] = {key: value for key, value in does["rewrite"].items() if key != "authority"}
        does = {key: value for key, value in does.items() if value != {}}
    mirrors = [*does.pop("mirrors", ())]
    if "mirror" in does:
        share = does.pop("mirrorPercentage", {"value": does.pop("mirrorPercent", 100)})
        mirrors.append({"destination": does.pop("mirror"), "percentage": share})
    if "prefix_rewrite" in does.get("redirect", {}):  # the field's name in Istio's proto file, which is taken as well
        rest = {key: value for key, value in does["redirect"].items() if key != "prefix_rewrite"}
        does["redirect"] = {**rest, "prefixRewrite": does["redirect"]["prefix_rewrite"]}
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


def add_policy(found: dict[str, Any], spec: Object) -> None:
    """Put a DestinationRule to the others of its host. Subsets are told by their labels; without any it is the host."""
    subsets = {as_text(one.get("labels", {})): one.get("trafficPolicy") or {} for one in spec.get("subsets", ())}
    for policy in (spec.get("trafficPolicy", {}), subsets.pop("", {})):
        for one in policy.get("portLevelSettings", ()):
            found["ports"][str(one["port"]["number"])] = {key: value for key, value in one.items() if key != "port"}
        found["host"] |= {key: value for key, value in policy.items() if key != "portLevelSettings"}
    found["subsets"] |= subsets


def add_servers(found: dict[str, Any], spec: Object, listeners: Mapping[int, int]) -> None:
    for server in spec["servers"]:
        number = server["port"]["number"]
        key = f"server {as_text(spec['selector'])} {listeners.get(number, number)}"
        entry = {"protocol": server["port"]["protocol"].upper(), "hosts": sorted(server["hosts"])}
        found.setdefault(key, []).append(entry | ({"tls": server["tls"]} if server.get("tls") else {}))
