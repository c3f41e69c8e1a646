"""The example online-boutique says all that the upstream manifests say, but for one table of differences.

Compared are every field of the objects, who may call whom, and which calls are open. docs/online-boutique.md shows the
table.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.access_model import (
    Pod,
    UnjudgedError,
    ingress_admits,
    istio_admits,
    mtls_mode,
    network_admits,
    of,
    sidecar_hosts,
)
from tests.support.leaves import NOTHING, Difference, Finding
from tests.support.values import quantity_value

TOP = Path(__file__).resolve().parents[2]
EXAMPLE = TOP / "examples" / "online-boutique"
PAGE = TOP / "docs" / "online-boutique.md"
NAMESPACE = "default"  # the one that upstream's VirtualServices name
MANIFESTS = ("kubernetes-manifests", "istio-manifests")
POLICIES = ("kustomize/components/network-policies",)


_POD = "Deployment * spec.template.spec"
DIFFERENCES = (
    Difference(
        "Deployment * metadata.name",
        "*",
        "*-v1",
        "A Deployment is of a version, so that a second one renames nothing.",
    ),
    Difference(
        f"{_POD}.containers.0.name",
        "*",
        "*",
        "The container is called like its service, so that logs and metrics of several services can be told apart.",
    ),
    Difference(
        f"{_POD}.containers.0.securityContext.privileged",
        "False",
        NOTHING,
        "That is what Kubernetes does when nothing is said.",
    ),
    Difference(
        f"{_POD}.terminationGracePeriodSeconds",
        "5",
        "30",
        "Kubernetes' own 30: where there is a port, five seconds pass before the stop signal, while the endpoints are"
        " withdrawn, and the program needs some of its own.",
    ),
    Difference(
        "Deployment * spec.template.metadata.annotations.sidecar.istio.io/rewriteAppHTTPProbers",
        "true",
        NOTHING,
        "Istio's default.",
    ),
    Difference(
        "Deployment loadgenerator spec.template.spec.initContainers.*",
        "*",
        NOTHING,
        "Init containers are not built yet. The load generator is told of nothing to wait for: its first requests may"
        " fail, and it goes on.",
    ),
    Difference(
        "Deployment redis-cart spec.template.spec.serviceAccountName",
        "default",
        "redis-cart",
        "Every service has an identity of its own; upstream shares the namespace's here.",
    ),
    Difference(
        "Deployment redis-cart *./data.name",
        "redis-data",
        "data",
        "Volumes are named by where they are mounted.",
    ),
    Difference(
        "Service frontend-external",
        "an object",
        NOTHING,
        "The ingress gateway is the way in: with strict mutual TLS, pods take no plain connections from a load"
        " balancer.",
    ),
    Difference("* apiVersion", "networking.istio.io/v1alpha3", "networking.istio.io/v1", "The same fields, stable."),
    Difference(
        "Gateway frontend-gateway metadata.name*",
        "*",
        "*",
        "A gateway is the platform's, in the namespace of its pods, and has its name there.",
    ),
    Difference(
        "VirtualService frontend-ingress metadata.name",
        "frontend-ingress",
        "frontend-frontend",
        "Named by service and gateway.",
    ),
    Difference(
        "VirtualService frontend-ingress spec.gateways",
        "frontend-gateway",
        "istio-system/frontend",
        "The platform's gateway, see above.",
    ),
    Difference(
        "VirtualService frontend-ingress spec.exportTo",
        "[*]",
        "istio-system",
        "Only the gateway's namespace has to know the routes of the gateway.",
    ),
    Difference(
        "VirtualService * spec.http.0.route.0.destination.host",
        "frontend",
        "frontend.default.svc.cluster.local",
        "The same host; a short name is resolved by the namespace of whoever reads it.",
    ),
    Difference(
        "VirtualService * spec.http.0.route.0.destination.port.number",
        "80",
        NOTHING,
        "The Service has one port, and Istio takes it.",
    ),
    Difference("ServiceEntry * metadata.name", "allow-egress-*", "online-boutique-*", "One object for each host."),
    Difference(
        "ServiceEntry * spec.ports.*.name",
        "http*",
        "http*-*",
        "Names of ports hold the number, since a host may have two ports of one protocol.",
    ),
    Difference(
        "ServiceEntry * spec.resolution",
        "NONE",
        "DNS",
        "The proxy resolves the name by itself, not by the address that a caller chose; with a wildcard it cannot.",
    ),
    Difference(
        "ServiceEntry metadata.google.internal spec.addresses",
        "169.254.169.254",
        NOTHING,
        "The name is resolved, see above; no address has to be known.",
    ),
    Difference(
        "ServiceEntry * spec.exportTo",
        "[*]",
        ".",
        "What this application may call opens nothing for others.",
    ),
    Difference(
        "access * to itself",
        "refused",
        "admitted",
        "A service may call itself: [ADR 4](adr/0004-default-deny-admits-the-service-itself.md).",
    ),
)

#: Objects that are called otherwise here. A ServiceEntry is known by its host, since upstream has several in one.
RENAMED = {"Gateway frontend-gateway": "frontend", "VirtualService frontend-ingress": "frontend-frontend"}
KINDS = {"Deployment", "Service", "ServiceAccount", "Gateway", "VirtualService", "ServiceEntry"}
#: A service that variables name and that upstream leaves to an optional component.
NOT_DEPLOYED = {"shoppingassistantservice"}

# The upstream manifests and ours


def upstream_directory() -> Path:
    """The upstream manifests; skips the calling test where there are none, and this is the one place that does."""
    beside = TOP.parent / "shared" / "corpora"
    directory = Path(os.environ.get("MESHSPEC_CORPORA") or beside) / "online-boutique"
    if not directory.is_dir():
        pytest.skip(f"NOT COMPARED: the upstream manifests {directory} are missing (set MESHSPEC_CORPORA)")
    return directory


def upstream(*folders: str) -> list[Any]:
    """The objects of some folders, in the namespace that they would be applied in."""
    objects = _read_folders(upstream_directory(), folders)
    return [one for one in objects if not one["apiVersion"].startswith("kustomize.config.k8s.io/")]


@cache
def _read_folders(directory: Path, folders: tuple[str, ...]) -> list[Any]:
    files = [file for folder in folders for file in sorted((directory / folder).glob("*.yaml"))]
    objects = [one for file in files for one in yaml.safe_load_all(file.read_text(encoding="utf-8")) if one]
    for one in objects:
        one.setdefault("metadata", {}).setdefault("namespace", NAMESPACE)
    return objects


def rendered(folder: Path) -> list[Any]:
    manifests = render(str(folder), Environment(namespace=NAMESPACE, source_path="."), {}).manifests
    return list(yaml.safe_load_all(emit(manifests, "yaml")))


def indexed(objects: list[Any]) -> dict[str, Any]:
    """Objects by kind and name, those of several hosts once for each host."""
    found = {f"{one['kind']} {one['metadata']['name']}": one for one in objects if one["kind"] in KINDS}
    entries = of(objects, "ServiceEntry")
    hosts = {
        f"ServiceEntry {host}": {**one, "spec": {**one["spec"], "hosts": [host]}}
        for one in entries
        for host in one["spec"]["hosts"]
    }
    return {key: one for key, one in found.items() if one not in entries} | hosts


def counterpart(key: str) -> str:
    kind, _, name = key.partition(" ")
    return f"{key}-v1" if kind == "Deployment" else f"{kind} {RENAMED.get(key, name)}"


# What is not written, as the API server and Istio read it


PROBE = {"initialDelaySeconds": 0, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1}
DEFAULT_PROBE = {**PROBE, "failureThreshold": 3}
DEFAULT_POD = {"terminationGracePeriodSeconds": 30, "restartPolicy": "Always", "serviceAccountName": "default"}
ISTIO_DEFAULTS: dict[str, dict[str, Any]] = {
    "ServiceEntry": {"resolution": "NONE", "location": "MESH_EXTERNAL", "exportTo": ["*"]},
    "VirtualService": {"gateways": ["mesh"], "exportTo": ["*"]},
}


def completed(one: Any) -> Any:
    """A copy of an object with the defaults written out, so that leaving one out and writing it are the same."""
    one = deepcopy(one)
    complete: dict[str, Callable[[Any], None]] = {"Deployment": _complete_deployment, "Service": _complete_service}
    if one["kind"] in complete:
        complete[one["kind"]](one["spec"])
    if one["kind"] in ISTIO_DEFAULTS:
        _default(one["spec"], ISTIO_DEFAULTS[one["kind"]])
    return one


def _default(fields: dict[str, Any], defaults: dict[str, Any]) -> None:
    for key, value in defaults.items():
        fields.setdefault(key, value)


def _complete_service(spec: Any) -> None:
    _default(spec, {"type": "ClusterIP"})
    for port in spec["ports"]:
        _default(port, {"protocol": "TCP", "targetPort": port["port"]})


def _complete_deployment(spec: Any) -> None:
    _default(spec, {"replicas": 1})
    pod = spec["template"]["spec"]
    _default(pod, DEFAULT_POD)
    for container in pod["containers"]:
        for port in container.get("ports", ()):
            _default(port, {"protocol": "TCP"})
        for name in ("readinessProbe", "livenessProbe", "startupProbe"):
            _complete_probe(container.get(name))
    _name_volumes_by_path(pod)


def _complete_probe(probe: Any) -> None:
    if probe is None:
        return
    _default(probe, DEFAULT_PROBE)
    _default(probe.get("httpGet", {}), {"scheme": "HTTP"})
    _default(probe.get("grpc", {}), {"service": ""})


def _name_volumes_by_path(pod: Any) -> None:
    """Volumes and their mounts by the path of the mount: names of volumes mean nothing outside of the pod."""
    paths: dict[str, str] = {}
    for container in pod["containers"]:
        mounts = container.get("volumeMounts", ())
        paths |= {mount["name"]: mount["mountPath"] for mount in mounts}
        if mounts:
            container["volumeMounts"] = {mount["mountPath"]: mount for mount in mounts}
    if paths:
        pod["volumes"] = {paths[volume["name"]]: volume for volume in pod["volumes"]}


# Field by field


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What an object says, by path. Named items go by their name, others by their place, with their number as ``#``."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield f"{path}.#", len(value)
        named = path.endswith((".env", ".httpHeaders"))
        for number, child in enumerate(value):
            yield from leaves(child, f"{path}.{child['name'] if named else number}")
    else:
        yield path, value


def comparable(path: str, value: Any) -> Any:
    """A leaf without what makes no difference: the order of a list of scalars, the spelling of a quantity."""
    if isinstance(value, list):
        return sorted(value)
    if re.search(r"\.resources\.(requests|limits)\.", path):
        return quantity_value(str(value))
    return value


def same(path: str, theirs: Any, ours: Any) -> bool:
    if path.endswith(".image") and isinstance(ours, str):
        return same_image(theirs, ours)
    return bool(comparable(path, theirs) == comparable(path, ours)) and type(theirs) is type(ours)


def same_image(theirs: str, ours: str) -> bool:
    """Upstream's own images have neither registry nor tag, which its build adds; others are whole."""
    if ":" in theirs:
        return ours in (theirs, f"docker.io/{theirs}", f"docker.io/library/{theirs}")
    return ours.rpartition("/")[2].partition(":")[0] == theirs


