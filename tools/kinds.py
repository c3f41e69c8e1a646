"""The table of kinds: names and types of the fields of Kubernetes' kinds and of the custom ones that belong to a mesh.

``python -m tools.kinds DIRECTORY`` writes ``cmp/patch/kinds.json``. The directory holds CustomResourceDefinitions in
one folder for each upstream; Kubernetes' own definitions are the OpenAPI document of its newest release in the package
kubernetes-validate. Only facts are taken: names, types, what is required, and by which key Kubernetes merges a list.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import yaml

TOP = Path(__file__).resolve().parent.parent
TABLE = TOP / "cmp/patch/kinds.json"

Schema = dict[str, Any]
_PREFIX = "#/$defs/"
_SPECIAL = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "q",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "x",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "a",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "a",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "s",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "s",
}
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
#: Kinds of which there is one for the cluster: https://kubernetes.io/docs/reference/kubernetes-api/ (their paths).
_CLUSTER = """
    APIService CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle CSIDriver CSINode
    CustomResourceDefinition DeviceClass FlowSchema IngressClass IPAddress MutatingAdmissionPolicy
    MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node PersistentVolume PriorityClass
    PriorityLevelConfiguration ResourceSlice RuntimeClass ServiceCIDR StorageClass ValidatingAdmissionPolicy
    ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass
