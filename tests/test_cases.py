"""Golden cases: a folder of tests/cases is an input with the exact output, or the exact errors, that belong to it."""

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cmp.diagnostics import SpecError
from cmp.diagnostics import render as shown
from cmp.emit import emit
from cmp.environment import Environment
from cmp.pipeline import render

CASES = Path(__file__).parent / "cases"
FOLDERS = sorted(path.name for path in CASES.iterdir() if path.is_dir())
FILES = ("expected.yaml", "expected.err", "expected.warnings")


def where(folder: str) -> tuple[str, Environment]:
    """The path that a case renders and who renders it."""
    return asked(CASES / folder)


def asked(directory: Path) -> tuple[str, Environment]:
    """What the folder of a case asks for. It is the root of the repository."""
    file = directory / "env.yaml"
    given: dict[str, Any] = yaml.safe_load(file.read_text()) if file.exists() else {}
    path = given.pop("path", "")
    environment = Environment(
        namespace=given.pop("namespace", "shop"),
        name=given.pop("name", ""),
        parameters=given.pop("parameters", {}),
        source_path=path or ".",
        argocd=given.pop("argocd", False),
        mounted=str(directory / mounted) if (mounted := given.pop("mounted", "")) else "",
    )
    assert not given, f"env.yaml: unknown keys {sorted(given)}"
    return str(directory / path), environment


def outcome(folder: str) -> tuple[dict[str, str], list[Any]]:
    """What belongs into each expected file, and the objects."""
    texts: dict[str, str] = {}
    try:
        rendered = render(*where(folder), texts)
    except SpecError as error:
        return {"expected.err": shown(error.diagnostics, texts) + "\n"}, []
    found = {"expected.yaml": emit(rendered.manifests, "yaml")}
    if rendered.warnings:
        found["expected.warnings"] = shown(rendered.warnings, texts) + "\n"
    return found, rendered.manifests


@pytest.mark.parametrize("folder", FOLDERS)
def test_case(folder: str, request: pytest.FixtureRequest) -> None:
    found, _ = outcome(folder)
    assert ("expected.err" in found) == folder.startswith("error-"), found
    if request.config.getoption("--update"):
        for name in FILES:
            (CASES / folder / name).unlink(missing_ok=True)
        for name, text in found.items():
            (CASES / folder / name).write_text(text, encoding="utf-8")
    there = [name for name in FILES if (CASES / folder / name).exists()]
    assert there == [name for name in FILES if name in found], f"pytest --update writes it: {found}"
    for name, text in found.items():
        expected = (CASES / folder / name).read_text(encoding="utf-8")
        lines = difflib.unified_diff(
            expected.splitlines(), text.splitlines(), f"{folder}/{name}", "rendered", lineterm=""
        )
        if text != expected:
            pytest.fail("\n".join(["differs (pytest --update accepts it):", *lines]), pytrace=False)


@pytest.mark.parametrize("folder", FOLDERS)
def test_rendering_again_gives_the_same_bytes(folder: str) -> None:
    assert outcome(folder)[0] == outcome(folder)[0]


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if not folder.startswith("error-")])
def test_both_formats_hold_the_same_objects(folder: str) -> None:
    found, manifests = outcome(folder)
    lines = emit(manifests, "ndjson").splitlines()
    assert [yaml.safe_load(line) for line in lines] == list(yaml.safe_load_all(found["expected.yaml"]))