def text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def field_findings(theirs: list[Any], ours: list[Any]) -> Iterator[Finding]:
    here = indexed(ours)
    for key, one in indexed(theirs).items():
        if counterpart(key) not in here:
            yield Finding(key, "an object", NOTHING)
            continue
        written = dict(leaves(completed(here[counterpart(key)])))
        for path, value in leaves(completed(one)):
            found = written.get(path)
            if not same(path, value, found):
                yield Finding(f"{key} {path}", text(value), NOTHING if found is None else text(found))


# Who may call whom

GATEWAY = Pod("istio-system", {"istio": "ingressgateway"}, "istio-ingressgateway-service-account")
#: Called like a service that may call several, but of another namespace.
IMPOSTOR = Pod("elsewhere", {"app": "frontend"}, "frontend")
STRANGERS = {"the gateway": GATEWAY, "an impostor": IMPOSTOR}
#: Where a pod declares no port, it must be closed on any.
ANY_PORT = 8089


def pods(objects: list[Any], label: Callable[[str], str] = lambda name: name) -> dict[str, Pod]:
    return {
        label(one["metadata"]["name"]): Pod(
            one["metadata"]["namespace"],
            one["spec"]["template"]["metadata"]["labels"],
            one["spec"]["template"]["spec"].get("serviceAccountName", "default"),
            one["spec"]["template"]["metadata"]["labels"].get("sidecar.istio.io/inject") == "true",
        )
        for one in of(objects, "Deployment")
    }


