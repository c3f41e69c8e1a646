"""What an example of Istio's documentation says, as facts: for the data, and to hold the data against Istio's text."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cmp.spec.syntax import SCHEMES
from tests.support.spellings import ROUTED, head, meaning

#: What stands in the examples where a reader puts values of their own, namespaces that Kubernetes would refuse, and a
#: network with bits beyond its length.
STAND_INS = {
    "$CLIENT_IP": "192.168.10.15",
    "$PROXY_IP/32": "10.0.0.1/32",
    "$PROXY_PORT": "3128",
    "ISTIOD-HOST.DOMAIN": "istiod.example.com",
    "$CREDENTIAL_NAME": "istiod-cert",
    "<< github_file >>/security/tools/jwt/samples/jwks.json": "https://example.com/jwks.json",
    "192.192.192.192/24": "192.192.192.0/24",
    "nsA": "ns-a",
    "nsB": "ns-b",
}
#: The egress gateway of Istio's pages.
EGRESS_HOST = "istio-egressgateway.istio-system.svc.cluster.local"


def facts(kind: str, name: str, spec: Any, namespace: str, says: Mapping[str, Any]) -> dict[str, set[str]]:
    """What an example of upstream says, as facts: for the data, and to hold the data against upstream.

    Args:
        kind, name, spec: the example.
        namespace: of short host names.
        says: the spelling: its services, with their ports and versions, are those that the example is about.
    """
    text = json.dumps(spec)
    for value, stand_in in STAND_INS.items():
        text = text.replace(value, stand_in)
    theirs = {"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": json.loads(text)}
    if kind not in ROUTED:
        return meaning(kind, [theirs], namespace)
    around = [one for service, body in says.items() if service != "platform" for one in pods(service, body, namespace)]
    if kind == "VirtualService":
        around += [subset(host, version, namespace) for host, version in dict.fromkeys(asked(theirs["spec"]))]
    own = meaning(kind, [theirs], namespace)
    about = {head(place) for place in own}
    places = meaning(kind, [theirs, *around], namespace)
    return {place: values for place, values in places.items() if head(place) in about}


def pods(name: str, body: Mapping[str, Any], namespace: str) -> list[dict[str, Any]]:
    """The Service and the Deployments of a service, as far as routes ask for them, and hosts outside."""
    if "external" in body:
        return [outside(body)]
    listed = body.get("ports", {"http": body.get("port", 9080)}).values()
    ports = [{"port": port["port"] if isinstance(port, dict) else port} for port in listed]
    calls = body.get("calls", [])
    called = [outside_call(one) for one in (calls if isinstance(calls, list) else [calls])]
    versions = [{"app": name, "version": version} for version in body.get("versions", ["v1"])]
    metadata = {"name": name, "namespace": namespace}
    deployments = [
        {"kind": "Deployment", "metadata": metadata, "spec": {"template": {"metadata": {"labels": labels}}}}
        for labels in versions
    ]
    return [
        {"kind": "Service", "metadata": metadata, "spec": {"selector": {"app": name}, "ports": ports}},
        *deployments,
        *(entry(*one) for one in called if one is not None),
    ]


def outside(body: Mapping[str, Any]) -> dict[str, Any]:
    """The ServiceEntry of a service that is external."""
    said = body["external"]["hosts"] if isinstance(body["external"], dict) else body["external"]
    listed = body.get("ports", {}).values()
    ports = [port["port"] if isinstance(port, dict) else port for port in listed]
    return entry([said] if isinstance(said, str) else said, ports)


def outside_call(call: Any) -> tuple[list[str], list[int]] | None:
    """The host and the port of a call that goes out."""
    url = call.get("url", "") if isinstance(call, dict) else call
    scheme, there, rest = url.partition("://")
    host, _, port = rest.partition(":")
    return ([host], [int(port or SCHEMES[scheme] or 0)]) if there else None


def entry(hosts: list[str], ports: list[int]) -> dict[str, Any]:
    spec = {"hosts": hosts, "ports": [{"number": port} for port in ports]}
    return {"kind": "ServiceEntry", "metadata": {"name": "outside"}, "spec": spec}


def subset(host: str, name: str, namespace: str) -> dict[str, Any]:
    """The DestinationRule that an example's routes ask for: there a subset is the pods whose label has its name.

    Subsets of the egress gateway have no labels on any of Istio's pages.
    """
    labels = {"version": name} if host != EGRESS_HOST else {}
    spec = {"host": host, "subsets": [{"name": name, "labels": labels}]}
    return {"kind": "DestinationRule", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def asked(spec: Any) -> Iterable[tuple[str, str]]:
    """The host and subset of each destination."""
    if isinstance(spec, dict):
        if "host" in spec and "subset" in spec:
            yield spec["host"], spec["subset"]
        spec = list(spec.values())
    if isinstance(spec, list):
        for part in spec:
            yield from asked(part)
