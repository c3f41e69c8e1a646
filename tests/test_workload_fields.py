"""docs/workload-fields.md is held to the applications that it speaks of, and to the golden cases that it names."""

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cmp.diagnostics import Diagnostic
from cmp.merge.compose import compose
from cmp.parse import parse_services
from cmp.source import read
from tests.test_cases import CASES

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs" / "workload-fields.md"
APPLICATIONS = ("bookinfo", "online-boutique")
#: Maps whose keys are names of somebody's own.
NAMES = ("annotations", "labels", "limits", "matchLabels", "nodeSelector", "requests")
POD = "spec.template.spec."
#: Said by an application, and never by us: see the end of the page's first table.
UNWRITTEN = {f"{POD}restartPolicy"}


class Row(NamedTuple):
    """A line of a table: fields of a Deployment, how they are spelled, and the case that shows them."""

    fields: tuple[str, ...]
    spellings: tuple[str, ...]
    case: str


def rows(heading: str) -> list[Row]:
    """The table below a heading."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[part.strip() for part in line.strip("|").split(" | ")] for line in lines]
    return [Row(_quoted(one[0]), _quoted(one[-2]), one[-1].strip(" `|")) for one in cells]


def _quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", cell))


FIRST, SECOND = rows("Bookinfo and Online Boutique"), rows("Most used besides")


def whole(field: str) -> str:
    """A field of the table as a path in a Deployment."""
    return field if field.startswith(("metadata.", "spec.")) else POD + field


def leaves(value: Any, at: str = "") -> Iterator[str]:
    """The paths of all that is said, items of lists as ``[]``."""
    if isinstance(value, dict) and value and at.rpartition(".")[2] not in NAMES:
        for key, child in value.items():
            yield from leaves(child, f"{at}.{key}".lstrip("."))
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child, f"{at}[]")
    else:
        yield at


def said(text: str) -> set[str]:
    """The fields of the Deployments in a file."""
    documents = [one for one in yaml.load_all(text, yaml.CSafeLoader) if isinstance(one, dict)]
    found = [one for one in documents if one.get("kind") == "Deployment" and one.get("apiVersion") == "apps/v1"]
    return {path for one in found for path in leaves({key: one[key] for key in ("metadata", "spec")})}


@cache
def shown(case: str) -> set[str]:
    return said((CASES / case / "expected.yaml").read_text(encoding="utf-8"))


def applications() -> set[str]:
    """The fields of the two applications; skips the test where their manifests are not there."""
    corpora = Path(os.environ.get("MESHSPEC_CORPORA", TOP.parent / "shared" / "corpora"))
    if not corpora.is_dir():
        pytest.skip(f"the manifests of Bookinfo and Online Boutique are not at {corpora} (set MESHSPEC_CORPORA)")
    files = [file for name in APPLICATIONS for file in sorted((corpora / name).rglob("*.yaml"))]
    return {field for file in files for field in said(file.read_text(encoding="utf-8"))}


def test_the_table_has_the_fields_of_both_applications() -> None:
    listed = {whole(field) for row in FIRST for field in row.fields}
    assert sorted(applications() - UNWRITTEN) == sorted(listed)


def test_the_second_table_has_what_the_first_has_not() -> None:
    listed = {field for row in FIRST for field in row.fields}
    assert not listed & {field for row in SECOND for field in row.fields}
    assert len(SECOND) == 13


@pytest.mark.parametrize("row", [*FIRST, *SECOND], ids=lambda row: row.fields[0])
def test_the_case_of_a_row_has_its_fields(row: Row) -> None:
    found = shown(row.case)
    missing = [
        field
        for field in map(whole, row.fields)
        if not any(path == field or path.startswith((f"{field}.", f"{field}[")) for path in found)
    ]
    assert missing == []


SPELLINGS = sorted({text for row in (*FIRST, *SECOND) for text in row.spellings if ": " in text and ".." not in text})


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_spelling_is_one_of_the_language(text: str) -> None:
    problems: list[Diagnostic] = []
    usual = {"metadata": "metadata: {name: web}", "image": "image: web:1", "port": "port: 8080"}
    lines = ["apiVersion: meshspec.io/v1alpha1", "kind: MeshService"]
    lines += [line for key, line in usual.items() if not text.startswith(key)]
    lines.append(text.replace("metadata: {", "metadata: {name: web, "))
    parse_services(compose(read("\n".join(lines), "a"), None, "", {}, problems).services, problems)
    assert problems == []
