"""Strict checks of built-in Kubernetes objects, from the OpenAPI definitions in the package kubernetes-validate.

The package's own ``validate()`` reads 1.5 MB for every call and knows types and fields only. Here its data files are
read once per Kubernetes version and patched with the rules the API server has in Go.
"""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema.protocols import Validator
from referencing import Registry, Resource

from tests.support.dialect import CHECK, json_errors, schema_errors, validator
from tests.support.kubernetes_rules import rule_errors
from tests.support.values import dns_1035_label, dns_label, dns_subdomain, path_segment

_DEFINITIONS = "https://kubernetes.io/api/_definitions.json"
_CORE = "io.k8s.api.core.v1."
_APPS = "io.k8s.api.apps.v1."
_HPA = "io.k8s.api.autoscaling.v2."
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_PROTOCOLS = ["TCP", "UDP", "SCTP"]

# "Supported values" in the API server's own messages: the sets in pkg/apis/*/validation/validation.go.
_ENUMS: dict[str, list[str]] = {
    f"{_CORE}Container.imagePullPolicy": ["Always", "IfNotPresent", "Never"],
    f"{_CORE}Container.terminationMessagePolicy": ["File", "FallbackToLogsOnError"],
    f"{_CORE}ContainerPort.protocol": _PROTOCOLS,
    f"{_CORE}HTTPGetAction.scheme": ["HTTP", "HTTPS"],
    f"{_CORE}PodSpec.dnsPolicy": ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    f"{_CORE}PodSpec.restartPolicy": ["Always", "OnFailure", "Never"],
    f"{_CORE}SeccompProfile.type": ["RuntimeDefault", "Unconfined", "Localhost"],
    f"{_CORE}ServicePort.protocol": _PROTOCOLS,
    f"{_CORE}ServiceSpec.externalTrafficPolicy": ["Cluster", "Local"],
    f"{_CORE}ServiceSpec.internalTrafficPolicy": ["Cluster", "Local"],
    f"{_CORE}ServiceSpec.ipFamilyPolicy": ["SingleStack", "PreferDualStack", "RequireDualStack"],
    f"{_CORE}ServiceSpec.sessionAffinity": ["ClientIP", "None"],
    f"{_CORE}ServiceSpec.type": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
    f"{_CORE}Toleration.effect": ["NoSchedule", "PreferNoSchedule", "NoExecute", ""],
    f"{_CORE}TopologySpreadConstraint.whenUnsatisfiable": ["DoNotSchedule", "ScheduleAnyway"],
    f"{_APPS}DeploymentStrategy.type": ["Recreate", "RollingUpdate"],
    f"{_APPS}StatefulSetSpec.podManagementPolicy": ["OrderedReady", "Parallel"],
    f"{_HPA}HPAScalingPolicy.type": ["Pods", "Percent"],
    f"{_HPA}HPAScalingRules.selectPolicy": ["Max", "Min", "Disabled"],
    f"{_HPA}MetricSpec.type": ["ContainerResource", "External", "Object", "Pods", "Resource"],
    f"{_HPA}MetricTarget.type": ["Utilization", "Value", "AverageValue"],
    f"{_META}LabelSelectorRequirement.operator": ["In", "NotIn", "Exists", "DoesNotExist"],
    "io.k8s.api.batch.v1.CronJobSpec.concurrencyPolicy": ["Allow", "Forbid", "Replace"],
    "io.k8s.api.networking.v1.HTTPIngressPath.pathType": ["Exact", "Prefix", "ImplementationSpecific"],
    "io.k8s.api.networking.v1.NetworkPolicyPort.protocol": _PROTOCOLS,
}

# IsValidPortNum, ValidateNonnegativeField and the bounds in ValidateHorizontalPodAutoscalerSpec and validateBehavior.
_RANGES: dict[str, tuple[int, int]] = {
    f"{_CORE}ContainerPort.containerPort": (1, 65535),
    f"{_CORE}ServicePort.port": (1, 65535),
    f"{_CORE}ServicePort.nodePort": (0, 65535),
    f"{_CORE}PodSpec.terminationGracePeriodSeconds": (0, 2**63 - 1),
    f"{_APPS}DeploymentSpec.replicas": (0, 2**31 - 1),
    f"{_APPS}StatefulSetSpec.replicas": (0, 2**31 - 1),
    f"{_HPA}HorizontalPodAutoscalerSpec.minReplicas": (1, 2**31 - 1),
    f"{_HPA}HorizontalPodAutoscalerSpec.maxReplicas": (1, 2**31 - 1),
    f"{_HPA}HPAScalingRules.stabilizationWindowSeconds": (0, 3600),
    f"{_HPA}HPAScalingPolicy.periodSeconds": (1, 1800),
    f"{_HPA}HPAScalingPolicy.value": (1, 2**31 - 1),
    f"{_HPA}MetricTarget.averageUtilization": (1, 2**31 - 1),
}

