"""Proof that the validators can see: good objects pass, and each way of breaking them gives the expected error."""

import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from tests.support import cel_rules, crd_schemas
from tests.support.schemas import bundle_directory, crd_errors, errors, kubernetes_errors
from tests.support.values import canonical_quantity

_Object = dict[str, Any]

GOOD: dict[str, _Object] = {
    item["kind"]: item
    for item in yaml.safe_load_all(
        """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, labels: {app.kubernetes.io/name: web}, annotations: {example.com/note: "1"}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, version: v1}}
    spec:
      serviceAccountName: web
      terminationGracePeriodSeconds: 60
      containers:
      - name: web
        image: registry.example.com/web:1.0
        imagePullPolicy: IfNotPresent
        ports: [{name: http, containerPort: 8080, protocol: TCP}]
        env: [{name: MODE, value: prod}]
        resources: {requests: {cpu: 250m, memory: 128Mi}, limits: {cpu: "1", memory: 1536Mi}}
        readinessProbe: {httpGet: {path: /ready, port: http}}
        lifecycle: {preStop: {exec: {command: [sleep, "5"]}}}
        volumeMounts: [{name: tmp, mountPath: /tmp}]
      volumes: [{name: tmp, emptyDir: {sizeLimit: 64Mi}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, volumeMode: Filesystem}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: "agent:1"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: ClusterIP
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http, protocol: TCP, appProtocol: http}
  - {name: grpc, port: 9090, targetPort: 9090, protocol: TCP, appProtocol: grpc}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 2
  maxReplicas: 10
  metrics:
  - type: ContainerResource
    containerResource: {name: cpu, container: web, target: {type: Utilization, averageUtilization: 70}}
  behavior: {scaleDown: {stabilizationWindowSeconds: 300, policies: [{type: Percent, value: 50, periodSeconds: 60}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [web]
  http:
  - match: [{uri: {prefix: /api}, headers: {x-user: {exact: a}}}]
    timeout: 5s
    retries: {attempts: 2, perTryTimeout: 1500ms, retryOn: "5xx"}
    route:
    - {destination: {host: web, subset: v1, port: {number: 80}}, weight: 90}
    - {destination: {host: web, subset: v2, port: {number: 80}}, weight: 10}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web
  trafficPolicy:
    loadBalancer: {simple: LEAST_REQUEST}
    connectionPool: {tcp: {maxConnections: 100, connectTimeout: 3s}, http: {idleTimeout: 60s}}
    outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s}
    portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]
  subsets: [{name: v1, labels: {version: v1}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingress}
  servers:
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: [shop.example.com]
    tls: {mode: SIMPLE, credentialName: shop-cert}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  action: ALLOW
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/cart]}}]
    to: [{operation: {methods: [GET], ports: ["8080"]}}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: PERMISSIVE}}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: payments, namespace: shop}
spec:
  hosts: [payments.example.com]
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{number: 443, name: https, protocol: TLS}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: web, namespace: shop}
spec:
  workloadSelector: {labels: {app: web}}
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
  ingress: [{port: {number: 8080, name: http, protocol: HTTP}, defaultEndpoint: 127.0.0.1:8080}]
  egress: [{hosts: [./*, istio-system/*]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /api}}]
    timeouts: {request: 5s, backendRequest: 2s}
    backendRefs: [{name: web, port: 80}]
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http, interval: 30s}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {canary: {steps: [{setWeight: 20}, {pause: {}}]}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web:1, resources: {requests: {cpu: 100m}}}]}
"""
    )
}
BUILTIN = ("Deployment", "StatefulSet", "DaemonSet", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget")
CUSTOM = tuple(kind for kind in GOOD if kind not in BUILTIN)
ISTIO = tuple(kind for kind in CUSTOM if ".istio.io/" in GOOD[kind]["apiVersion"])

GONE = object()
"""As a value in the tables below: the field is removed."""
_C = "spec.template.spec.containers.0"
_TP = "spec.trafficPolicy"
_SOURCE = "spec.rules.0.from.0.source"
_REDIRECT = [{"type": "RequestRedirect", "requestRedirect": {"statusCode": 302}}]

BROKEN_BUILTIN: list[tuple[str, str, object, str]] = [
    # Schema: unknown fields, types, required fields, kinds.
    ("Deployment", f"{_C}.imagePullPolcy", "Always", "'imagePullPolcy' was unexpected"),
    ("Deployment", "spec.strateg", {}, "'strateg' was unexpected"),
    ("Deployment", "metadata.labls", {}, ".metadata: Additional properties"),
    ("Deployment", "spec.replicas", "2", ".spec.replicas: '2' is not of type"),
    ("Deployment", "spec.replicas", 2.0, ".spec.replicas: 2.0 is not of type"),
    ("Deployment", "spec.replicas", True, ".spec.replicas: True is not of type"),
    ("Deployment", "spec.replicas", -1, "less than the minimum of 0"),
    ("Deployment", "spec.replicas", 2**31, "is not a 'int32'"),
    ("Deployment", "spec.selector", GONE, "'selector' is a required property"),
    ("Deployment", "spec", GONE, ".spec: is required"),
    ("Deployment", "kind", "Deploymnt", "has no kind 'Deploymnt' in 'apps/v1'"),
    ("Deployment", "apiVersion", "apps/v1beta1", "has no kind 'Deployment' in 'apps/v1beta1'"),
    ("Deployment", "apiVersion", "extentions/v1", "has no kind 'Deployment'"),
    # Not JSON, though Python and YAML take it.
    ("Deployment", "spec.selector.matchLabels", {1: "web"}, "key 1 is not a string"),
    ("Deployment", "spec.replicas", float("nan"), "not a JSON value"),
    # Names, labels, annotations.
    ("Deployment", "metadata.name", GONE, ".metadata.name: is required"),
    ("Deployment", "metadata.name", "Web", "not an RFC 1123 subdomain"),
    ("Deployment", "metadata.name", "web_1", "not an RFC 1123 subdomain"),
    ("Deployment", "metadata.name", "w" * 254, "not an RFC 1123 subdomain"),
    ("Deployment", "metadata.name", "web\n", "not an RFC 1123 subdomain"),
    ("Deployment", "metadata.namespace", "a.b", "not an RFC 1123 label"),
    ("Deployment", "metadata.labels", {"app": "a/b"}, "not a label value"),
    ("Deployment", "metadata.labels", {"app": "v" * 64}, "not a label value"),
    ("Deployment", "metadata.labels", {"app": True}, "is not a string"),
    ("Deployment", "metadata.labels", {"a/b/c": "x"}, "label key 'a/b/c'"),
    ("Deployment", "metadata.annotations", {"n": 1}, "value of annotation 'n' is not a string"),
    ("Deployment", "metadata.annotations", {"n": None}, "value of annotation 'n' is not a string"),
    ("Deployment", "metadata.annotations", {"-n": "1"}, "annotation key '-n'"),
    ("Deployment", "metadata.annotations", {"n": "x" * 2**18}, "annotations take"),
    ("Deployment", "spec.template.metadata.labels", {"app": "web", "v": "é"}, "not a label value"),
    ("Deployment", f"{_C}.name", "Web", "not an RFC 1123 label"),
    ("Deployment", f"{_C}.ports.0.name", "a-name-that-is-long", "not a port name"),
    ("Deployment", f"{_C}.env.0.name", "1 MODE", "not an environment variable name"),
    # Values the schema leaves open.
    ("Deployment", f"{_C}.imagePullPolicy", "Sometimes", "'Sometimes' is not one of"),
    ("Deployment", f"{_C}.ports.0.protocol", "HTTP", "'HTTP' is not one of"),
    ("Deployment", f"{_C}.ports.0.containerPort", 0, "less than the minimum of 1"),
    ("Deployment", f"{_C}.ports.0.containerPort", 65536, "greater than the maximum"),
    ("Deployment", "spec.template.spec.restartPolicy", "always", "'always' is not one of"),
    ("Deployment", "spec.template.spec.restartPolicy", "Never", "Never is not one of Always"),
    ("Deployment", f"{_C}.resources.requests.cpu", "1000m", "not canonical, it is stored as '1'"),
    ("Deployment", f"{_C}.resources.requests.cpu", "0.5", "not canonical, it is stored as '500m'"),
    ("Deployment", f"{_C}.resources.requests.cpu", 1, "not canonical, it is stored as '1'"),
    ("Deployment", f"{_C}.resources.requests.cpu", "lots", "'lots' is not a quantity"),
    ("Deployment", f"{_C}.resources.limits.memory", "1024Mi", "not canonical, it is stored as '1Gi'"),
    ("Deployment", f"{_C}.resources.limits.memory", "1.5Gi", "not canonical, it is stored as '1536Mi'"),
    # Rules over several fields.
    ("Deployment", f"{_C}.resources.requests.cpu", "2", "is more than the limit 1"),
    ("Deployment", f"{_C}.image", "", "is not an image"),
    ("Deployment", f"{_C}.volumeMounts.0.name", "data", "no volume 'data'"),
    ("Deployment", f"{_C}.readinessProbe.exec", {"command": ["true"]}, "exactly one handler"),
    ("Deployment", f"{_C}.startupProbe", {}, "exactly one handler"),
    ("Deployment", "spec.template.spec", GONE, ".spec.template.spec: is required"),
    ("Deployment", f"{_C}.livenessProbe", {"grpc": {"port": 1}, "successThreshold": 2}, "must be 1"),
    ("Deployment", f"{_C}.lifecycle.preStop", {"sleep": {"seconds": 61}}, "must be in 1..60"),
    ("Deployment", "spec.selector.matchLabels.app", "shop", "does not match the template's labels: app"),
    ("Deployment", "spec.strategy", {"type": "Recreate", "rollingUpdate": {}}, "when type is Recreate"),
    ("Deployment", "spec.strategy", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, "may not both be 0"),
    ("Deployment", "spec.template.spec.volumes", [{"name": "tmp"}] * 2, 'duplicate map entry {"name": "tmp"}'),
    ("Service", "metadata.name", "1web", "not an RFC 1035 label"),
    ("Service", "metadata.name", "web.shop", "not an RFC 1035 label"),
    ("Service", "spec.type", "Internal", "'Internal' is not one of"),
    ("Service", "spec.ports.0.port", 0, "less than the minimum of 1"),
    ("Service", "spec.ports.0.targetPort", "HTTP", "not a port name"),
    ("Service", "spec.ports.0.targetPort", 70000, "not in 1-65535"),
    ("Service", "spec.ports.0.name", GONE, ".spec.ports[0].name: is required"),
    ("Service", "spec.ports.0.name", "grpc", "'grpc' is a duplicate"),
    ("Service", "spec.ports.1", {"name": "b", "port": 80}, "duplicate map entry"),
    ("Service", "spec.ports.0.protocol", "HTTP", "'HTTP' is not one of"),
    ("Service", "spec.selector.app", "a b", "not a label value"),
    ("Service", "spec.ports", GONE, ".spec.ports: is required"),
    ("Service", "spec.ports.0.nodePort", 30080, ".nodePort: not for ClusterIP"),
    ("Service", "spec.externalTrafficPolicy", "Local", "is for services seen from outside"),
    ("Service", "spec.loadBalancerClass", "a/b", "is for LoadBalancer"),
    ("Service", "spec.sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 5}}, "is for ClientIP"),
    ("Service", "spec.ipFamilies", ["IPv4", "IPv6"], "must have both families"),
    ("Service", "spec", {"clusterIP": "None", "type": "NodePort", "ports": [{"port": 1}]}, "None is not for NodePort"),
    ("StatefulSet", "spec.updateStrategy", {"type": "OnDelete", "rollingUpdate": {}}, "only for RollingUpdate"),
    ("StatefulSet", "spec.updateStrategy.rollingUpdate.maxUnavailable", 0, "cannot be 0"),
    ("StatefulSet", "spec.volumeClaimTemplates.0.metadata.name", "tmp", "no volume 'data'"),
    ("StatefulSet", "spec.strategy", {}, "'strategy' was unexpected"),
    ("DaemonSet", "spec.updateStrategy.rollingUpdate.maxSurge", 1, "one of maxSurge and maxUnavailable"),
    ("DaemonSet", "spec.replicas", 1, "'replicas' was unexpected"),
    ("HorizontalPodAutoscaler", "spec.metric", [], "'metric' was unexpected"),
    ("HorizontalPodAutoscaler", "spec.minReplicas", 11, "greater than or equal to minReplicas"),
    ("HorizontalPodAutoscaler", "spec.minReplicas", 0, "less than the minimum of 1"),
    ("HorizontalPodAutoscaler", "spec.maxReplicas", GONE, "'maxReplicas' is a required property"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.type", "Cpu", "'Cpu' is not one of"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.type", "Resource", "has the field resource and no other"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.containerResource.container", GONE, "'container' is a required"),
    ("HorizontalPodAutoscaler", "spec.metrics.0.containerResource.target.type", "Value", "goes with value alone"),
    ("HorizontalPodAutoscaler", "spec.behavior.scaleDown.policies.0.periodSeconds", 1801, "greater than the maximum"),
    ("PodDisruptionBudget", "spec.minAvailable", 1, "cannot be both set"),
    ("PodDisruptionBudget", "spec.maxUnavailable", [1], "is not valid under any"),
    ("PodDisruptionBudget", "spec.selector.matchLabel", {}, "'matchLabel' was unexpected"),
]

BROKEN_CUSTOM: list[tuple[str, str, object, str]] = [
    ("VirtualService", "spec.htp", [], "'htp' was unexpected"),
    ("VirtualService", "metadata.name", "Web", "not an RFC 1123 subdomain"),
    ("VirtualService", "metadata.annotations", {"a": 1}, "is not a string"),
    ("VirtualService", "kind", "VirtualServce", "no definition of networking.istio.io/v1 VirtualServce"),
    ("VirtualService", "apiVersion", "networking.istio.io/v2", "does not serve networking.istio.io/v2"),
    ("VirtualService", "spec.hosts", "web", "is not of type 'array'"),
    ("VirtualService", "spec.http.0.route.0.weight", "90", "is not of type 'integer'"),
    ("VirtualService", "spec.http.0.route.0.weight", 2**31, "is not a 'int32'"),
    ("VirtualService", "spec.http.0.timeout", "0s", ".spec.http[0].timeout: must be a valid duration greater than 1ms"),
    ("VirtualService", "spec.http.0.timeout", "5 seconds", "must be a valid duration greater than 1ms (rule"),
    ("VirtualService", "spec.http.0.retries.perTryTimeout", "1d", "cannot be evaluated"),
    ("VirtualService", "spec.http.0.match.0.uri", {"prefix": "/", "exact": "/"}, "valid under each of"),
    ("VirtualService", "spec.http.0.route.0.destination.port.number", -1, "less than the minimum of 0"),
    ("VirtualService", "spec.http.0.redirect", {"port": 80, "derivePort": "FROM_REQUEST_PORT"}, "valid under each"),
    ("DestinationRule", "spec.trafficPolcy", {}, "'trafficPolcy' was unexpected"),
    ("DestinationRule", f"{_TP}.loadBalancer.simple", "LEAST_CON", "'LEAST_CON' is not one of"),
    ("DestinationRule", f"{_TP}.loadBalancer.consistentHash", {"useSourceIp": True}, "valid under each of"),
    ("DestinationRule", f"{_TP}.portLevelSettings.0.port.number", -1, "less than the minimum of 0"),
    ("DestinationRule", f"{_TP}.connectionPool.tcp.connectTimeout", "0s", "greater than 1ms"),
    ("DestinationRule", f"{_TP}.outlierDetection.interval", "10", "cannot be evaluated"),
    ("DestinationRule", f"{_TP}.outlierDetection.maxEjectionPercent", 1.5, "is not of type 'integer'"),
    ("DestinationRule", "spec.subsets.0.name", GONE, "'name' is a required property"),
    ("DestinationRule", "spec.host", GONE, "'host' is a required property"),
    ("Gateway", "spec.servers.0.tls.mode", "PLAIN", "'PLAIN' is not one of"),
    ("Gateway", "spec.servers.0.hosts", GONE, "'hosts' is a required property"),
    ("Gateway", "spec.servers.0.port.num", 1, "'num' was unexpected"),
    ("Gateway", "spec.servers.0.tls.credentialNames", ["a"], "only one of credentialName or credentialNames"),
    ("AuthorizationPolicy", "spec.action", "PERMIT", "'PERMIT' is not one of"),
    ("AuthorizationPolicy", f"{_SOURCE}.principal", ["a"], "'principal' was unexpected"),
    ("AuthorizationPolicy", "spec.selector.matchLabels.app", "*", "wildcard not allowed in label value match"),
    ("AuthorizationPolicy", "spec.selector.matchLabels", {"a*": "b"}, "wildcard not allowed in label key match"),
    ("AuthorizationPolicy", f"{_SOURCE}.serviceAccounts", ["cart"], "Cannot set serviceAccounts with"),
    (
        "AuthorizationPolicy",
        "spec.targetRefs",
        [{"kind": "Service", "name": "a"}],
        "only one of targetRefs or selector",
    ),
    ("PeerAuthentication", "spec.mtls.mode", "ON", "'ON' is not one of"),
    ("PeerAuthentication", "spec.selector", GONE, "portLevelMtls requires selector"),
    ("PeerAuthentication", "spec.portLevelMtls", {"0": {"mode": "STRICT"}}, "port must be between 1-65535"),
    ("PeerAuthentication", "spec.portLevelMtls", {"http": {"mode": "STRICT"}}, "cannot be evaluated"),
    ("PeerAuthentication", "spec.portLevelMtls", {8080: {"mode": "STRICT"}}, "key 8080 is not a string"),
    ("ServiceEntry", "spec.hosts", ["*"], "hostname cannot be wildcard"),
    ("ServiceEntry", "spec.resolution", "dns", "'dns' is not one of"),
    ("ServiceEntry", "spec.addresses", ["10.0.0.0/8"], "CIDR addresses are allowed only for NONE/STATIC"),
    ("ServiceEntry", "spec.ports.0.number", 0, "port must be between 1-65535"),
    ("ServiceEntry", "spec.ports.1", {"number": 443, "name": "b", "protocol": "TLS"}, "port number cannot be dup"),
    ("ServiceEntry", "spec.ports.1", {"number": 80, "name": "https", "protocol": "TLS"}, "duplicate map entry"),
    ("ServiceEntry", "spec.endpoints", [{"address": "unix:///"}], "UDS may not be a dir"),
    ("Sidecar", "spec.outboundTrafficPolicy.mode", "DENY", "'DENY' is not one of"),
    ("Sidecar", "spec.egress.0.hosts", GONE, "'hosts' is a required property"),
    ("Sidecar", "spec.egress.0.host", ["a"], "'host' was unexpected"),
    ("HTTPRoute", "spec.rules.0.matches.0.path.value", "api", "must be an absolute path"),
    ("HTTPRoute", "spec.rules.0.timeouts.backendRequest", "6s", "backendRequest timeout cannot be longer"),
    ("HTTPRoute", "spec.rules.0.backendRefs.0.port", GONE, "Must have port for Service reference"),
    ("HTTPRoute", "spec.rules.0.filters", _REDIRECT, "RequestRedirect filter must not be used together with"),
    ("HTTPRoute", "spec.parentRefs", [{"name": "a"}, {"name": "a"}], "sectionName must be unique"),
    ("HTTPRoute", "spec.rules.0.matches.0.headers", [{"name": "a", "value": ""}], "should be non-empty"),
    ("HTTPRoute", "spec.hostnames", ["*.example.com\n"], "does not match"),
    ("ServiceMonitor", "spec.endpoints.0.interval", "30", "does not match"),
    ("ServiceMonitor", "spec.selector.matchLabel", {}, "'matchLabel' was unexpected"),
    ("Rollout", "spec.strategy.canary.step", [], "'step' was unexpected"),
    ("Rollout", "spec.template.spec.containers.0.imagePullPolicy", "Sometimes", "'Sometimes' is not one of"),
    ("Rollout", "spec.template.spec.containers.0.resources.requests.cpu", "1000m", "stored as '1'"),
    ("Rollout", "spec.selector.matchLabels.app", "shop", "does not match the template's labels: app"),
]


def _broken(kind: str, path: str, value: object) -> _Object:
    """A good object with one field set or removed."""
    obj = deepcopy(GOOD[kind])
    at: Any = obj
    *parents, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in parents:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
    if value is GONE:
        del at[last]
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return obj


def _identifier(value: object) -> str | None:
    return value[:60] if isinstance(value, str) else None


@pytest.mark.parametrize("kind", BUILTIN)
@pytest.mark.parametrize("version", [f"1.{minor}" for minor in range(25, 38)])
def test_good_builtin_object_passes_every_version(kind: str, version: str) -> None:
    assert errors(GOOD[kind], kubernetes=version) == []


@pytest.mark.parametrize("kind", CUSTOM)
def test_good_custom_object_passes(kind: str) -> None:
    assert errors(GOOD[kind]) == []


@pytest.mark.parametrize("bundle", ["istio-1.24", "istio-1.31rc"])
@pytest.mark.parametrize("kind", ISTIO)
def test_good_istio_object_passes_other_versions(kind: str, bundle: str) -> None:
    assert errors(GOOD[kind], bundle=bundle) == []


@pytest.mark.parametrize(("kind", "path", "value", "message"), BROKEN_BUILTIN, ids=_identifier)
def test_broken_builtin_object_is_refused(kind: str, path: str, value: object, message: str) -> None:
    assert message in "\n".join(errors(_broken(kind, path, value)))


@pytest.mark.parametrize(("kind", "path", "value", "message"), BROKEN_CUSTOM, ids=_identifier)
def test_broken_custom_object_is_refused(kind: str, path: str, value: object, message: str) -> None:
    assert message in "\n".join(errors(_broken(kind, path, value)))


def test_every_good_kind_is_broken_in_several_ways() -> None:
    broken = [kind for kind, *_ in BROKEN_BUILTIN + BROKEN_CUSTOM]
    assert {kind for kind in GOOD if broken.count(kind) < 2} == set()


@pytest.mark.parametrize(("version", "accepted"), [("1.28", False), ("1.30", True), ("1.34", True), ("1.37", True)])
def test_a_field_is_refused_by_versions_before_it(version: str, accepted: bool) -> None:
    obj = _broken("Deployment", f"{_C}.lifecycle.preStop", {"sleep": {"seconds": 5}})
    found = errors(obj, kubernetes=version)
    assert (found == []) is accepted
    assert accepted or "'sleep' was unexpected" in found[0]


def test_a_field_is_refused_by_istio_before_it() -> None:
    obj = _broken("VirtualService", "spec.http.0.retries.backoff", "100ms")
    assert errors(obj) == []
    assert "'backoff' was unexpected" in errors(obj, bundle="istio-1.24")[0]


def test_defaults_are_applied_before_the_rules() -> None:
    """Without its default the type of the path is missing and the rules about it cannot be evaluated."""
    obj = _broken("HTTPRoute", "spec.rules.0.matches.0.path", {"value": "/api"})
    assert errors(obj) == []
    assert obj["spec"]["rules"][0]["matches"][0]["path"] == {"value": "/api"}


def test_a_rule_reaches_a_field_named_like_a_word_of_cel() -> None:
    """The rules of parentRefs read ``__namespace__``; two parents in different namespaces are different."""
    parents = [{"name": "a", "namespace": "x", "sectionName": "s"}, {"name": "a", "namespace": "y"}]
    assert errors(_broken("HTTPRoute", "spec.parentRefs", parents)) == []


def test_a_version_that_is_not_served_is_refused() -> None:
    obj = {"apiVersion": "gateway.networking.k8s.io/v1alpha2", "kind": "TCPRoute", "metadata": {"name": "a"}}
    assert "does not serve" in errors(obj)[0]


def test_a_null_is_an_absent_field() -> None:
    obj = _broken("Deployment", "spec.template.spec.terminationGracePeriodSeconds", None)
    obj["spec"]["strategy"] = None
    assert errors(obj) == []


def test_an_unknown_group_is_an_error() -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}}
    assert "no definition of example.com/v1 Thing" in errors(obj)[0]


@pytest.mark.parametrize(
    "obj", [{}, {"kind": "Pod"}, {"apiVersion": 1, "kind": []}, {"apiVersion": "v1", "kind": None}]
)
def test_an_object_without_type_is_an_error(obj: _Object) -> None:
    assert "has no kind" in errors(obj)[0]


def test_unknown_versions_are_mistakes_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"no schemas for Kubernetes 1\.99"):
        kubernetes_errors(GOOD["Service"], "1.99")
    bundle_directory()
    with pytest.raises(ValueError, match=r"has no folder istio-0\.1"):
        crd_errors(GOOD["Sidecar"], "istio-0.1")


