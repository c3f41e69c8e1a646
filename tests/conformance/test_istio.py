"""Nothing that Istio's own webhook and analyzers say of our output is above Info. See docs/analyzers.md."""

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render
from tests.support.examples import FOLDERS, environment
from tests.support.istio_oracle import Answers, Finding, check_with_istio, require_istio
from tests.test_cases import CASES

require_istio()  # skips the module, and says so, where the checker is not built

TOP = Path(__file__).parents[2]
#: Cases about mistakes that are warned of: `test_istio_rules.py` has Istio's findings in them.
MISTAKEN = ("warnings-of-annotations", "warnings-of-files-and-patches", "warnings-of-files-silenced")
FILES = sorted(file for file in CASES.glob("*/expected.yaml") if file.parent.name not in MISTAKEN)
NAMES = [file.parent.name for file in FILES] + [f"examples/{path.name}" for path in FOLDERS]


class Accepted(NamedTuple):
    """A finding above Info that stays, where it may be, and why."""

    batch: str
    code: str
    message: str
    reason: str


ACCEPTED = (
    Accepted(
        "platform-access-of-namespaces",
        "IST0127",
        "No matching workloads for this resource",
        "The pods of these namespaces belong to other applications.",
    ),
    Accepted(
        "examples/platform",
        "IST0127",
        "No matching workloads for this resource",
        "The pods of these namespaces belong to other applications.",
    ),
    Accepted(
        "namespaces-written",
        "IST0127",
        "No matching workloads for this resource",
        "The pods of these namespaces belong to other applications.",
    ),
    *(
        Accepted(case, code, said, "The gateway is written where the platform of the mounted file is rendered.")
        for case in ("policy-is-kept", "mounted-platform-below-the-repositorys")
        for code, said in (("IST0101", "Referenced gateway not found"), ("IST0132", "not found in Gateway"))
    ),
    Accepted(
        "trust-domain-and-cluster-domain",
        "IST0101",
        r'Referenced host not found: "web\.shop\.svc\.k8s\.example\.com"',
        "The analyzer knows no other cluster domain than cluster.local.",
    ),
    Accepted(
        "sidecar-listeners-and-proxy",
        "IST0002",
        r"OutboundTrafficPolicy\.EgressProxy ignored",
        "It is not: istio pilot/pkg/networking/core/listener_builder.go sends to it what no other listener takes.",
    ),
    Accepted(
        "two-ports-to-one-container-port",
        "IST0137",
        r"associated with multiple services \[shop/web shop/web\]",
        "Both are one Service, which the case is about: two ports that lead to one.",
    ),
)

#: What some cases refer to and do not hold, because other applications have it. Their batches get stand-ins for it.
NAMESPACES = {
    "access-actions": ("ops",),
    "access-by-address-and-token": ("dev",),
    "access-by-every-source": ("dev", "ops"),
    "access-by-namespace-gateway-and-principal": ("ops", "other"),
    "access-deny-by-token-keeps-to-http": ("dev", "ops"),
    "access-tried-admits-nobody": ("dev",),
    "platform-access-of-namespaces": ("jobs",),
    "platform-access-of-the-mesh": ("sandbox",),
    "platform-lets-callers-into-services": ("monitoring",),
    "network-policies": ("ops",),
    "network-policies-of-what-runs-elsewhere": ("dev", "ops"),
}
DESTINATIONS = {
    "delegate-to-a-service",
    "route-mirror-to-services-and-hosts",
    "tls-routes",
    "warnings-of-services-that-nobody-knows",
    "catalog-ports",
    "calls-through-a-gateway-that-adds-tls",
    "calls-of-a-wildcard-through-a-gateway",
    "calls-through-an-egress-gateway",
    "egress-gateway-by-labels",
    "network-policies",
    "policy-beside-a-catalog",
    "route-to-other-services-and-hosts",
    "install-istio",
    "examples/platform",
}
PLATFORMS = {"platform-above-the-path"}
#: Adopted services: the name of a Service that is there already, and the labels of each of its pods.
ADOPTED: dict[str, dict[str, list[dict[str, str]]]] = {
    "adopt-a-service-of-no-pods": {"my-wikipedia": []},
    "adopt-exposed-without-policies": {"reviews": [{"app": "reviews"}]},
    "adopt-routes-and-versions": {"reviews": [{"app": "reviews", "version": "v1"}, {"release": "canary"}]},
    "adopt-tcp-routes": {"reviews": [{"app": "reviews"}], "other": [{"app": "other"}]},
    "adopt-tokens": {"reviews": [{"app": "reviews"}]},
    "adopt-timeout-only": {"reviews": [{"app": "reviews"}]},
    "adopt-with-policies": {"reviews": [{"app": "reviews", "tier": "back"}]},
    "network-policies-of-what-runs-elsewhere": {
        "reviews": [{"app": "reviews", "tier": "back"}],
        "old": [{"app": "old"}],
    },
    "dashboard-without-lost-labels": {"reviews": [{"app": "reviews"}]},
    "defaults-are-for-what-runs-here": {"reviews": [{"app": "reviews"}]},
}

