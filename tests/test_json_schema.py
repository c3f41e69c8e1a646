"""The JSON Schema that editors use: it takes what the program takes, and underlines what is certainly wrong."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from cmp.merge.documents import APP_LISTS
from cmp.merge.form import Form
from cmp.merge.forms import PLATFORM, SERVICE
from cmp.merge.shapes import SHARED_KEYS
from cmp.spec.models import MODELS, keys_of
from cmp.spec.runs import RunFields
from cmp.spec.types import Model
from tests.support import rich
from tests.support.fields import inside, models
from tools.descriptions import of_field

ROOT = Path(__file__).parents[1]
SCHEMA: dict[str, Any] = json.loads((ROOT / "cmp" / "schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


class Yaml12(yaml.SafeLoader):
    """YAML as editors read it: scalars by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema)."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's way to have resolvers of one's own


for tag, pattern, first in (
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan", list("-+.0123456789")),
):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first)
Yaml12.add_constructor(
    "tag:yaml.org,2002:int", lambda loader, node: int(node.value.replace("0o", "0"), _base(node.value))
)


def _base(text: str) -> int:
    return 16 if text.startswith("0x") else 8 if text.startswith("0o") else 10


def documents(text: str) -> list[Any]:
    return [one for one in yaml.load_all(text, Yaml12) if one is not None]


def _specs(directory: Path) -> list[Path]:
    """What a render of a directory may read: nothing that is hidden."""
    found = [*directory.rglob("*meshspec.yaml"), *directory.rglob("meshplatform.yaml")]
    return sorted(path for path in found if "/." not in str(path.relative_to(ROOT)))


EXAMPLES = [path for directory in sorted((ROOT / "examples").iterdir()) for path in _specs(directory)]
CASES = [
    path for expected in sorted((ROOT / "tests" / "cases").glob("*/expected.yaml")) for path in _specs(expected.parent)
]


def errors(document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:300]}" for error in VALIDATOR.iter_errors(document)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_reference_leads_somewhere() -> None:
    found = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(SCHEMA)))

    assert found <= set(SCHEMA["$defs"])
    assert set(SCHEMA["$defs"]) - found == set(), "what nothing refers to"


# -- what is right -----------------------------------------------------------------------------------------------------


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*EXAMPLES, *CASES], ids=_name)
def test_it_takes_what_the_program_takes(path: Path) -> None:
    for document in documents(path.read_text(encoding="utf-8-sig")):
        assert errors(document) == []


@pytest.mark.parametrize("text", [rich.PLATFORM, rich.FULL, rich.APP], ids=["platform", "service", "app"])
def test_it_takes_every_field(text: str) -> None:
    (document,) = documents(text)

    assert errors(document) == []


# -- what is wrong -----------------------------------------------------------------------------------------------------

Steps = tuple[str | int, ...]

# Maps whose keys are names that people choose.
KEYED = {"services", "environments", "env", "headers", "queryParams", "volumes", "versions", "labels", "annotations"}
KEYED |= {"environmentVariables", "excludeInboundPorts", "excludeOutboundPorts"}
KEYED |= {"selector", "gateways", "catalog", "withoutHeaders", "cookies", "sourceLabels", "set", "add", "claims"}
KEYED |= {"config", "secrets", "data", "items", "volumeAttributes", "downwardAPI"}
KEYED |= {"containers", "mounts", "nodeSelector", "matchLabels", "hostAliases", "options", "sysctls"}
KEYED |= {"ignore", "namespaces", "when", "outputClaimToHeaders", "secretTargetRef"}
KEYED |= {"applications", "default", "defaultRequest", "limits", "max", "min", "parameters", "quota", "tags"}
KEYED |= {"alerts", "customTags", "tagOverrides", "waves"}


def raw(path: Steps) -> bool:
    """Whether the schema knows nothing of what stands there: parts of objects, paths of rules, values of charts."""
    rules = "policy" in path and bool({"forbid", "allow", "when", "unless"} & set(path))
    return rules or ("patches" in path and bool({"merge", "value"} & set(path))) or _of_a_chart(path)


