"""Where a message points, whichever layer a value is from: at the line that its author has to change."""

from pathlib import Path

import pytest

from cmp.diagnostics import SpecError
from cmp.environment import Environment
from cmp.pipeline import render

HEAD = "apiVersion: meshspec.io/v1alpha1\n"
BODY = (
    "image: web:1\nport: 8080\nversions: {v1: {}, v2: {weight: 10}}\nreplicas: {min: 2, max: 4}\nresources: {cpu: 1}\n"
)
SERVICE = HEAD + "kind: MeshService\nmetadata: {name: web}\n" + BODY
PLATFORM = HEAD + "kind: MeshPlatform\nmetadata: {name: main}\n"
APP = HEAD + "kind: MeshApp\nmetadata: {name: shop}\n"
SERVICES = "services:\n  web:\n" + "".join(f"    {line}\n" for line in BODY.splitlines())

#: The layers: the files of each, in which ``@`` is on a line of its own and stands for what the layer says.
LAYERS = {
    "service": {"meshspec.yaml": SERVICE + "@\n"},
    "environment of a service": {"meshspec.yaml": SERVICE + "environments:\n  prod:\n    @\n"},
    "defaults of an app": {"meshspec.yaml": APP + SERVICES + "defaults:\n    @\n"},
    "environment of an app": {
        "meshspec.yaml": APP + SERVICES + "environments:\n  prod:\n    services:\n      web:\n        @\n"
    },
    "defaults in an environment of an app": {
        "meshspec.yaml": APP + SERVICES + "environments:\n  prod:\n    defaults:\n      @\n"
    },
    "defaults of a platform": {"meshspec.yaml": SERVICE, "meshplatform.yaml": PLATFORM + "defaults:\n  @\n"},
    "defaults in an environment of a platform": {
        "meshspec.yaml": SERVICE,
        "meshplatform.yaml": PLATFORM + "environments:\n  prod:\n    defaults:\n      @\n",
    },
    "version": {"meshspec.yaml": SERVICE.replace("{v1: {}, v2: {weight: 10}}", "\n  v1:\n    @\n  v2: {weight: 10}")},
}
#: What is wrong by itself, in any layer: the text, with ``^`` before what is pointed at, and the code.
WRONG = {
    "a value": ("env: {A: {secret: ^x}}", "MS104"),
    "a key": ("shutdown: {^grac: 45s}", "MS101"),
    "a value that is added": ("args+: [a, ^{}]", "MS103"),
    "two keys": ("health: {readiness: {http: /, ^grpc: 80}}", "MS105"),
    "a nested list": ("envFrom: [{configMap: a}, {secret: ^Bad_Name}]", "MS206"),
    "a reference": ("health: {readiness: {port: ^nope, http: /}}", "MS205"),
    "what is added to no list": ("^image+: {tag: x}", "MS110"),
}
#: What only the keys of one of the layers below it make wrong, in the layers above the service.
ABOVE = {
    "less than": ("replicas: {min: ^9}", "MS213"),
    "taken away": ("^image: null", "MS210"),
    "taken out": ("image: ^{tag: null}", "MS210"),
}
UPPER = ("environment of a service", "environment of an app")


def found(directory: Path, layer: str, text: str, parameters: dict[str, str] | None = None) -> list[tuple[str, str]]:
    """Each finding: its place and its code."""
    for name, file in LAYERS[layer].items():
        (directory / name).write_text(file.replace("@", text), "utf-8")
    environment = "prod" if "environment" in layer else ""
    try:
        render(str(directory), Environment("shop", environment, parameters or {}, source_path="."), {})
    except SpecError as error:
        return [(str(one.pos), one.code) for one in error.diagnostics]
    return []


def expected(layer: str, text: str) -> str:
    """The place of the mark."""
    for name, file in LAYERS[layer].items():
        for number, line in enumerate(file.splitlines(), 1):
            if "@" in line:
                return f"{name}:{number}:{line.index('@') + text.index('^') + 1}"
    raise AssertionError("the layer says nothing")


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("layer", LAYERS)
def test_what_is_wrong_by_itself(layer: str, what: str, tmp_path: Path) -> None:
    text, code = WRONG[what]
    assert found(tmp_path, layer, text.replace("^", "")) == [(expected(layer, text), code)]


@pytest.mark.parametrize("what", ABOVE)
@pytest.mark.parametrize("layer", UPPER)
def test_what_is_wrong_over_other_layers(layer: str, what: str, tmp_path: Path) -> None:
    text, code = ABOVE[what]
    places = found(tmp_path, layer, text.replace("^", ""))
    assert set(places) == {(expected(layer, text), code)}


def test_null_in_defaults_removes_what_a_lower_layer_says(tmp_path: Path) -> None:
    """The null is no mistake of its own; what it leads to is its fault."""
    text = "timeout: 5s\n"
    (tmp_path / "meshspec.yaml").write_text(APP + "defaults: {image: null}\nservices: {web: {port: 80}}\n", "utf-8")
    (tmp_path / "meshplatform.yaml").write_text(PLATFORM + f"defaults:\n  image: web:1\n  {text}", "utf-8")
    with pytest.raises(SpecError) as raised:
        render(str(tmp_path), Environment("shop", source_path="."), {})
    assert [(str(one.pos), one.code) for one in raised.value.diagnostics] == [("meshspec.yaml:4:12", "MS210")]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("image.tag", "a b", "MS104"),
        ("replicas.min", "9", "MS213"),
        ("versions.v2.weight", "101", "MS104"),
        ("timeout", "5", "MS104"),
    ],
)
def test_a_parameter_is_named_as_it_was_given(path: str, value: str, code: str, tmp_path: Path) -> None:
    places = found(tmp_path, "service", f"parameters: [{path}]", {path: value})
    assert places == [(f"parameter {path}", code)]