def our_pods(ours: list[Any]) -> dict[str, Pod]:
    return pods(ours, lambda name: name.removesuffix("-v1"))


def container_ports(objects: list[Any], name: str) -> set[int]:
    containers = [
        container
        for one in of(objects, "Deployment")
        if one["metadata"]["name"] in (name, f"{name}-v1")
        for container in one["spec"]["template"]["spec"]["containers"]
    ]
    return {port["containerPort"] for container in containers for port in container.get("ports", ())}


Call = tuple[str, str, int]


def matrix(theirs: list[Any], ours: list[Any]) -> list[Call]:
    """All calls there could be: each pod, and each stranger, to each pod on each port that either side declares."""
    names = sorted(pods(theirs))
    ports = {name: container_ports(theirs, name) | container_ports(ours, name) or {ANY_PORT} for name in names}
    callers = [*names, *STRANGERS]
    return [(caller, target, port) for target in names for port in sorted(ports[target]) for caller in callers]


def upstream_graph(calls: list[Call]) -> set[Call]:
    known = pods(upstream(*MANIFESTS)) | STRANGERS
    policies = upstream(*POLICIES)
    return {call for call in calls if network_admits(policies, known[call[0]], known[call[1]], call[2])}


def our_graph(calls: list[Call], ours: list[Any]) -> set[Call]:
    known = our_pods(ours) | STRANGERS
    return {call for call in calls if istio_admits(ours, known[call[0]], known[call[1]], call[2])}


