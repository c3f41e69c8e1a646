"""The compiled core schema and the models are one thing: a render that imports no pydantic gets the same answers."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, ValidationError

from cmp import parse
from cmp.diagnostics import SpecError
from cmp.emit import emit
from cmp.environment import Environment
from cmp.node import Quoted
from cmp.pipeline import environments, render
from cmp.spec import _core
from cmp.spec.models import MODELS
from cmp.spec.types import Model
from tests.support import rich
from tests.support.fields import models
from tools.generate import generated

ROOT = Path(__file__).parents[1]
KINDS = tuple(MODELS)


def inputs() -> list[Path]:
    """All examples and golden cases."""
    return sorted(path for top in ("examples", "tests/cases") for path in (ROOT / top).iterdir() if path.is_dir())


GENERATED = ("cmp/spec/_core.py", "cmp/schema.json", "docs/errors.md", "docs/spec.md")


@pytest.mark.parametrize("name", GENERATED)
def test_the_generated_file_is_up_to_date(name: str) -> None:
    assert generated()[name] == (ROOT / name).read_text(encoding="utf-8"), "run make schema"


def test_all_generated_files_are_held_above() -> None:
    assert set(generated()) == set(GENERATED)


def test_it_was_compiled_for_the_release_that_is_installed() -> None:
    """Else every test run, and every render, would use the models."""
    assert _core.schema("MeshService") is not None


# -- the same answers --------------------------------------------------------------------------------------------------


@cache
def validators(kind: str) -> tuple[SchemaValidator, SchemaValidator]:
    model: Any = MODELS[kind]
    return SchemaValidator(_core.schema(kind)), model.__pydantic_validator__


def answer(validator: SchemaValidator, data: Any) -> Any:
    """What a validator makes of data, as something to compare: every attribute, or every finding."""
    try:
        return taken_apart(validator.validate_python(data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        return [(one["type"], one["loc"], one["msg"], one.get("ctx"), one["input"]) for one in found]


def taken_apart(value: Any) -> Any:
    """A value with the exact types of its parts. Of a model the fields, and which of them were given."""
    if isinstance(value, dict):
        return {key: taken_apart(item) for key, item in value.items()}, list(value)
    if isinstance(value, tuple | list):
        return type(value), [taken_apart(item) for item in value]
    if value is None or isinstance(value, str | int | float | bool):
        return type(value), value
    return {name: taken_apart(item) for name, item in vars(value).items()}, value.__pydantic_fields_set__


def agree(kind: str, data: Any) -> bool:
    """Hold that both give the same answer; whether data was taken."""
    compiled, built = (answer(validator, data) for validator in validators(kind))
    assert compiled == built
    return not isinstance(compiled, list)


def recorded(directory: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The data that renders of a directory give to the models, for every environment."""
    found: list[tuple[str, Any]] = []
    original = parse._parse

    def record(kind: str, tree: Any, problems: Any) -> Any:
        found.append((kind, parse.plain(tree.node)))
        return original(kind, tree, problems)

    monkeypatch.setattr(parse, "_parse", record)
    try:
        names = environments(str(directory), Environment(source_path="."))
    except SpecError:
        names = []
    for name in ["", *names]:
        try:
            render(str(directory), Environment("shop", name, source_path="."), {})
        except SpecError:
            continue
    return found