def _of_a_chart(path: Steps) -> bool:
    """Values of Helm charts: `istio.install.values` has them by chart, a gateway and Prometheus have their own."""
    if path[:3] == ("istio", "install", "values"):
        return len(path) > 3
    if path[:3] == ("monitoring", "prometheus", "values"):
        return True
    return path[:1] == ("gateways",) and path[2:3] == ("values",)


def keyed(path: Steps) -> bool:
    if raw(path):
        return True
    if not path or isinstance(path[-1], int):
        return False
    if path[-1] == "ports" or (path[-1] == "metadata" and "triggers" in path):
        return True
    return path[-1] in KEYED or (path[-1] == "to" and not {"access", "access+"} & set(path))


def places(value: Any, path: Steps = ()) -> Iterator[tuple[Steps, Any]]:
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from places(item, (*path, step))


def replaced(value: Any, path: Steps, new: Any) -> Any:
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def shown(path: Steps) -> str:
    return ".".join(map(str, path))


SMALL = [(_name(path), text) for path in EXAMPLES for text in [path.read_text(encoding="utf-8")]]
MUTATED = [*SMALL, ("platform", rich.PLATFORM), ("service", rich.FULL), ("app", rich.APP)]
every_text = pytest.mark.parametrize("text", [text for _, text in MUTATED], ids=[name for name, _ in MUTATED])


@every_text
def test_it_refuses_an_unknown_key_everywhere(text: str) -> None:
    (document,) = documents(text)
    taken = [
        shown(path)
        for path, value in places(document)
        if isinstance(value, dict) and not keyed(path)
        if VALIDATOR.is_valid(replaced(document, path, {**value, "unknown": 1}))
    ]

    assert taken == []


@every_text
def test_it_refuses_another_type_everywhere(text: str) -> None:
    """No place takes a list of lists, and none that a scalar stands at takes a map of maps with any names."""
    (document,) = documents(text)
    taken = []
    for path, value in places(document):
        if raw(path) and path[-1] != "merge":
            continue
        wrong: Any = [[["x"]]] if isinstance(value, dict | list) else {"unknown": {"unknown": 1}}
        if VALIDATOR.is_valid(replaced(document, path, wrong)):
            taken.append(shown(path))

    assert taken == []


@pytest.mark.parametrize("kind", ["MeshService", "MeshApp", "MeshPlatform"])
@pytest.mark.parametrize("key", ["apiVersion", "kind", "metadata"])
def test_it_asks_for_what_every_document_has(kind: str, key: str) -> None:
    text = {"MeshService": rich.FULL, "MeshApp": rich.APP, "MeshPlatform": rich.PLATFORM}[kind]
    (document,) = documents(text)

    assert not VALIDATOR.is_valid({name: value for name, value in document.items() if name != key})
    assert not VALIDATOR.is_valid({**document, "apiVersion": "meshspec.io/v2"})
    assert not VALIDATOR.is_valid({**document, "kind": "Service"})


@pytest.mark.parametrize("form", [form for form in SERVICE if form.one_of and form.path in ("", "replicas")], ids=str)
def test_it_refuses_keys_that_exclude_each_other(form: Form) -> None:
    seconds = ("pollingInterval", "cooldownPeriod", "initialCooldownPeriod")
    values = {"port": 80, "ports": {"http": 80}, "count": 1, "min": 1, "max": 2, "cpu": "70%", "memory": "1Gi"}
    values |= {"metrics": [], "behavior": {}, "triggers": [], "idleReplicaCount": 0, **dict.fromkeys(seconds, "1s")}
    values |= {"fallback": {"failureThreshold": 1, "replicas": 1}}
    document = documents("apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: a}\nimage: a:1\n")[0]
    for left in form.one_of[0]:
        for right in form.one_of[1]:
            both = {left: values[left], right: values[right]}
            assert not VALIDATOR.is_valid({**document, **({"replicas": both} if form.path else both)})