def access_findings(theirs: list[Any], ours: list[Any]) -> Iterator[Finding]:
    calls = matrix(theirs, ours)
    there, here = upstream_graph(calls), our_graph(calls, ours)
    said = {True: "admitted", False: "refused"}
    for call in calls:
        if (call in there) != (call in here):
            caller, target, port = call
            name = "itself" if caller == target else f"{target}:{port}"
            yield Finding(f"access {caller} to {name}", said[call in there], said[call in here])


# Calls that the variables of upstream name


class Named(NamedTuple):
    caller: str
    service: str
    port: int


def named_calls(theirs: list[Any]) -> set[Named]:
    """What variables like ``CART_SERVICE_ADDR: cartservice:7070`` say of who calls whom."""
    found = set()
    for one in of(theirs, "Deployment"):
        for variable in _variables(one["spec"]["template"]["spec"]):
            address = re.fullmatch(r"([a-z-]+):(\d+)", variable.get("value", ""))
            if variable["name"].endswith("_ADDR") and address:
                found.add(Named(one["metadata"]["name"], address[1], int(address[2])))
    return found


def _variables(pod: Any) -> list[Any]:
    containers = [*pod["containers"], *pod.get("initContainers", ())]
    return [variable for container in containers for variable in container.get("env", ())]


def call_findings(theirs: list[Any], ours: list[Any]) -> Iterator[Finding]:
    named = {call for call in named_calls(theirs) if call.service not in NOT_DEPLOYED}
    for call in sorted(named):
        if problem := _call_problem(call, ours):
            yield Finding(f"call of {call.caller} to {call.service}:{call.port}", "named by a variable", problem)
    for caller, service in sorted(told_of(ours) - {(call.caller, call.service) for call in named}):
        if caller != service:
            yield Finding(f"call of {caller} to {service}", "named by no variable", "in the Sidecar")


