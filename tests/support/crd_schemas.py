"""Checks of custom resources against upstream CustomResourceDefinitions in the schema bundle.

The order is the API server's: unknown fields, defaults, structural schema, CEL rules
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/).
The bundle is a directory beside the project with one folder of unmodified YAML files for each upstream. A folder
whose name ends in a version (``istio-1.24``) stands in for the one without when it is asked for.
"""

import os
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema.protocols import Validator

from tests.support.cel_rules import cel_errors
from tests.support.dialect import json_errors, schema_errors, validator
from tests.support.kubernetes_schemas import metadata_errors

_Schema = Mapping[str, Any]
_VARIABLE = "MESHSPEC_SCHEMAS"
_VERSIONED = re.compile(r"-\d.*$")
_DOCUMENT = re.compile(r"^---.*$", re.MULTILINE)
# Generated CRDs all have the same layout, so the place of the group and the kind tells what a document defines
# without parsing it: the files have 8 MB and one object needs a fraction of one file.
_GROUP = re.compile(r"^  group: (\S+)$", re.MULTILINE)
_KIND = re.compile(r"^    kind: (\S+)$", re.MULTILINE)


def bundle_directory() -> Path:
    """The schema bundle; the calling test is skipped when there is none, and this is the one place that decides it."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "schemas"
    directory = Path(os.environ.get(_VARIABLE) or beside)
    if not directory.is_dir():
        pytest.skip(
            f"NOT CHECKED AGAINST UPSTREAM CRDs: the schema bundle {directory} is missing (set {_VARIABLE})",
            allow_module_level=True,
        )
    return directory


@cache
def _folders(root: Path, bundle: str) -> tuple[Path, ...]:
    """The folders without a version, the one called ``bundle`` in place of its sibling without."""
    if not (root / bundle).is_dir():
        raise ValueError(f"the schema bundle {root} has no folder {bundle}")
    plain = {folder.name for folder in root.iterdir() if folder.is_dir() and not _VERSIONED.search(folder.name)}
    names = plain - {_VERSIONED.sub("", bundle)} | {bundle}
    return tuple(root / name for name in sorted(names))


@cache
def _folder_index(folder: Path) -> dict[tuple[str, str], str]:
    """The text of the definition of every (group, kind) in a folder."""
    found: dict[tuple[str, str], str] = {}
    for file in sorted(folder.glob("*.yaml")):
        for text in _DOCUMENT.split(file.read_text(encoding="utf-8")):
            group, kind = _GROUP.search(text), _KIND.search(text)
            if group and kind:
                found[group[1], kind[1]] = text
            elif "CustomResourceDefinition" in text:
                raise ValueError(f"{file}: a document without group and kind at their usual place")
    return found


@cache
def _definition(folder: Path, group: str, kind: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.load(_folder_index(folder)[group, kind], Loader=yaml.CSafeLoader)
    if (document["spec"]["group"], document["spec"]["names"]["kind"]) != (group, kind):
        raise ValueError(f"{folder}: {group} {kind} was not found where it seemed to be")
    return document


@dataclass(frozen=True)
class _Version:
    """One served version of a custom kind."""

    schema: dict[str, Any]
    """The schema as published."""
    structure: Validator
    """The part of it that JSON Schema can express."""
    namespaced: bool


@cache
def _version(folder: Path, group: str, version: str, kind: str) -> _Version | None:
    """The schema of a kind in a version, None when the definition does not serve the version."""
    spec = _definition(folder, group, kind)["spec"]
    for entry in spec["versions"]:
        if entry["name"] == version and entry["served"]:
            schema = entry["schema"]["openAPIV3Schema"]
            return _Version(schema, validator(_root(schema)), spec["scope"] == "Namespaced")
    return None


def _root(schema: _Schema) -> dict[str, Any]:
    """The structural schema of an object; the type fields are implied and metadata is checked as ObjectMeta."""
    structure = _structural(schema)
    implied = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return structure | {"properties": structure["properties"] | implied}


def _structural(schema: _Schema) -> dict[str, Any]:
    """A node of a structural schema in JSON Schema: unknown fields refused, null and int-or-string spelt out.

    allOf, anyOf, oneOf and not are taken over as they are: by the rules for structural schemas they hold only
    conditions on values, so fields they do not name are not unknown.
    """
    out = {key: value for key, value in schema.items() if key not in ("properties", "items", "additionalProperties")}
    if "properties" in schema:
        out["properties"] = {name: _structural(field) for name, field in schema["properties"].items()}
    if "items" in schema:
        out["items"] = _structural(schema["items"])
    if isinstance(extra := schema.get("additionalProperties"), dict):
        out["additionalProperties"] = _structural(extra)
    elif schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = bool(extra)
    if schema.get("x-kubernetes-int-or-string"):
        out["type"] = ["integer", "string"]
    return _nullable(out) if schema.get("nullable") else out


def _nullable(structure: dict[str, Any]) -> dict[str, Any]:
    """Null or the structure; unlike anyOf this keeps the errors of the structure apart."""
    return {"if": {"type": "null"}, "else": structure}


def _defaulted(schema: _Schema, value: Any) -> Any:
    """A value with the schema's defaults filled in; null counts as absent where it is not allowed.

    From apiextensions ``pkg/apiserver/schema/defaulting/algorithm.go``.
    """
    if isinstance(value, list):
        return [_defaulted(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    fields, extra = schema.get("properties", {}), schema.get("additionalProperties")
    filled = dict(value)
    for name, field in fields.items():
        if "default" in field and (name not in value or (value[name] is None and not field.get("nullable"))):
            filled[name] = deepcopy(field["default"])
    others: _Schema = extra if isinstance(extra, dict) else {}
    return {key: _defaulted(fields.get(key, others), item) for key, item in filled.items()}


def _find(group: str, version: str, kind: str, bundle: str) -> _Version | str:
    """The version of the kind in the bundle, or why there is none."""
    for folder in _folders(bundle_directory(), bundle):
        if (group, kind) in _folder_index(folder):
            return _version(folder, group, version, kind) or f"{folder.name} does not serve {group}/{version} {kind}"
    return f"no definition of {group}/{version} {kind} in the schema bundle with {bundle}"


def stored(obj: dict[str, Any], bundle: str = "istio") -> dict[str, Any]:
    """A custom resource as the API server stores it: with the defaults of its definition.

    Raises:
        KeyError: there is no definition of it.
    """
    group, _, version = obj["apiVersion"].partition("/")
    served = _find(group, version, obj["kind"], bundle)
    if isinstance(served, str):
        raise KeyError(served)
    found: dict[str, Any] = _defaulted(served.schema, obj)
    return found


def crd_errors(obj: dict[str, Any], bundle: str = "istio", kubernetes: str = "1.34") -> list[str]:
    """What the API server would refuse in a custom resource, with the CRDs of the bundle installed."""
    if found := json_errors(obj):
        return found
    group, _, version = str(obj.get("apiVersion")).rpartition("/")
    served = _find(group, version, str(obj.get("kind")), bundle)
    if isinstance(served, str):
        return [f".kind: {served}"]
    found = metadata_errors(obj, kubernetes)
    if not served.namespaced and "namespace" in obj["metadata"]:
        found.append(".metadata.namespace: is set on an object of a kind without namespaces")
    value = _defaulted(served.schema, obj)
    found += schema_errors(served.structure, value)
    # As in the API server, rules are evaluated only for values of the right shape.
    return found or list(cel_errors(served.schema, value))
