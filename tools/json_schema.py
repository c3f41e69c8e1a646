"""The JSON Schema of the language: what the models accept, widened by the table of forms to what people write."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import combinations
from typing import Any

from cmp.diagnostics import Pos
from cmp.merge.documents import API_VERSION, APP_KEYS, APP_LISTS, APP_METADATA
from cmp.merge.form import Form
from cmp.merge.forms import PLATFORM, SERVICE
from cmp.merge.running import POLICY_KEYS, RUN_KEYS, WORKLOAD_KEYS
from cmp.merge.shapes import SHARED_KEYS, SHARING
from cmp.merge.shorthands import resources
from cmp.node import Node
from cmp.spec.models import MODELS
from tools.descriptions import DOCUMENT_KEYS, of_field
from tools.values import all_models

Schema = dict[str, Any]
SCALAR: Schema = {"type": ["string", "number", "boolean"]}
NULL: Schema = {"type": "null"}
PROBE = "Probe"


def json_schema() -> str:
    """The text of ``cmp/schema.json``."""
    defs: Schema = {}
    for model in MODELS.values():
        schema = model.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        defs.update(schema.pop("$defs", {}))
        defs[model.__name__] = schema
    further = [*_below("versions.*", (*WORKLOAD_KEYS, *POLICY_KEYS)), *_below("jobs.*", RUN_KEYS)]
    _widen(defs, "MeshService", [*SERVICE, *further])
    _widen(defs, "MeshPlatform", [*PLATFORM, *_for_platforms(SERVICE)])
    _shorthands(defs)
    _documents(defs)
    for schema in defs.values():
        _tidy(schema)
    _describe(defs)
    kinds = [_if_kind(kind) for kind in ("MeshService", "MeshApp", "MeshPlatform")]
    top = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"meshspec {API_VERSION}",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"enum": ["MeshService", "MeshApp", "MeshPlatform"]},
        },
        "allOf": kinds,
        "$defs": {name: defs[name] for name in sorted(defs)},
    }
    return json.dumps(top, indent=1, ensure_ascii=False) + "\n"


def _if_kind(kind: str) -> Schema:
    return {"if": {"properties": {"kind": {"const": kind}}}, "then": {"$ref": f"#/$defs/{kind}"}}


def _below(holder: str, keys: Iterable[str]) -> list[Form]:
    """The forms of a service's fields that versions or jobs have too."""
    known = frozenset(keys)
    return [form._replace(path=f"{holder}.{form.path}") for form in SERVICE if re.split(r"\W", form.path)[0] in known]


def _for_platforms(forms: Iterable[Form]) -> list[Form]:
    """The forms of the fields that the platform has for the mesh, for namespaces and for gateways."""
    return [
        form._replace(path=f"{holder}{form.path}")
        for form in forms
        for key in [re.split(r"\W", form.path)[0]]
        for holder in SHARING
        if key in SHARED_KEYS and (key, holder) != ("mtls", "gateways.*.")
    ]


# -- walking the models' schema by a form's path -------------------------------------------------------------------


def _widen(defs: Schema, kind: str, forms: Iterable[Form]) -> None:
    """Apply forms, the deepest first, so that a path still leads through long form when it is walked."""
    for form in sorted(forms, key=lambda form: -len(form.path.replace("[]", ".[]").split("."))):
        holder, key = _locate(defs, defs[kind], form.path)
        target = _resolve(defs, holder[key]) if key else holder
        if form.one_of:
            _exclude(target, form)
        if key:
            _apply(holder, key, form)


def _locate(defs: Schema, schema: Schema, path: str) -> tuple[Schema, str]:
    """The map that holds the schema at a path, and its key there; the kind itself has the key ''."""
    holder, key = schema, ""
    for step in path.replace("[]", ".[]").split(".") if path else ():
        inner = _resolve(defs, holder[key]) if key else holder
        holder, key = _child(inner, step)
    return holder, key


def _child(inner: Schema, step: str) -> tuple[Schema, str]:
    if step == "[]":
        return inner, "items"
    if step == "*":
        return inner, "additionalProperties"
    properties: Schema = inner["properties"]
    return properties, step


def _resolve(defs: Schema, schema: Schema) -> Schema:
    """What a schema is besides null, one item, or shorthand."""
    while True:
        if "$ref" in schema:
            schema = defs[schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one != NULL and one != SCALAR)
        else:
            return schema


def _apply(holder: Schema, key: str, form: Form) -> None:
    schema = holder[key]
    shorter: list[Schema] = []
    if form.listing:
        shorter.append(_items(schema))
    if form.text is not None:
        shorter.append(SCALAR)
    if form.listed is not None:
        shorter.append({"type": "array", "items": SCALAR})
    listed = schema["anyOf"] if "anyOf" in schema else [{k: v for k, v in schema.items() if k != "default"}]
    widened = {"anyOf": [*listed, *(one for one in shorter if one not in listed)]} if shorter else schema
    holder[key] = widened
    if form.listing and key not in ("items", "additionalProperties"):
        holder[f"{key}+"] = widened


def _items(schema: Schema) -> Schema:
    if "anyOf" in schema:
        schema = next(one for one in schema["anyOf"] if one.get("type") == "array")
    items: Schema = schema["items"]
    return items