def _call_problem(call: Named, ours: list[Any]) -> str:
    """What keeps a call from getting through: its own proxy, the Service, or the target's proxy."""
    if (call.caller, call.service) not in told_of(ours):
        return "not in the Sidecar"
    ports = [port for port in indexed(ours)[f"Service {call.service}"]["spec"]["ports"] if port["port"] == call.port]
    if not ports:
        return "no such port"
    known = our_pods(ours)
    return "" if istio_admits(ours, known[call.caller], known[call.service], ports[0]["targetPort"]) else "refused"


def told_of(ours: list[Any]) -> set[tuple[str, str]]:
    """Which pods' proxies are told of which services."""
    services = {
        f"{one['metadata']['namespace']}/{one['metadata']['name']}.{NAMESPACE}.svc.cluster.local": one
        for one in of(ours, "Service")
    }
    return {
        (caller, one["metadata"]["name"])
        for caller, pod in our_pods(ours).items()
        for pattern in _required(sidecar_hosts(ours, pod), caller)
        for host, one in services.items()
        if fnmatchcase(host, pattern)
    }


def _required(hosts: list[str] | None, caller: str) -> list[str]:
    assert hosts is not None, f"{caller} has no Sidecar, so it is told of everything"
    return hosts


# The comparison


def compare(folder: Path) -> list[Finding]:
    theirs, ours = upstream(*MANIFESTS), rendered(folder)
    return [*field_findings(theirs, ours), *access_findings(theirs, ours), *call_findings(theirs, ours)]


def unexplained(findings: list[Finding]) -> list[str]:
    return [str(one) for one in findings if not any(row.explains(one) for row in DIFFERENCES)]


def spec_lines(folder: Path) -> list[str]:
    files = sorted(folder.rglob("*.yaml"))
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def test_the_example_is_short() -> None:
    lines = spec_lines(EXAMPLE)
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 120


def test_every_difference_is_one_of_the_table() -> None:
    left = unexplained(compare(EXAMPLE))
    assert not left, "\n" + "\n".join(left)


def test_every_row_of_the_table_is_needed() -> None:
    findings = compare(EXAMPLE)
    unused = [row.where for row in DIFFERENCES if not any(row.explains(one) for one in findings)]
    assert not unused, unused
    twice = [str(one) for one in findings if sum(row.explains(one) for row in DIFFERENCES) > 1]
    assert not twice, twice


def test_the_comparison_sees_all_of_upstream() -> None:
    theirs = upstream(*MANIFESTS)
    assert {one["kind"] for one in theirs} == KINDS
    assert {kind: len(of(theirs, kind)) for kind in KINDS} == {
        "Deployment": 12,
        "Service": 12,
        "ServiceAccount": 11,
        "Gateway": 1,
        "VirtualService": 2,
        "ServiceEntry": 2,
    }
    assert {call.service for call in named_calls(theirs)} - {one.split()[1] for one in indexed(theirs)} == NOT_DEPLOYED


def test_the_graph_of_upstream_is_read_in_full() -> None:
    """15 peers in the policies, and everybody to the frontend: 12 pods, the gateway, and one of elsewhere."""
    theirs = upstream(*MANIFESTS)
    graph = upstream_graph(matrix(theirs, []))
    assert len([call for call in graph if call[1] != "frontend"]) == 15
    assert {call[0] for call in graph if call[1] == "frontend"} == {*pods(theirs), *STRANGERS}


def test_identities_are_known_on_every_port() -> None:
    ours = rendered(EXAMPLE)
    for name, pod in our_pods(ours).items():
        assert pod.meshed, name
        for port in container_ports(ours, name) or {ANY_PORT}:
            assert mtls_mode(ours, pod, port) == "STRICT", name


def test_the_gateway_of_the_matrix_is_the_one_of_the_manifests() -> None:
    for gateway in of([*upstream(*MANIFESTS), *rendered(EXAMPLE)], "Gateway"):
        assert gateway["spec"]["selector"].items() <= GATEWAY.labels.items()


# The same graph by NetworkPolicies


@pytest.fixture
def with_policies(tmp_path: Path) -> list[Any]:
    """The example on a platform that writes NetworkPolicies."""
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "meshplatform.yaml").open("a", encoding="utf-8") as file:
        file.write("networkPolicy: true\n")
    return rendered(tmp_path)