"""
CLUSTER = _CLUSTER.split()


_CORE = "io.k8s.api.core.v1."
_SOURCES = ("exec", "grpc", "httpGet", "sleep", "tcpSocket")
#: Fields of which an object may have one: "may not specify more than 1 ..." in Kubernetes' pkg/apis/core/validation.
UNIONS: dict[str, tuple[str, ...]] = {
    f"{_CORE}EnvVar": ("value", "valueFrom"),
    f"{_CORE}EnvVarSource": ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"),
    f"{_CORE}EnvFromSource": ("configMapRef", "secretRef"),
    f"{_CORE}LifecycleHandler": _SOURCES,
    f"{_CORE}Probe": _SOURCES,
    f"{_CORE}Volume": (),  # all but the name
    "io.k8s.api.policy.v1.PodDisruptionBudgetSpec": ("maxUnavailable", "minAvailable"),
}


class Table:
    """Collects types, each distinct one once."""

    def __init__(self, definitions: dict[str, Schema]) -> None:
        self._definitions = definitions
        self._numbers: dict[str, int] = {}
        self._named: dict[str, str] = {}
        self.types: list[Any] = []
        self.kinds: dict[str, list[Any]] = {}

    def kind(self, api: str, kind: str, schema: Schema, namespaced: bool) -> None:
        """Add a kind, without what the cluster writes about it."""
        properties = {key: value for key, value in schema.get("properties", {}).items() if key != "status"}
        required = [key for key in schema.get("required", ()) if key != "status"]
        properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}}
        properties["metadata"] = {"$ref": f"{_PREFIX}{_META}ObjectMeta"}
        code = self._object({**schema, "properties": properties, "required": required})
        self.kinds[f"{api}/{kind}"] = [int(code[1:]), *([] if namespaced else [1])]

    def code(self, schema: Schema) -> str:
        """The type of a value."""
        if "$ref" in schema:
            replaced = "=" if schema.get("x-kubernetes-patch-strategy") == "replace" else ""
            return replaced + self._definition(schema["$ref"].removeprefix(_PREFIX))
        if "allOf" in schema and len(schema["allOf"]) == 1 and "properties" not in schema:
            return self.code({**schema["allOf"][0], **{k: v for k, v in schema.items() if k.startswith("x-")}})
        if schema.get("x-kubernetes-int-or-string"):
            return "x"
        kinds = schema.get("type", ())
        kind = next((one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"), None)
        if kind == "array":
            return self._list(schema)
        if kind == "object" or "properties" in schema:
            return self._map(schema)
        if kind == "string":
            return "s"
        return {"integer": "i", "number": "n", "boolean": "b"}.get(str(kind), "a")

    def _definition(self, name: str) -> str:
        if name in _SPECIAL:
            return _SPECIAL[name]
        if name not in self._named:
            schema = self._definitions[name]
            if "properties" not in schema:
                self._named[name] = self.code(schema)
            else:  # the number is taken first: a definition may hold itself
                number = len(self.types)
                self.types.append(None)
                self._named[name] = f"#{number}"
                self.types[number] = self._entry(schema)
                if name in UNIONS:
                    known = self.types[number]["f"]
                    chosen = UNIONS[name] or tuple(key for key in known if key != "name")
                    self.types[number]["u"] = [key for key in chosen if key in known]
        return self._named[name]

    def _map(self, schema: Schema) -> str:
        extra = schema.get("additionalProperties")
        if schema.get("properties"):
            return self._object(schema)
        if isinstance(extra, dict):
            return "{" + self.code(extra)
        return "a"

    def _object(self, schema: Schema) -> str:
        entry = self._entry(schema)
        text = json.dumps(entry, sort_keys=True)
        if text not in self._numbers:
            self._numbers[text] = len(self.types)
            self.types.append(entry)
        return f"#{self._numbers[text]}"

    def _entry(self, schema: Schema) -> dict[str, Any]:
        """``f`` the fields, ``r`` what is required, ``o`` where others are allowed; ``u`` what excludes each other."""
        properties = schema["properties"]
        entry: dict[str, Any] = {"f": {key: self.code(properties[key]) for key in sorted(properties)}}
        required = sorted(key for key in schema.get("required", ()) if "default" not in properties.get(key, {}))
        if required:
            entry["r"] = required
        if schema.get("x-kubernetes-preserve-unknown-fields") or isinstance(schema.get("additionalProperties"), dict):
            entry["o"] = 1
        return entry

    def _list(self, schema: Schema) -> str:
        """``[`` and the item; before it the key by which a strategic merge finds items, and a bar."""
        strategy = schema.get("x-kubernetes-patch-strategy", "")
        key = schema.get("x-kubernetes-patch-merge-key", "")
        merged = f"{key}|" if "merge" in strategy else ""
        return f"[{merged}{self.code(schema.get('items', {}))}"


def definitions() -> dict[str, Schema]:
    """Kubernetes' definitions in the newest release of the package."""
    folder = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"

    def number(path: Path) -> tuple[int, ...]:
        return tuple(int(part) for part in path.name.split("-")[0].removeprefix("v").split("."))

    newest = max((path for path in folder.iterdir() if path.name.endswith("-local")), key=number)
    found: dict[str, Schema] = json.loads((newest / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    return found


def custom(directory: Path) -> dict[tuple[str, str], tuple[Schema, bool]]:
    """The schema of every (API version, kind) of the definitions in a directory, those of several releases united."""
    found: dict[tuple[str, str], tuple[Schema, bool]] = {}
    for file in sorted(directory.glob("*/*.yaml")):
        for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
            if not document or document.get("kind") != "CustomResourceDefinition":
                continue
            spec = document["spec"]
            for version in spec["versions"]:
                if not version.get("served", True):
                    continue
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                schema = version["schema"]["openAPIV3Schema"]
                older = found.get(key)
                united = _united(older[0], schema) if older else schema
                found[key] = (united, spec["scope"] == "Namespaced")
    return found


def _united(one: Schema, other: Schema) -> Schema:
    """What either schema has; what only one of them requires is not required."""
    both = {**one, **other}
    if "properties" in one and "properties" in other:
        left, right = one["properties"], other["properties"]
        both["properties"] = {
            key: _united(left[key], right[key]) if key in left and key in right else left.get(key) or right[key]
            for key in {**left, **right}
        }
        both["required"] = [key for key in one.get("required", ()) if key in other.get("required", ())]
    if "items" in one and "items" in other:
        both["items"] = _united(one["items"], other["items"])
    return both


def table(directory: Path) -> str:
    """The text of the table."""
    found = Table(definitions())
    for name, schema in sorted(definitions().items()):
        for gvk in schema.get("x-kubernetes-group-version-kind", ()):
            api = f"{gvk['group']}/{gvk['version']}".lstrip("/")
            listed = "items" in schema.get("properties", {}) and gvk["kind"].endswith("List")
            if "alpha" in gvk["version"] or listed or name.startswith(_META) or "kind" not in schema["properties"]:
                continue
            found.kind(api, gvk["kind"], schema, gvk["kind"] not in CLUSTER)
    for (api, kind), (schema, namespaced) in sorted(custom(directory).items()):
        found.kind(api, kind, schema, namespaced)
    body = {"kinds": dict(sorted(found.kinds.items())), "types": found.types}
    return json.dumps(body, separators=(",", ":"), sort_keys=True).replace('},{"f"', '},\n{"f"') + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(Path(sys.argv[1])), encoding="utf-8")