#: Analyzers that ran, but over nothing that comes from us, since no output has what they look at.
IDLE = {
    "envoyfilter.EnvoyPatchAnalyzer": "EnvoyFilters",
    "externalcontrolplane.ExternalControlPlaneAnalyzer": "the webhook configurations of istiod",
    "k8sgateway.CRDVersionAnalyzer": "the definitions of the Gateway API",
    "meshnetworks.MeshNetworksAnalyzer": "several clusters",
    "schema.ValidationAnalyzer.EnvoyFilter": "EnvoyFilters",
    "schema.ValidationAnalyzer.MeshConfig": "the configuration of the mesh, which is the default here",
    "schema.ValidationAnalyzer.MeshNetworks": "several clusters",
    "schema.ValidationAnalyzer.TrafficExtension": "TrafficExtensions",
    "schema.ValidationAnalyzer.WasmPlugin": "WasmPlugins",
    "telemetry.LightstepAnalyzer": "Telemetries",
    "webhook.Analyzer": "the webhook configurations of istiod",
}
#: Kinds that every batch has whatever we render.
_ALWAYS = {"MeshConfig", "MeshNetworks", "Namespace", "Secret"}
#: Kinds of ours that neither the webhook nor an analyzer looks at. Other tests hold them against their schemas.
UNREAD = {
    "apps/v1 DaemonSet",
    "apps/v1 StatefulSet",
    "cert-manager.io/v1 Certificate",
    "autoscaling/v2 HorizontalPodAutoscaler",
    "argoproj.io/v1alpha1 AppProject",
    "argoproj.io/v1alpha1 Application",
    "argoproj.io/v1alpha1 ApplicationSet",
    "batch/v1 CronJob",
    "batch/v1 Job",
    "external-secrets.io/v1 ExternalSecret",
    "monitoring.coreos.com/v1 PodMonitor",
    "monitoring.coreos.com/v1 PrometheusRule",
    "monitoring.coreos.com/v1 ServiceMonitor",
    "networking.k8s.io/v1 NetworkPolicy",
    "policy/v1 PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1 Role",
    "rbac.authorization.k8s.io/v1 RoleBinding",
    "example.com/v1 Database",
    "keda.sh/v1alpha1 ScaledObject",
    "keda.sh/v1alpha1 TriggerAuthentication",
    "rbac.authorization.k8s.io/v1 ClusterRole",
    "v1 PersistentVolumeClaim",
    "v1 LimitRange",
    "v1 ResourceQuota",
    "v1 ServiceAccount",
}


def namespace(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"istio-injection": "enabled"}},
    }


def stand_ins(objects: list[Any]) -> list[Any]:
    """A Service, or outside the cluster a ServiceEntry, for each host of a route or subset that a batch lacks."""
    known = {
        f"{one['metadata']['name']}.{one['metadata']['namespace']}.svc.cluster.local" for one in of(objects, "Service")
    }
    known |= {host for one in of(objects, "ServiceEntry") for host in one["spec"]["hosts"]}
    wanted: dict[str, set[int]] = {}
    kinds = ("http", "tcp", "tls")
    for rule in (rule for one in of(objects, "VirtualService") for kind in kinds for rule in one["spec"].get(kind, ())):
        for one in (route["destination"] for key in ("route", "mirrors") for route in rule.get(key, ())):
            if one["host"] not in known:
                wanted.setdefault(one["host"], set()).add(one.get("port", {}).get("number", 80))
    for one in of(objects, "DestinationRule"):
        if one["spec"]["host"] not in known:  # of a Service that a chart makes
            wanted.setdefault(one["spec"]["host"], {80})
    return [stand_in(host, sorted(numbers)) for host, numbers in wanted.items()]


