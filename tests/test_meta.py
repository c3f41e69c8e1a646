"""What the golden cases must cover: every builder, check, code, field and shorthand has a case that shows it."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest
import yaml

from cmp import pipeline
from cmp.catalogue import CATALOGUE
from cmp.checks import table
from cmp.context.names import PROTOCOLS
from cmp.manifests import families
from cmp.manifests.argocd import KINDS
from cmp.merge import layers
from cmp.merge.compose import ROUTE_KEYS
from cmp.merge.forms import PLATFORM, SERVICE
from cmp.merge.running import POLICY_KEYS, WORKLOAD_KEYS
from cmp.merge.shapes import Shape
from cmp.node import Node
from cmp.parse import Parsed
from cmp.spec.models import MODELS
from cmp.spec.service import MeshService
from cmp.spec.traffic import Target
from cmp.spec.types import Model
from cmp.spec.workload import Protocol, WorkloadFields
from tests.test_cases import CASES, FOLDERS, outcome

PRODUCT = Path(__file__).parents[1] / "cmp"

CODES_WITHOUT_CASE = {
    "MS000": "a bug of ours: tests/test_command_line.py makes one",
    "MS070": "of variables: tests/contract/test_hostile.py has them",
    "MS240": "of two revisions: tests/test_against.py has them",
    "MS241": "of two revisions: tests/test_against.py has them",
    "MS295": "of cmp diff: tests/test_diff.py has it",
    "MS298": "of several Applications: tests/test_owners.py has it",
    "MS297": "of cmp init: tests/test_init.py has it",
    "MS296": "of cmp generate --debug-bundle: tests/test_observed.py has it",
    **dict.fromkeys(("MS278", "MS279", "MS280"), "of two revisions: tests/test_against.py has them"),
    **dict.fromkeys(("MS270", "MS271", "MS272", "MS273"), "of two revisions: tests/test_against.py has them"),
}


class Seen(NamedTuple):
    """What was used while all cases were rendered."""

    functions: set[Any]
    fields: set[tuple[str, str]]
    forms: set[tuple[str, str]]


@cache
def seen() -> Seen:
    found = Seen(set(), set(), set())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(families, "STEPS", [s._replace(build=noted(s.build, found)) for s in families.STEPS])
        patch.setattr(
            families, "PLATFORM_STEPS", [s._replace(build=noted(s.build, found)) for s in families.PLATFORM_STEPS]
        )
        patch.setattr(table, "CHECKS", [noted(check, found) for check in table.CHECKS])
        checks = tuple(noted(check, found) for check in table.of_installations())
        patch.setattr(table, "of_installations", lambda: checks)
        steps = tuple(s._replace(build=noted(s.build, found)) for s in families.of_installations())
        patch.setattr(families, "of_installations", lambda: steps)
        for name in ("parse_services", "parse_platform"):
            patch.setattr(pipeline, name, typed(getattr(pipeline, name), found))
        patch.setattr(layers, "_long", written_out(layers._long, found))
        for folder in FOLDERS:
            with suppress(Exception):  # a bug of ours: tests/test_cases.py reports it
                outcome(folder)
    return found


def noted(function: Callable[[Any], Any], found: Seen) -> Callable[[Any], Iterator[Any]]:
    """The function, noted as seen when it yields something."""

    def call(argument: Any) -> Iterator[Any]:
        for item in function(argument):
            found.functions.add(function)
            yield item

    return call


def typed(parse: Callable[..., Any], found: Seen) -> Callable[..., Any]:
    """A parser, with the fields that are set in what it returns noted."""

    def call(*arguments: Any) -> Any:
        result = parse(*arguments)
        for kind, parsed in (("MeshService", result), ("MeshPlatform", [result])):
            for one in parsed if isinstance(parsed, list) else ():
                if isinstance(one, Parsed) and (kind == "MeshService") == hasattr(one.spec, "ports"):
                    visit(one.spec, MODELS[kind], found.fields)
        return result

    return call


def visit(value: Any, annotation: Any, fields: set[tuple[str, str]]) -> None:
    model = model_in(annotation)
    if model is None or value is None:
        return
    if isinstance(value, dict | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            visit(item, model, fields)
        return
    for name in value.__pydantic_fields_set__:
        fields.add((model.__name__, name))
        visit(getattr(value, name), model.model_fields[name].annotation, fields)


def model_in(annotation: Any) -> type[Model] | None:
    """The one model that an annotation speaks of, also inside maps, tuples and ``| None``."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((model for part in get_args(annotation) if (model := model_in(part))), None)