@pytest.mark.parametrize("directory", inputs(), ids=lambda path: path.name)
def test_the_same_for_every_example_and_case(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, data in recorded(directory, monkeypatch):
        agree(kind, data)


def rich_trees(monkeypatch: pytest.MonkeyPatch, directory: Path) -> list[tuple[str, Any]]:
    for name, text in rich.FILES.items():
        (directory / name).write_text(text, encoding="utf-8")
    return recorded(directory, monkeypatch)


def test_the_same_for_a_spec_with_every_field(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trees = rich_trees(monkeypatch, tmp_path)

    assert [agree(kind, data) for kind, data in trees].count(True) >= 8


def test_the_same_for_every_mutation_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At every place in turn: a value of another type, an unknown key, a key less."""
    for kind, data in rich_trees(monkeypatch, tmp_path)[:2]:  # the platform, and "full"
        for mutation in mutations(data):
            agree(kind, mutation)


def mutations(data: Any) -> Iterator[Any]:
    yield from ("x", Quoted("1"), "1", None, [], {}, ["x"], {"x": "x"}, 1, True)
    if isinstance(data, dict):
        yield {**data, "unknown": "x"}
        for key, value in data.items():
            yield {name: item for name, item in data.items() if name != key}
            yield {f"{name}_" if name == key else name: item for name, item in data.items()}
            yield from ({**data, key: changed} for changed in mutations(value))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from ([*data[:index], changed, *data[index + 1 :]] for changed in mutations(value))


# Structured data made from the models' own annotations: some of it is right, much of it nearly.

_WORDS = """
a web v1 http grpc tcp-raw 80 8080 0 1 -1 100 101 65535 65536 2147483648 007 +1 1e3 true false yes 5s 1m30s 1.5s
0.1ms 100m 0.5 128Mi 1.5Gi 1Q 70% 101% / /a /a/* /a* /*/a /{*} a.b A_B x-a X-A GET get Always Never STRICT
strict Memory sidecar a.example.com *.example.com * https://a.example.com https://a.example.com/x tcp://a:1
cluster.local/ns/a/sa/b a/b metadata.name spec.nodeName [a-z]+ (?=a) ( 1.30 1.30.3 v1.2 1 app
app.kubernetes.io/name example.com/a ../x Grüße
"""
WORDS = _WORDS.split()
TEXTS = st.one_of(st.sampled_from(WORDS), st.sampled_from(WORDS).map(Quoted), st.just(""), st.text(max_size=5))
JUNK: st.SearchStrategy[Any] = st.sampled_from([None, [], {}, ["a"], {"a": "b"}, 1, True, 1.5, [None], [[]]])


@cache
def strategy(annotation: Any) -> st.SearchStrategy[Any]:
    right = _right(annotation)
    return st.integers(0, 19).flatmap(lambda dice: JUNK if dice == 0 else right)


def _right(annotation: Any) -> st.SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return _model(annotation)
    if origin is Annotated:
        return _right(arguments[0])
    if origin in (Union, UnionType):
        return st.one_of([strategy(one) if one is not type(None) else st.none() for one in arguments])
    if origin is dict:
        return st.dictionaries(TEXTS, strategy(arguments[1]), max_size=2)
    if origin is tuple:
        return st.lists(strategy(arguments[0]), max_size=2)
    if origin is Literal:
        return st.one_of(st.sampled_from(arguments), st.sampled_from(arguments).map(Quoted), TEXTS)
    if annotation is Any:
        return JUNK
    assert annotation in (str, int, float, bool), annotation
    return TEXTS


def _model(model: type[Model]) -> st.SearchStrategy[Any]:
    given = {
        field.alias or name: st.deferred(lambda of=field.annotation: strategy(of))  # type: ignore[misc]
        for name, field in model.model_fields.items()
    }
    names = st.lists(st.sampled_from([*given, *given, *given, "unknown", "from_"]), max_size=4, unique=True)
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]

    def of(some: list[str]) -> st.SearchStrategy[Any]:
        return st.fixed_dictionaries({name: given.get(name, TEXTS) for name in dict.fromkeys([*needed, *some])})

    return names.flatmap(of)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=250)
@given(data=st.data())
def test_the_same_for_any_data(kind: str, data: st.DataObject) -> None:
    agree(kind, data.draw(strategy(MODELS[kind])))


@pytest.mark.parametrize("name", models())
@settings(max_examples=30)
@given(data=st.data())
def test_the_same_for_any_data_of_each_model(name: str, data: st.DataObject) -> None:
    """Each model for itself: data that is right down to a model far below would be rare."""
    model: Any = models()[name]
    compiled, built = SchemaValidator(_reference(name)), model.__pydantic_validator__
    value = data.draw(strategy(model))

    assert answer(compiled, value) == answer(built, value)


@cache
def _reference(name: str) -> Any:
    """The compiled schema of one model: its definition, reached in the same way as from a spec."""
    for kind in KINDS:
        schema = _core.schema(kind)
        if name in {definition["ref"] for definition in schema["definitions"]}:
            return {**schema, "schema": {"type": "definition-ref", "schema_ref": name}}
    raise AssertionError(f"{name} was not compiled")


# -- without the compiled schema ---------------------------------------------------------------------------------------


def _bytes(directory: Path, name: str = "") -> str:
    """The output, or what is wrong."""
    try:
        return emit(render(str(directory), Environment("shop", name, source_path="."), {}).manifests, "yaml")
    except SpecError as error:
        return repr(error.diagnostics)


@pytest.fixture(autouse=True)
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process asks once which validator it has; these tests ask again."""
    monkeypatch.setattr(parse, "_validator", parse._validator.__wrapped__)


@pytest.mark.parametrize("attribute", ["BUILT_FOR", "__version__"])
def test_another_release_uses_the_models(attribute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_core, attribute, "0.0.0")

    assert {kind: parse._validator(kind) for kind in KINDS} == {
        kind: model.__pydantic_validator__ for kind, model in MODELS.items()
    }


@pytest.mark.parametrize("directory", inputs(), ids=lambda path: path.name)
def test_the_models_give_the_same_bytes(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _bytes(directory)
    monkeypatch.setattr(_core, "BUILT_FOR", "0.0.0")

    assert _bytes(directory) == before


@pytest.mark.parametrize("environment", rich.ENVIRONMENTS)
def test_the_models_give_the_same_bytes_for_every_field(
    environment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, text in rich.FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    before = _bytes(tmp_path, environment)
    monkeypatch.setattr(_core, "BUILT_FOR", "0.0.0")

    assert before.startswith("apiVersion: ")
    assert _bytes(tmp_path, environment) == before