def test_network_policies_let_in_whom_those_of_upstream_let_in(with_policies: list[Any]) -> None:
    """Besides, a service may call itself. What goes out is open upstream, so only what comes in is compared."""
    calls = matrix(upstream(*MANIFESTS), with_policies)
    here, there = our_pods(with_policies) | STRANGERS, pods(upstream(*MANIFESTS)) | STRANGERS
    ours, theirs = of(with_policies, "NetworkPolicy"), upstream(*POLICIES)
    differing = {
        (caller, target)
        for caller, target, port in calls
        if ingress_admits(ours, here[caller], here[target], port)
        != ingress_admits(theirs, there[caller], there[target], port)
    }
    assert differing == {
        (name, name) for name in pods(upstream(*MANIFESTS)) if container_ports(with_policies, name)
    } - {
        ("frontend", "frontend")  # which upstream opens to all
    }


def test_network_policies_let_through_what_variables_name(with_policies: list[Any]) -> None:
    ours, known = of(with_policies, "NetworkPolicy"), our_pods(with_policies)
    assert len(ours) == 12
    for call in named_calls(upstream(*MANIFESTS)):
        if call.service not in NOT_DEPLOYED:
            for port in container_ports(with_policies, call.service):
                assert network_admits(ours, known[call.caller], known[call.service], port), call
    assert not network_admits(ours, known["adservice"], known["frontend"], 8080), "which calls nobody"
    assert not network_admits(ours, IMPOSTOR, known["cartservice"], 7070)


# Controls: a change of the spec is found, and nothing else is said

CHANGES: dict[str, tuple[dict[str, str], list[str]]] = {
    "a caller removed": (
        {"    access: cartservice\n": "", "    calls: redis-cart\n": ""},
        [
            "access cartservice to redis-cart:6379: upstream admitted, ours refused",
            "call of cartservice to redis-cart:6379: upstream named by a variable, ours not in the Sidecar",
        ],
    ),
    "a call removed": (
        {"    calls: productcatalogservice\n": ""},
        [
            "call of recommendationservice to productcatalogservice:3550: upstream named by a variable,"
            " ours not in the Sidecar"
        ],
    ),
    "a caller added": (
        {"    access: cartservice\n": "    access: [cartservice, frontend]\n"},
        ["access frontend to redis-cart:6379: upstream refused, ours admitted"],
    ),
    "a caller of another namespace": (
        {"    access: cartservice\n": "    access: [cartservice, frontend.elsewhere]\n"},
        ["access an impostor to redis-cart:6379: upstream refused, ours admitted"],
    ),
    "a call added": (
        {
            "    calls: frontend\n": "    calls: [frontend, redis-cart]\n",
            "    access: cartservice\n": "    access: {}\n",
        },
        [
            f"access {caller} to redis-cart:6379: upstream refused, ours admitted"
            for caller in (
                *("adservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator"),
                *("paymentservice", "productcatalogservice", "recommendationservice", "shippingservice"),
                *STRANGERS,
            )
        ]
        + ["call of loadgenerator to redis-cart: upstream named by no variable, ours in the Sidecar"],
    ),
    "another value of a variable": (
        {"USERS: 10": "USERS: 20"},
        ["Deployment loadgenerator spec.template.spec.containers.0.env.USERS.value: upstream 10, ours 20"],
    ),
    "a variable removed": (
        {", RATE: 1": ""},
        [
            "Deployment loadgenerator spec.template.spec.containers.0.env.#: upstream 3, ours 2",
            "Deployment loadgenerator spec.template.spec.containers.0.env.RATE.name: upstream RATE, ours nothing",
            "Deployment loadgenerator spec.template.spec.containers.0.env.RATE.value: upstream 1, ours nothing",
        ],
    ),
    "another port of the Service": (
        {"port: 5000,": "port: 5001,"},
        [
            "Service emailservice spec.ports.0.port: upstream 5000, ours 5001",
            "call of checkoutservice to emailservice:5000: upstream named by a variable, ours no such port",
        ],
    ),
    "another resource": (
        {"cpu: 70m": "cpu: 71m"},
        ["Deployment redis-cart spec.template.spec.containers.0.resources.requests.cpu: upstream 70m, ours 71m"],
    ),
    "a resource in other words": ({"cpu: 70m": "cpu: 0.070"}, []),
    "a timing of a probe that upstream leaves to Kubernetes": (
        {"liveness: {grpc: 50051}": "liveness: {grpc: 50051, timeoutSeconds: 2}"},
        ["Deployment shippingservice spec.template.spec.containers.0.livenessProbe.timeoutSeconds: upstream 1, ours 2"],
    ),
    "another image": (
        {"image: cartservice\n": "image: adservice\n"},
        [
            "Deployment cartservice spec.template.spec.containers.0.image: upstream cartservice,"
            " ours us-central1-docker.pkg.dev/google-samples/microservices-demo/adservice:v0.10.5"
        ],
    ),
    "another user": (
        {"runAsUser: 1000": "runAsUser: 1001"},
        [
            f"Deployment {name} spec.template.spec.securityContext.runAsUser: upstream 1000, ours 1001"
            for name in (
                *("adservice", "cartservice", "redis-cart", "checkoutservice", "currencyservice", "emailservice"),
                *("frontend", "loadgenerator", "paymentservice", "productcatalogservice", "recommendationservice"),
                "shippingservice",
            )
        ],
    ),
    "an outside host removed": (
        {"http://metadata.google.internal,": "", "https://metadata.google.internal, ": ""},
        ["ServiceEntry metadata.google.internal: upstream an object, ours nothing"],
    ),
}