def stand_in(host: str, numbers: list[int]) -> dict[str, Any]:
    name, _, rest = host.partition(".")
    if rest.endswith(".svc.cluster.local"):
        ports: list[Any] = [{"name": f"http-{number}", "port": number, "protocol": "TCP"} for number in numbers]
        return {"apiVersion": "v1", "kind": "Service", "spec": {"ports": ports}, **named(name, rest.partition(".")[0])}
    ports = [{"name": f"http-{number}", "number": number, "protocol": "HTTP"} for number in numbers]
    spec = {"hosts": [host], "ports": ports, "resolution": "DNS", "location": "MESH_EXTERNAL"}
    return {"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "spec": spec, **named(host)}


def there_already(name: str, pods: list[dict[str, str]], objects: list[Any]) -> list[Any]:
    """A Service with the ports that routes name, and a Deployment per pod."""
    host = f"{name}.shop.svc.cluster.local"
    written = [one["spec"] for one in of(objects, "VirtualService")]
    rules = [rule for spec in written for rule in (*spec.get("http", ()), *spec.get("tcp", ()))]
    routes = [route["destination"] for rule in rules for route in rule.get("route", ())]
    ports = sorted({route.get("port", {}).get("number", 80) for route in routes if route["host"] == host})
    found = [stand_in(host, ports or [80])]
    for number, labels in enumerate(pods):
        template = {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1.0"}]},
        }
        spec = {"selector": {"matchLabels": labels}, "template": template}
        found.append({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec, **named(f"{name}-{number}")})
    return found


def of(objects: list[Any], kind: str) -> list[Any]:
    return [one for one in objects if one["kind"] == kind]


def named(name: str, namespace: str = "shop") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


def rendered(folder: Path) -> list[Any]:
    manifests = render(str(folder), Environment("demo", environment(folder), source_path="."), {}).manifests
    return list(yaml.safe_load_all(emit(manifests, "yaml")))


@cache
def batches() -> dict[str, list[Any]]:
    """Every output with the stand-ins that its case asks for."""
    found = {file.parent.name: list(yaml.safe_load_all(file.read_text(encoding="utf-8"))) for file in FILES}
    found |= {f"examples/{folder.name}": rendered(folder) for folder in FOLDERS}
    for case, names in NAMESPACES.items():
        found[case] += [namespace(name) for name in names]
    for case in DESTINATIONS:
        found[case] += stand_ins(found[case])
    for case, services in ADOPTED.items():
        for name, pods in services.items():
            found[case] += there_already(name, pods, found[case])
    for case in PLATFORMS:
        found[case] += rendered(CASES / case)
    return found


@cache
def answers() -> Answers:
    """All outputs in one process: starting it takes longer than most of what it does."""
    return check_with_istio(batches())


@cache
def controls() -> Answers:
    """Kept apart, so that what is counted of the outputs is about them alone."""
    return check_with_istio({name: BASE + list(yaml.safe_load_all(text)) for name, text in CONTROLS.items()})


def accepts(row: Accepted, batch: str, finding: Finding) -> bool:
    return row.batch in ("*", batch) and row.code == finding.code and bool(re.search(row.message, finding.message))


@pytest.mark.parametrize("batch", NAMES)
def test_istio_finds_nothing(batch: str) -> None:
    above = [finding for finding in answers().findings[batch] if finding.level != "Info"]
    assert not [str(finding) for finding in above if not any(accepts(row, batch, finding) for row in ACCEPTED)]


@pytest.mark.parametrize("row", ACCEPTED, ids=lambda row: f"{row.code}-{row.batch}")
def test_what_is_accepted_still_happens(row: Accepted) -> None:
    assert any(accepts(row, batch, finding) for batch in NAMES for finding in answers().findings[batch]), "delete it"


@pytest.mark.parametrize("batch", NAMES)
def test_destination_rules_are_about_services_of_the_render(batch: str) -> None:
    """What the annotation that suppresses IST0174 could hide."""
    objects = batches()[batch]
    hosts = {f"{one['metadata']['name']}.{one['metadata']['namespace']}" for one in of(objects, "Service")}
    hosts |= {host for one in of(objects, "ServiceEntry") for host in one["spec"]["hosts"]}
    for one in of(objects, "DestinationRule"):
        assert hosts & {one["spec"]["host"], one["spec"]["host"].partition(".svc.")[0]}


def test_all_analyzers_ran_over_what_the_documentation_says() -> None:
    page = (TOP / "docs" / "analyzers.md").read_text(encoding="utf-8")
    analyzers = answers().analyzers
    assert not [one.name for one in analyzers if one.skipped]
    idle = {one.name for one in analyzers if not any(n for kind, n in one.read.items() if kind not in _ALWAYS)}
    assert idle == set(IDLE)
    assert set(answers().unread) == UNREAD
    ran, _, rest = page.partition("## Analyzers with nothing to look at")
    assert {one.name for one in analyzers if f"`{one.name}`" in ran} == {one.name for one in analyzers} - idle
    assert dict(re.findall(r"^\| `([\w.]+)` \| (.*) \|$", rest, re.M)) == IDLE


# -- the checker sees --------------------------------------------------------------------------------------------------

BASE = list(
    yaml.safe_load_all("""
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, protocol: TCP, targetPort: 8080}, {name: grpc, port: 9000, protocol: TCP}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-v1, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec: {containers: [{name: web, image: "example.com/web:1.0"}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web.shop.svc.cluster.local, subsets: [{name: v1, labels: {version: v1}}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: ingress}
spec:
  selector: {istio: public}
  servers: [{hosts: ["*.example.com"], port: {name: http, number: 80, protocol: HTTP}}]
""")
)


def virtual_service(name: str, spec: str) -> str:
    metadata = f"{{name: {name}, namespace: shop}}"
    return f"{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {metadata}, spec: {spec}}}"


_HOST = "web.shop.svc.cluster.local"
_ROUTE = f"[{{destination: {{host: {_HOST}, port: {{number: 80}}, subset: v1}}}}]"
_GOOD = f"{{hosts: [{_HOST}], http: [{{route: {_ROUTE}}}]}}"

#: What is wrong beside BASE, by the name of the batch, which begins with the code that belongs to it.
CONTROLS = {
    "IST0101 subset": virtual_service("web", _GOOD.replace("v1", "v9")),
    "IST0101 host": virtual_service(
        "web", f"{{hosts: [{_HOST}], http: [{{route: [{{destination: {{host: nowhere}}}}]}}]}}"
    ),
    "IST0101 port": virtual_service("web", _GOOD.replace("number: 80", "number: 81")),
    "IST0101 gateway": virtual_service("web", _GOOD.replace("{hosts", "{gateways: [ingress/private], hosts")),
    "IST0101 namespace": """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web, namespace: shop}
        spec: {rules: [{from: [{source: {namespaces: [nowhere]}}]}]}""",
    "IST0108 annotation": """
        apiVersion: v1
        kind: Service
        metadata: {name: web2, namespace: shop, annotations: {networking.istio.io/exportsTo: "."}}
        spec: {ports: [{name: http, port: 80}]}""",
    "IST0109 hosts": f"{virtual_service('web', _GOOD)}\n---\n{virtual_service('web2', _GOOD)}",
    "IST0110 sidecars": "\n---\n".join(
        f"""
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {{name: {name}, namespace: shop}}
        spec: {{workloadSelector: {{labels: {{app: web}}}}, egress: [{{hosts: [./*]}}]}}"""
        for name in ("web", "web2")
    ),
    "IST0112 port": virtual_service("web", _GOOD.replace(", port: {number: 80}", "")),
    "IST0127 selector": """
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: web, namespace: shop}
        spec: {selector: {matchLabels: {app: wep}}}""",
    "IST0130 unreachable": virtual_service("web", _GOOD.replace("http: [", f"http: [{{route: {_ROUTE}}}, ")),
    "IST0132 host": virtual_service(
        "web", _GOOD.replace(f"{{hosts: [{_HOST}]", "{gateways: [ingress/public], hosts: [shop.example.org]")
    ),
    "IST0134 addresses": """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: db, namespace: shop}
        spec: {hosts: [db.example.org], ports: [{name: tcp, number: 5432, protocol: TCP}], resolution: NONE}""",
    "IST0144 user": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: proxy, namespace: shop}
        spec:
          selector: {matchLabels: {app: proxy}}
          template:
            metadata: {labels: {app: proxy}}
            spec: {securityContext: {runAsUser: 1337}, containers: [{name: web, image: "example.com/web:1.0"}]}""",
    "IST0145 gateways": """
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata: {name: second, namespace: ingress}
        spec:
          selector: {istio: public}
          servers: [{hosts: ["*.example.com"], port: {name: http, number: 80, protocol: HTTP}}]""",
    "IST0173 pods": """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: web-v2, namespace: shop}
        spec: {host: web.shop.svc.cluster.local, subsets: [{name: v2, labels: {version: v2}}]}""",
    "IST0174 host": """
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: wep, namespace: shop}
        spec: {host: wep.shop.svc.cluster.local}""",
    "webhook selector": """
        apiVersion: security.istio.io/v1
        kind: PeerAuthentication
        metadata: {name: web, namespace: shop}
        spec: {portLevelMtls: {8080: {mode: DISABLE}}}""",
    "webhook timeout": virtual_service("web", _GOOD.replace("route:", "timeout: 0s, route:")),
    "webhook warning": """
        apiVersion: networking.istio.io/v1
        kind: Sidecar
        metadata: {name: web, namespace: shop}
        spec: {egress: [{hosts: [./*, ./web.shop.svc.cluster.local]}]}""",
}
CONTROLS["nothing"] = virtual_service("web", _GOOD)


@pytest.mark.parametrize("control", [name for name in CONTROLS if name != "nothing"])
def test_istio_finds_what_is_wrong(control: str) -> None:
    found = controls().findings[control]
    assert control.split()[0] in {finding.code for finding in found if finding.level != "Info"}, found


def test_istio_finds_nothing_in_what_the_controls_spoil() -> None:
    assert not controls().findings["nothing"]