# -- complete ----------------------------------------------------------------------------------------------------------


def _definition(model: str) -> dict[str, Any]:
    """Kinds stand there as bodies too, which overlays may hold; their keys are the same."""
    definitions: dict[str, dict[str, Any]] = SCHEMA["$defs"]
    return definitions[model]


@pytest.mark.parametrize("name", models())
def test_it_has_every_key_of_the_models(name: str) -> None:
    assert set(keys_of(models()[name])) <= set(_definition(name)["properties"])


@pytest.mark.parametrize("name", ["Service", "App", "Platform"])
def test_bodies_have_the_keys_of_their_kinds(name: str) -> None:
    outer = {"apiVersion", "kind", "environments"}

    assert set(_definition(f"{name}Body")["properties"]) == set(_definition(f"Mesh{name}")["properties"]) - outer


@cache
def _owner(kind: str, path: str) -> tuple[str, str]:
    """The model that has the last key of a form's path, and that key."""
    at: Any = MODELS[kind]
    owner, key = at, ""
    for step in path.replace("[]", ".[]").split("."):
        at = inside(at)
        if step in ("*", "[]"):
            at = get_args(at)[-1] if step == "*" else get_args(at)[0]
        else:
            owner, key = at, step
            at = _field(at, step)
    return owner.__name__, key


def _field(model: type[Model], key: str) -> Any:
    return next(field.annotation for name, field in model.model_fields.items() if (field.alias or name) == key)


LISTS = [
    (kind, form.path)
    for kind, table in (("MeshService", SERVICE), ("MeshPlatform", PLATFORM))
    for form in table
    if form.listing and not form.path.endswith(".*")  # no key of its own: the entry of a map
]


@pytest.mark.parametrize(("kind", "path"), LISTS)
def test_it_has_the_adding_form_of_every_list(kind: str, path: str) -> None:
    model, key = _owner(kind, path)
    properties = _definition(model)["properties"]

    assert properties[f"{key}+"] == properties[key]


def test_nothing_but_lists_can_be_added_to() -> None:
    known = {(model, f"{key}+") for model, key in (_owner(kind, path) for kind, path in LISTS)}
    # Bodies repeat the keys of their kinds, and the one probe for all those of a probe.
    known |= {("ServiceBody", key) for model, key in known if model == "MeshService"}
    known |= {("PlatformBody", key) for model, key in known if model == "MeshPlatform"}
    known |= {("Version", key) for model, key in known if model == "MeshService"}
    known |= {("Job", key) for model, key in known if model == "MeshService" and key[:-1] in RunFields.model_fields}
    known |= {("Health", key) for model, key in known if model == "Probe"}
    known |= {(name, f"{key}+") for name in ("MeshApp", "AppBody") for key in ("parameters", *APP_LISTS)}
    # The platform says the same of the mesh, of namespaces and of gateways.
    holders = ("MeshPlatform", "PlatformBody", "Namespace", "Gateway")
    known |= {(name, f"{key}+") for name in holders for key in SHARED_KEYS if key != "mtls"}
    found = {
        (name, key)
        for name, definition in SCHEMA["$defs"].items()
        for key in definition.get("properties", ())
        if key.endswith("+")
    }

    assert found - known == set()


@pytest.mark.parametrize("name", models())
def test_every_model_has_a_description(name: str) -> None:
    """Editors show it."""
    assert _definition(name).get("description")


@pytest.mark.parametrize("name", models())
def test_keys_have_the_descriptions_of_the_models(name: str) -> None:
    fields = models()[name].model_fields.items()
    said = {field.alias or key: of_field(models()[name], key) for key, field in fields}
    shown = {key: schema.get("description", "") for key, schema in _definition(name)["properties"].items()}

    assert {key: shown[key] for key in said} == said
