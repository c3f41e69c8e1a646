"""Specs that grow from the JSON Schema of the language: right in their structure, and in their values now and then.

``damage`` starts from what people wrote; these have what nobody thought of writing together.
"""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from tests.support.mutations import VALUES
from tests.support.nasty import NASTY
from tests.support.spec_text import quoted
from tools.damage import Corpus

Schema = dict[str, Any]
HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: {}\n"
KINDS = ("MeshService", "MeshService", "MeshApp", "MeshPlatform")
#: Names that people choose; few, so that what refers to another thing finds it.
NAMES = ("web", "api", "v1", "v2", "http", "A", "x.example.com", "/a", "app", "prod")
#: What a service is rarely right without.
BASE = {"image": "example.com/a:1", "port": "8080"}
SERVICE = (HEAD.format("MeshService") + "metadata: {name: web}\nimage: example.com/a:1\nport: 8080\n").encode()
PLATFORM = (
    HEAD.format("MeshPlatform") + "metadata: {name: main}\ngateways: {public: {hosts: '*.example.com', namespace: "
    "istio-system, selector: {istio: ingress}, serviceAccount: ingress}}\n"
).encode()
#: Maps and lists are no deeper than this.
DEPTH = 9


@cache
def _definitions() -> Schema:
    path = Path(__file__).resolve().parent.parent / "cmp" / "schema.json"
    found: Schema = json.loads(path.read_text(encoding="utf-8"))["$defs"]
    return found


def grown(corpus: Corpus, chance: random.Random) -> dict[str, bytes]:
    """The files of a render, of which one has grown: a service or an app, with a platform or without, or a platform."""
    kind = chance.choice(KINDS)
    document = _document(kind, corpus, chance)
    if kind == "MeshPlatform":
        return {"meshplatform.yaml": document, "meshspec.yaml": SERVICE}
    beside = {"meshplatform.yaml": PLATFORM} if chance.random() < 0.5 else {}
    return {"meshspec.yaml": document, **beside}


def _document(kind: str, corpus: Corpus, chance: random.Random) -> bytes:
    schema = _definitions()[kind]
    entries = {"metadata": f"{{name: {chance.choice(NAMES[:4])}}}"}
    if kind == "MeshService" and chance.random() < 0.9:
        entries |= BASE
    keys = [key for key in _keys(schema, chance) if key not in ("apiVersion", "kind", "metadata")]
    for _ in range(chance.choice((1, 2, 3, 5))):
        key = chance.choice(keys)
        entries[key] = _value(schema["properties"][key], key, DEPTH, corpus, chance)
    if kind == "MeshApp":
        entries["services"] = _services(corpus, chance)
    if entries.keys() & {"ports", "external"}:
        entries.pop("port", None)
    return (HEAD.format(kind) + "".join(f"{key}: {text}\n" for key, text in entries.items())).encode("utf-8", "replace")


def _keys(schema: Schema, chance: random.Random) -> list[str]:
    """The keys of a map; those that add to a list seldom, since they are right in environments alone."""
    adding = chance.random() < 0.05
    return [key for key in schema["properties"] if adding or not key.endswith("+")]


def _services(corpus: Corpus, chance: random.Random) -> str:
    schema = _definitions()["ServiceBody"]
    properties, services = schema["properties"], []
    for name in NAMES[: chance.choice((1, 2, 3))]:
        keys = [key for key in (chance.choice(_keys(schema, chance)) for _ in range(2)) if key not in BASE]
        own = BASE | {key: _value(properties[key], key, DEPTH - 1, corpus, chance) for key in keys}
        services.append(f"{name}: {_map(own)}")
    return f"{{{', '.join(services)}}}"


def _map(entries: dict[str, str]) -> str:
    return f"{{{', '.join(f'{quoted(key)}: {text}' for key, text in entries.items())}}}"


def _value(schema: Schema, key: str, depth: int, corpus: Corpus, chance: random.Random) -> str:
    """A value for a key as YAML in flow style."""
    if chance.random() < 0.02:
        return quoted(chance.choice(NASTY))
    if "$ref" in schema:
        return _value(_definitions()[schema["$ref"].rpartition("/")[2]], key, depth, corpus, chance)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema and "properties" not in schema:
            choices = [one for one in schema[several] if one.get("type") != "null" and "required" not in one]
            return _value(chance.choice(choices or schema[several]), key, depth, corpus, chance)
    if "enum" in schema:
        return json.dumps(chance.choice(schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if "properties" in schema:
        return _object(schema, depth, corpus, chance)
    if schema.get("type") == "object":
        return _named(schema, key, depth, corpus, chance)
    if schema.get("type") == "array":
        count = chance.choice((0, 1, 1, 1, 2, 3)) if depth > 0 else 0
        return f"[{', '.join(_value(schema['items'], key, depth - 1, corpus, chance) for _ in range(count))}]"
    return _scalar(schema, key, corpus, chance)


def _object(schema: Schema, depth: int, corpus: Corpus, chance: random.Random) -> str:
    properties = schema["properties"]
    keys = list(schema.get("required", ()))
    if depth > 0:
        keys += [chance.choice(_keys(schema, chance)) for _ in range(chance.choice((0, 1, 1, 2, 3)))]
    return _map({one: _value(properties[one], one, depth - 1, corpus, chance) for one in keys if one in properties})


def _named(schema: Schema, key: str, depth: int, corpus: Corpus, chance: random.Random) -> str:
    inner = schema.get("additionalProperties")
    if depth <= 0 or not isinstance(inner, dict):
        return _scalar(schema, key, corpus, chance)
    count = chance.choice((0, 1, 1, 2))
    return _map({chance.choice(NAMES): _value(inner, key, depth - 1, corpus, chance) for _ in range(count)})


def _scalar(schema: Schema, key: str, corpus: Corpus, chance: random.Random) -> str:
    type_ = schema.get("type")
    alike = corpus.by_key.get(key, [])
    if type_ == "boolean":
        return chance.choice(("true", "false"))
    if type_ == "integer" and chance.random() < 0.7:
        low, high = int(schema.get("minimum", 0)), int(schema.get("maximum", 100))
        return str(chance.choice((low, low + 1, high, (low + high) // 2)))
    if alike and chance.random() < 0.85:
        return chance.choice(alike)
    return chance.choice(VALUES) if chance.random() < 0.5 else quoted(chance.choice(NAMES))