# Syntax rules of values.CHECKS. A key without a property stands for the whole definition.
_CHECKED: dict[str, str] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity.": "quantity",
    f"{_META}ObjectMeta.labels": "labels",
    f"{_META}ObjectMeta.annotations": "annotations",
    f"{_META}ObjectMeta.namespace": "dns-label",
    f"{_META}LabelSelector.matchLabels": "labels",
    f"{_CORE}ConfigMap.data": "config-keys",
    f"{_CORE}ConfigMap.binaryData": "config-keys",
    f"{_CORE}Container.name": "dns-label",
    f"{_CORE}ContainerPort.name": "port-name",
    f"{_CORE}EnvVar.name": "env-name",
    f"{_CORE}GRPCAction.port": "port-reference",
    f"{_CORE}HTTPGetAction.port": "port-reference",
    f"{_CORE}PodSpec.nodeSelector": "labels",
    f"{_CORE}PodSpec.serviceAccountName": "dns-subdomain",
    f"{_CORE}Secret.data": "config-keys",
    f"{_CORE}Secret.stringData": "config-keys",
    f"{_CORE}ServicePort.name": "dns-label",
    f"{_CORE}ServicePort.targetPort": "port-reference",
    f"{_CORE}ServiceSpec.selector": "labels",
    f"{_CORE}TCPSocketAction.port": "port-reference",
    f"{_CORE}Volume.name": "dns-label",
}

# The name functions given to ValidateObjectMeta; every kind not named here uses NameIsDNSSubdomain.
_NAMES = {
    "Service": dns_1035_label,
    "Namespace": dns_label,
    "Role": path_segment,
    "RoleBinding": path_segment,
    "ClusterRole": path_segment,
    "ClusterRoleBinding": path_segment,
}


def _patch(definitions: dict[str, Any], version: str) -> None:
    """Add the tables above to the definitions; a definition or field that went away is a KeyError, not a lost rule."""

    def field(path: str) -> dict[str, Any]:
        name, _, key = path.rpartition(".")
        definition: dict[str, Any] = definitions[name]
        found: dict[str, Any] = definition["properties"][key] if key else definition
        return found

    for path, values in _ENUMS.items():
        field(path)["enum"] = values
    for path, (least, most) in _RANGES.items():
        field(path).update(minimum=least, maximum=most)
    for path, check in _CHECKED.items():
        field(path)[CHECK] = check
    if tuple(map(int, version.split("."))) >= (1, 37):  # HPAScaleToZero is on by default
        field(f"{_HPA}HorizontalPodAutoscalerSpec.minReplicas")["minimum"] = 0


@cache
def _definitions(version: str) -> dict[str, Any]:
    """The patched strict definitions of one Kubernetes version such as 1.34."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("kubernetes-validate, a dependency of the tests, is not installed")
    file = Path(spec.origin).parent / "kubernetes-json-schema" / f"v{version}.0-local-strict" / "_definitions.json"
    if not file.is_file():
        raise ValueError(f"kubernetes-validate has no schemas for Kubernetes {version}")
    document: dict[str, Any] = json.loads(file.read_bytes())
    _patch(document["$defs"], version)
    return document


@cache
def _registry(version: str) -> "Registry[Any]":
    registry: Registry[Any] = Registry().with_resource(_DEFINITIONS, Resource.from_contents(_definitions(version)))
    return registry


@cache
def _kinds(version: str) -> dict[tuple[str, str], str]:
    """The definition of every (apiVersion, kind)."""
    found: dict[tuple[str, str], str] = {}
    for name, definition in _definitions(version)["$defs"].items():
        for gvk in definition.get("x-kubernetes-group-version-kind", []):
            found[f"{gvk['group']}/{gvk['version']}".lstrip("/"), gvk["kind"]] = name
    return found


@cache
def _validator(version: str, definition: str) -> Validator:
    return validator({"$ref": f"{_DEFINITIONS}#/$defs/{definition}"}, _registry(version))


def is_builtin(api_version: str, version: str) -> bool:
    """Whether the API group is one Kubernetes itself serves; groups without a dot belong to nobody else."""
    group = api_version.rpartition("/")[0]
    return "." not in group or any(known.rpartition("/")[0] == group for known, _ in _kinds(version))


def metadata_errors(obj: dict[str, Any], version: str) -> list[str]:
    """ObjectMeta of any object, built in or custom: its fields, the name, labels and annotations."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "name" not in metadata:
        return [".metadata.name: is required"]
    check = _NAMES.get(obj["kind"], dns_subdomain) if is_builtin(obj["apiVersion"], version) else dns_subdomain
    names = [f".metadata.name: {error}" for error in check(metadata["name"])]
    return names + schema_errors(_validator(version, f"{_META}ObjectMeta"), metadata, ".metadata")


def pod_template_errors(template: object, version: str, at: str) -> list[str]:
    """A PodTemplateSpec that sits in a custom resource whose own schema is laxer than the built-in one."""
    return schema_errors(_validator(version, f"{_CORE}PodTemplateSpec"), template, at)


def kubernetes_errors(obj: dict[str, Any], version: str = "1.34") -> list[str]:
    """What the API server of one Kubernetes version would refuse in an object of a built-in kind."""
    if found := json_errors(obj):
        return found
    api_version, kind = obj.get("apiVersion"), obj.get("kind")
    definition = _kinds(version).get((str(api_version), str(kind)))
    if definition is None:
        return [f".kind: Kubernetes {version} has no kind {kind!r} in {api_version!r}"]
    found = metadata_errors(obj, version)
    body = {key: value for key, value in obj.items() if key != "metadata"}
    found += schema_errors(_validator(version, definition), body)
    # The rules in Go read fields without asking for their type, so they only see what has the right shape.
    return found or rule_errors(obj)