def test_missing_bundle_skips_and_names_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHSPEC_SCHEMAS", "/no/such/bundle")
    with pytest.raises(pytest.skip.Exception, match=r"NOT CHECKED.*/no/such/bundle is missing"):
        errors(GOOD["Sidecar"])
    assert errors(GOOD["Service"]) == []


def test_every_rule_of_the_bundle_compiles_and_has_its_functions() -> None:
    """A function the engine lacks would otherwise show only when an object reaches the rule."""
    native = {"all", "contains", "duration", "endsWith", "exists", "filter", "int", "matches", "size", "startsWith"}
    used: set[str] = set()
    count = 0
    for folder in sorted(path for path in bundle_directory().iterdir() if path.is_dir()):
        for group, kind in crd_schemas._folder_index(folder):
            for rule in _rules(crd_schemas._definition(folder, group, kind)["spec"]["versions"]):
                count += 1
                used |= set(cel_rules._program(rule).functions())
    assert count > 1000
    operators = {name for name in used if not name[0].isalpha()}
    assert used - operators - native - set(cel_rules._CONTEXT.functions) == set()


def _rules(schema: object) -> list[str]:
    """The text of every rule below a node of a definition."""
    if isinstance(schema, list):
        return [rule for item in schema for rule in _rules(item)]
    if not isinstance(schema, dict):
        return []
    own = [rule["rule"] for rule in schema.get("x-kubernetes-validations", []) if isinstance(rule, dict)]
    return own + [rule for item in schema.values() for rule in _rules(item)]