def _exclude(target: Schema, form: Form) -> None:
    """Keys of different groups exclude each other, unless they are null; tag and digest may stand in one image."""
    if form.path.endswith("image"):
        return
    pairs = [
        {"required": [a, b], "properties": {a: {"not": NULL}, b: {"not": NULL}}}
        for left, right in combinations(form.one_of, 2)
        for a in left
        for b in right
        if a in target.get("properties", {}) and b in target.get("properties", {})
    ]
    if pairs:
        target["not"] = {"anyOf": pairs}


# -- what no path of a form names ------------------------------------------------------------------------------------


def _shorthands(defs: Schema) -> None:
    """Maps that may be written without their outer level: resources, and one probe for both."""
    place = Node("1", Pos("", 0, 0))
    assert set(resources({"cpu": place, "memory": place})) == {"requests", "limits"}
    defs["Resources"]["properties"].update({key: defs["Quantities"]["properties"][key] for key in ("cpu", "memory")})
    defs["Health"]["properties"].update(defs[PROBE]["properties"])


def _documents(defs: Schema) -> None:
    """Bodies without required keys for overlays, and around them the documents with apiVersion and kind.

    Items of lists keep theirs: an overlay replaces such a list, and does not reach into it.
    """
    for name in {*_layered(defs, "MeshService"), *_layered(defs, "MeshPlatform")}:
        defs[name].pop("required", None)
    service, platform = defs.pop("MeshService"), defs.pop("MeshPlatform")
    lists = {key: service["properties"][key] for key in ("parameters", *APP_LISTS)}
    app_keys = {
        "metadata": {"$ref": "#/$defs/Metadata"},
        "platform": {"type": "string"},
        "services": {"type": "object", "additionalProperties": _body("ServiceBody")},
        "defaults": _body("ServiceBody"),
        **lists,
        **{f"{key}+": value for key, value in lists.items()},
    }
    assert {*(key.removesuffix("+") for key in app_keys), "apiVersion", "kind", "environments"} == set(APP_KEYS)
    assert set(defs["Metadata"]["properties"]) == set(APP_METADATA)
    app = {"type": "object", "properties": app_keys, "additionalProperties": False, "description": APP}
    platform["properties"]["defaults"] = _body("ServiceBody")
    documents: list[tuple[str, Schema, list[str]]] = [
        ("MeshService", service, ["metadata"]),
        ("MeshApp", app, ["metadata", "services"]),
        ("MeshPlatform", platform, ["metadata"]),
    ]
    for kind, body, required in documents:
        name = kind.replace("Mesh", "") + "Body"
        body.pop("required", None)
        body.pop("title", None)
        defs[name] = body
        head = {"apiVersion": {"const": API_VERSION}, "kind": {"const": kind}}
        environments = {"type": "object", "additionalProperties": _body(name)}
        properties: Schema = {**head, **body["properties"], "environments": environments}
        named = {"allOf": [properties["metadata"], {"required": ["name"]}]}
        document: Schema = {**body, "properties": {**properties, "metadata": named}}
        defs[kind] = {**document, "required": ["apiVersion", "kind", *required]}


def _describe(defs: Schema) -> None:
    """What the models' comments say of their fields: editors show it."""
    told = {name: {key: text for key, (_, text) in keys.items()} for name, keys in DOCUMENT_KEYS.items()}
    for name, model in all_models().items():
        texts = {field.alias or key: of_field(model, key) for key, field in model.model_fields.items()}
        told[name] = {**told.get(name, {}), **{key: text for key, text in texts.items() if text}}
    told["Resources"] |= told["Quantities"]
    told["Health"] = {**told[PROBE], **told["Health"]}
    told |= {kind.replace("Mesh", "") + "Body": told[kind] for kind in DOCUMENT_KEYS}
    for name, texts in told.items():
        properties = defs[name]["properties"]
        for key, schema in properties.items():
            if text := texts.get(key.removesuffix("+")):
                properties[key] = {"description": text, **schema}


def _layered(defs: Schema, kind: str) -> set[str]:
    """The models that a layer may write in part: all that are reached through keys and names alone."""
    found: set[str] = set()
    open_: list[Schema] = [defs[kind]]
    while open_:
        schema = open_.pop()
        open_ += [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
        if isinstance(schema.get("additionalProperties"), dict):
            open_.append(schema["additionalProperties"])
        name = schema.get("$ref", "").rpartition("/")[2]
        if name and name not in found:
            found.add(name)
            open_.append(defs[name])
    return found


APP = "Several services with common defaults: MeshService bodies by name."


def _body(name: str) -> Schema:
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}, NULL]}


def _tidy(schema: Any) -> None:
    """Null removes a value, so every key takes it; titles that repeat the key and defaults of the models go.

    A constant that looks like another type may be written without quotes.
    """
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    if not isinstance(schema, dict):
        return
    if schema.get("const") in ("true", "1"):
        text = schema.pop("const")
        schema.pop("type", None)
        schema["enum"] = [text, json.loads(text)]
    each, properties = schema.get("additionalProperties"), schema.get("properties")
    if isinstance(each, dict) and NULL not in each.get("anyOf", ()):
        schema["additionalProperties"] = {"anyOf": [*each.get("anyOf", [each]), NULL]}
    if isinstance(properties, dict):
        for key, value in properties.items():
            value.pop("title", None)
            value.pop("default", None)
            if value.get("anyOf") and NULL not in value["anyOf"]:
                properties[key] = {**value, "anyOf": [*value["anyOf"], NULL]}
            elif not {"anyOf", "const", "allOf"} & set(value):
                properties[key] = {"anyOf": [value, NULL]}
    for key, value in schema.items():
        if key not in ("const", "enum", "required", "not"):
            _tidy(value)