@pytest.mark.parametrize(("edits", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_spec_is_found(edits: dict[str, str], expected: list[str], tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    spec = (tmp_path / "meshspec.yaml").read_text(encoding="utf-8")
    for old, new in edits.items():
        assert len(re.findall(rf"(?<![a-z:/]){re.escape(old)}", spec)) == 1, old
        spec = re.sub(rf"(?<![a-z:/]){re.escape(old)}", new, spec)
    (tmp_path / "meshspec.yaml").write_text(spec, encoding="utf-8")
    assert unexplained(compare(tmp_path)) == expected


# Controls: the evaluator itself

TARGET = Pod("shop", {"app": "web"}, "web")
CALLER = Pod("shop", {"app": "cart"}, "cart")
PLAIN = CALLER._replace(meshed=False)


def policy(kind: str, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"namespace": namespace}, "spec": spec}


def authorization(action: str, *rules: Any, **more: Any) -> dict[str, Any]:
    return policy("AuthorizationPolicy", action=action, rules=list(rules), **more)


def source(**fields: Any) -> dict[str, Any]:
    return {"from": [{"source": fields}]}


OTHER = {"selector": {"matchLabels": {"app": "other"}}}
STRICT = policy("PeerAuthentication", "istio-system", mtls={"mode": "STRICT"})
OPEN_PORT = policy(
    "PeerAuthentication", selector={"matchLabels": {"app": "web"}}, portLevelMtls={"80": {"mode": "PERMISSIVE"}}
)
VERDICTS: dict[str, tuple[list[Any], Pod, bool]] = {
    "no policy": ([], CALLER, True),
    "a policy for others": ([authorization("ALLOW", **OTHER)], CALLER, True),
    "an ALLOW without rules": ([authorization("ALLOW")], CALLER, False),
    "an ALLOW for all": ([authorization("ALLOW", {})], CALLER, True),
    "DENY before ALLOW": ([authorization("ALLOW", {}), authorization("DENY", {})], CALLER, False),
    "a DENY of others": ([authorization("DENY", source(namespaces=["a"]))], CALLER, True),
    "CUSTOM and AUDIT": ([authorization("CUSTOM", {}), authorization("AUDIT", {})], CALLER, True),
    "one of two ALLOWs": ([authorization("ALLOW"), authorization("ALLOW", {})], CALLER, True),
    "an ALLOW of the root namespace": ([policy("AuthorizationPolicy", "istio-system")], CALLER, False),
    "an ALLOW of another namespace": ([policy("AuthorizationPolicy", "other")], CALLER, True),
    "a principal": ([authorization("ALLOW", source(principals=["cluster.local/ns/shop/sa/cart"]))], CALLER, True),
    "a prefix": ([authorization("ALLOW", source(principals=["cluster.local/ns/shop/*"]))], CALLER, True),
    "a prefix of others": ([authorization("ALLOW", source(principals=["cluster.local/ns/other/*"]))], CALLER, False),
    "a suffix": ([authorization("ALLOW", source(principals=["*/sa/other"]))], CALLER, False),
    "any identity": ([authorization("ALLOW", source(principals=["*"]))], CALLER, True),
    "any identity, and none": ([authorization("ALLOW", source(principals=["*"]))], PLAIN, False),
    "a namespace": ([authorization("ALLOW", source(namespaces=["shop"]))], CALLER, True),
    "a namespace, and no identity": ([authorization("ALLOW", source(namespaces=["shop"]))], PLAIN, False),
    "two fields": ([authorization("ALLOW", source(namespaces=["shop"], principals=["*/other"]))], CALLER, False),
    "not": ([authorization("ALLOW", source(notNamespaces=["shop"]))], CALLER, False),
    "a port": ([authorization("ALLOW", {"to": [{"operation": {"ports": ["80"]}}]})], CALLER, True),
    "another port": ([authorization("ALLOW", {"to": [{"operation": {"ports": ["81"]}}]})], CALLER, False),
    "when": ([authorization("ALLOW", {"when": [{"key": "source.namespace", "values": ["sh*"]}]})], CALLER, True),
    "when not": ([authorization("ALLOW", {"when": [{"key": "destination.port", "notValues": ["80"]}]})], CALLER, False),
    "strict": ([STRICT], CALLER, True),
    "strict, and no identity": ([STRICT], PLAIN, False),
    "strict but for a port": ([STRICT, OPEN_PORT], PLAIN, True),
}


@pytest.mark.parametrize(("policies", "caller", "admitted"), VERDICTS.values(), ids=VERDICTS)
def test_the_evaluator_follows_istio(policies: list[Any], caller: Pod, admitted: bool) -> None:
    assert istio_admits(policies, caller, TARGET, 80) is admitted


def test_the_evaluator_refuses_what_it_does_not_know() -> None:
    for rule in (source(ipBlocks=["::/0"]), {"when": [{"key": "source.ip", "values": ["::/0"]}]}):
        with pytest.raises(UnjudgedError):
            istio_admits([authorization("ALLOW", rule)], CALLER, TARGET, 80)


def test_the_sidecar_of_the_workload_comes_before_that_of_the_namespace() -> None:
    wide = policy("Sidecar", egress=[{"hosts": ["*/*"]}])
    own = policy("Sidecar", workloadSelector={"labels": TARGET.labels}, egress=[{"hosts": ["./a"]}, {"hosts": ["b/*"]}])
    assert sidecar_hosts([wide, own], TARGET) == ["shop/a", "b/*"]
    assert sidecar_hosts([wide, own], CALLER) == ["*/*"]
    assert sidecar_hosts([own], CALLER) is None


# The page


def table() -> str:
    rows = [" | ".join([*(f"`{cell.replace('[*]', '*')}`" for cell in row[:3]), row.reason]) for row in DIFFERENCES]
    return "\n".join(["| where | upstream | here | why |", "|---|---|---|---|", *(f"| {row} |" for row in rows)])


def test_the_page_shows_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8"), "\n" + table()


def test_the_page_counts_our_lines() -> None:
    assert f"{len(spec_lines(EXAMPLE))} lines" in PAGE.read_text(encoding="utf-8")


def test_the_page_counts_the_lines_of_upstream() -> None:
    for folders in (MANIFESTS, POLICIES):
        lines = [line for folder in folders for line in spec_lines(upstream_directory() / folder)]
        code = [line for line in lines if not line.lstrip().startswith("#")]
        assert f"{len(lines)} lines, {len(code)} of them no comments" in PAGE.read_text(encoding="utf-8"), folders