@pytest.mark.parametrize(
    "text", ["http://a.example:80/x?y=%zz", "http://u:p@a/", "http://[::1]:80/", "/path", "mailto:x", "oci://a/b:1"]
)
def test_urls_of_go(text: str) -> None:
    assert cel_rules.is_url(text)


@pytest.mark.parametrize(
    "text", ["", "a/b", "1http://a", "http://a b/", "http://a%zz/", "http://a/%zz", "http://a:port/", "http://a/\n"]
)
def test_not_urls_of_go(text: str) -> None:
    assert not cel_rules.is_url(text)


_CANONICAL = {
    "1000m": "1", "0.5": "500m", ".5": "500m", "1000": "1k", "+1": "1", "0.1n": "1n", "1E": "1E", "12E3": "12e3",
    "1024Mi": "1Gi", "1.5Gi": "1536Mi", "0.5Ki": "512", "-1024Ki": "-1Mi", "0Mi": "0", "100Mi": "100Mi",
}  # fmt: skip


@pytest.mark.parametrize(("text", "canonical"), _CANONICAL.items())
def test_canonical_quantities(text: str, canonical: str) -> None:
    assert canonical_quantity(text) == canonical


@pytest.mark.parametrize("text", ["", "1 Gi", "1gi", "1Gb", "1e", "Mi", "1.5.5", "1Gi\n", "--1"])
def test_not_quantities(text: str) -> None:
    assert canonical_quantity(text) is None


@pytest.mark.parametrize("check", [errors, kubernetes_errors])
def test_a_check_is_fast_once_its_schema_is_loaded(check: Callable[[_Object], list[str]]) -> None:
    """The suites call this for thousands of objects; re-reading schemas for each would take minutes."""
    check(GOOD["Deployment"])
    started = time.perf_counter()
    for _ in range(20):
        check(GOOD["Deployment"])
    assert time.perf_counter() - started < 20 * 0.05