def all_fields(model: type[Model]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        yield model.__name__, name
        below = model_in(field.annotation)
        if below is not None:
            yield from all_fields(below)


def written_out(long: Callable[..., Any], found: Seen) -> Callable[..., Any]:
    """The expansion of one value, with the shorthand that it wrote out noted."""

    def call(node: Node, shape: Shape, *rest: Any) -> Any:
        form, result = shape.form, long(node, shape, *rest)
        if form.listing and not isinstance(node.value, list):
            found.forms.add((form.path, "listing"))
        if form.text is not None and isinstance(node.value, str) and isinstance(result, dict):
            found.forms.add((form.path, "text"))
        if form.rest is not None and isinstance(node.value, dict) and result != node.value:
            found.forms.add((form.path, "rest"))
        return result

    return call


def test_every_builder_produces_an_object_in_some_case() -> None:
    of_platform = (*families.PLATFORM_STEPS, *families.of_installations())
    builders = {step.build for step in families.STEPS} | {step.build for step in of_platform}
    assert not names(builders - seen().functions)


def test_every_check_finds_something_in_some_case() -> None:
    assert not names({*table.CHECKS, *table.of_installations()} - seen().functions)


def test_the_project_of_services_allows_the_kinds_that_are_written() -> None:
    """Those of our builders in all cases, and no others: what files bring along is for authors to name."""
    listed = {(group, kind) for group, kinds in KINDS.items() for kind in kinds.split()}
    found = {
        (one["apiVersion"].rpartition("/")[0], one["kind"])
        for file in CASES.glob("*/expected.yaml")
        for one in yaml.load_all(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        if "app" in one["metadata"].get("labels", {})
    }
    assert listed == found


def names(functions: set[Any]) -> list[str]:
    return sorted(function.__qualname__ for function in functions)


def test_every_field_of_the_language_is_used_in_some_case() -> None:
    fields = {field for model in MODELS.values() for field in all_fields(model)}
    assert not sorted(fields - seen().fields)


def test_every_shorthand_is_used_in_some_case() -> None:
    forms = {(f.path, kind) for f in (*SERVICE, *PLATFORM) for kind in ("listing", "text", "rest") if getattr(f, kind)}
    assert not sorted(forms - seen().forms)


def test_every_code_is_reported_in_some_case() -> None:
    files = [file for name in ("err", "warnings") for file in CASES.glob(f"*/expected.{name}")]
    told = "".join(file.read_text(encoding="utf-8") for file in files)
    assert set(CATALOGUE) - set(re.findall(r"(?:error|warning)\[(MS\d{3})", told)) == set(CODES_WITHOUT_CASE)


def test_codes_in_the_sources_and_in_the_catalogue_are_the_same() -> None:
    sources = [file for file in PRODUCT.rglob("*.py") if file.name != "catalogue.py"]
    used = {code for file in sources for code in re.findall(r"\bMS\d{3}\b", file.read_text(encoding="utf-8"))}
    assert used == set(CATALOGUE)


def test_a_second_version_keeps_the_names_and_selectors_of_the_first() -> None:
    one, two = (objects(folder) for folder in ("minimal-service", "second-version-renames-nothing"))
    assert one.keys() < two.keys()
    assert {kind for kind, _ in two.keys() - one.keys()} == {"Deployment", "DestinationRule"}
    assert all(one[key] == two[key] for key in one)


def objects(folder: str) -> dict[tuple[str, str], Any]:
    documents = yaml.safe_load_all((CASES / folder / "expected.yaml").read_text(encoding="utf-8"))
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def test_tables_that_repeat_the_models_agree_with_them() -> None:
    """The merge and the context may not import the models, so they list some of their keys again."""
    assert {*WORKLOAD_KEYS, *POLICY_KEYS} == set(WorkloadFields.model_fields)
    assert set(ROUTE_KEYS) <= set(Target.model_fields) & set(MeshService.model_fields)
    assert get_args(Protocol) == PROTOCOLS
