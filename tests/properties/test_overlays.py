"""Parts of valid specs laid over valid specs: the outcome is valid, or a finding says where to look."""

import random
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cmp.catalogue import CATALOGUE
from cmp.diagnostics import Diagnostic, SpecError
from cmp.environment import Environment
from cmp.merge.running import WORKLOAD_KEYS
from cmp.node import Node, entries_of
from cmp.pipeline import render
from cmp.source import read
from tests.support import rich
from tests.support.spec_text import quoted, written
from tests.test_cases import CASES, FOLDERS

HEAD = "apiVersion: meshspec.io/v1alpha1\n"
#: What is said of a whole document, or names the service.
OUTER = ("apiVersion", "kind", "metadata", "environments", "platform", "parameters", "parameters+")
#: What a case refers to and another does not have: names of objects stay valid, so gateways are given to all.
GATEWAYS = "gateways: {public: {hosts: '*.example.com', namespace: istio-ingress}, egress: {namespace: istio-egress}}\n"
PLATFORM = f"{HEAD}kind: MeshPlatform\nmetadata: {{name: main}}\nistio: {{version: 1.31.0}}\n{GATEWAYS}"
#: The layers that an overlay may be, above the base and below it, and what stands before it there.
LAYERS = {
    "environment": "environments:\n  prod:\n",
    "version in an environment": "environments:\n  prod:\n    versions:\n      v1:\n",
    "environment of an app": "environments:\n  prod:\n    services:\n      web:\n",
    "defaults of an app": "environments: {prod: {}}\ndefaults:\n",
    "defaults of a platform": "environments: {prod: {}}\ndefaults:\n",
    "defaults in an environment of a platform": "environments:\n  prod:\n    defaults:\n",
}


class Part(NamedTuple):
    """A key of a service and its value, both as text on one line."""

    key: str
    text: str


def _bodies(text: str) -> list[Node]:
    """The services in a file, and the bodies of those of an app."""
    found = []
    for document in read(text, "case"):
        services = entries_of(document.get("services"))
        found += [document, *services.values()] if document.text("kind") == "MeshService" else list(services.values())
    return found


@cache
def parts() -> tuple[Part, ...]:
    """What golden cases with an output, and the rich spec, say of their services: each key, and each entry below it."""
    files = [
        file for case in FOLDERS if not case.startswith("error-") for file in (CASES / case).rglob("*meshspec.yaml")
    ]
    texts = [*(file.read_text(encoding="utf-8") for file in sorted(files)), *rich.FILES.values()]
    found: dict[Part, None] = {}
    for body in (body for text in texts for body in _bodies(text)):
        for key, node in entries_of(body).items():
            if key in OUTER or "manifests" in key or "file:" in written(node):
                continue  # files beside a case are not beside the base
            found[Part(key, written(node))] = None
            for inner, child in entries_of(node).items():
                found[Part(key, f"{{{quoted(inner)}: {written(child)}}}")] = None
                found[Part(key, f"{{{quoted(inner)}: null}}")] = None
            found[Part(key, "null")] = None
    return tuple(found)


@cache
def bases() -> tuple[str, ...]:
    """Bodies of services, one key on each line, that render beside the platform."""
    found = []
    for case in FOLDERS:
        file = CASES / case / "meshspec.yaml"
        if case.startswith("error-") or not file.exists():
            continue
        for body in _bodies(file.read_text(encoding="utf-8")):
            lines = [f"{key}: {written(node)}" for key, node in entries_of(body).items() if key not in OUTER]
            if not outcome(files("environment", "{}", "\n".join(lines)), "prod"):
                found.append("\n".join(lines))
    return tuple(dict.fromkeys(found))


def files(layer: str, overlay: str, base: str) -> dict[str, str]:
    """A service beside a platform, with the overlay as one of its layers: each key of it on a line of its own."""
    opening = LAYERS[layer]
    service = f"{HEAD}kind: MeshService\nmetadata: {{name: web}}\n{base}\n"
    if "app" in layer:
        body = "".join(f"    {line}\n" for line in base.splitlines())
        service = f"{HEAD}kind: MeshApp\nmetadata: {{name: shop}}\nservices:\n  web:\n{body}"
    block = opening + "".join(f"          {line}\n" for line in overlay.splitlines())
    above = "platform" in layer
    return {
        "meshspec.yaml": service if above else service + block,
        "meshplatform.yaml": PLATFORM + block if above else PLATFORM,
    }


def outcome(given: dict[str, str], environment: str) -> list[Diagnostic]:
    with tempfile.TemporaryDirectory() as name:
        for file, text in given.items():
            Path(name, file).write_text(text, encoding="utf-8")
        try:
            rendered = render(name, Environment("shop", environment, source_path="."), {})
        except SpecError as error:
            return error.diagnostics
    assert rendered.manifests
    return []


@settings(max_examples=500)
@given(st.data())
def test_a_valid_part_over_a_valid_spec_is_valid_or_found(data: st.DataObject) -> None:
    """Each finding is at a line of one of the layers: of the overlay, or of what it does not go with."""
    base = data.draw(st.sampled_from(bases()), "base")
    layer = data.draw(st.sampled_from(sorted(LAYERS)), "layer")
    chosen = data.draw(st.lists(st.sampled_from(parts()), min_size=1, max_size=3, unique_by=lambda part: part.key))
    if layer.startswith("version"):
        chosen = [part for part in chosen if part.key.removesuffix("+") in WORKLOAD_KEYS]
    given = files(layer, "\n".join(f"{part.key}: {part.text}" for part in chosen) or "{}", base)

    found = outcome(given, "prod")

    event(found[0].code if found else "valid")
    for one in found:
        assert one.code in CATALOGUE
        assert one.message
        for place in (one.pos, *(related for related, _ in one.related)):
            assert place is not None, one
            lines = given[place.file].splitlines()
            assert 1 <= place.line <= len(lines), one
            assert 1 <= place.column <= len(lines[place.line - 1]) + 1, one


def test_half_of_what_is_laid_over_each_other_is_valid() -> None:
    """Else the property above would be about findings only, or about nothing."""
    chance = random.Random(1)
    valid = 0
    for _ in range(100):
        part, layer = chance.choice(parts()), chance.choice(sorted(LAYERS)[1:-1])
        valid += not outcome(files(layer, f"{part.key}: {part.text}", chance.choice(bases())), "prod")
    assert 35 < valid < 95


def test_there_is_enough_to_lay_over_each_other() -> None:
    assert len(bases()) > 150
    assert len(parts()) > 800
