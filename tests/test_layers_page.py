"""docs/layers.md is held to the golden cases that it names."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.test_cases import CASES

PAGE = Path(__file__).parents[1] / "docs" / "layers.md"


class Row(NamedTuple):
    """A line of a table: the case, and what a field of one of its objects is."""

    case: str
    kind: str
    name: str
    path: str
    value: str


def rows() -> list[Row]:
    cells = r"`(?P<case>[^`]+)` \| (?P<kind>\w+) (?P<name>[^ ]+) \| `(?P<path>[^`]+)` \| `(?P<value>[^`]+)` \|$"
    return [Row(*match.groups()) for match in re.finditer(cells, PAGE.read_text(encoding="utf-8"), re.M)]


def value(case: str, kind: str, name: str, path: str) -> Any:
    documents = yaml.safe_load_all((CASES / case / "expected.yaml").read_text(encoding="utf-8"))
    (at,) = (one for one in documents if (one["kind"], one["metadata"]["name"]) == (kind, name))
    for key in path.split("."):
        at = at[int(key)] if isinstance(at, list) else at[key]
    return at


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.case}-{row.path.rpartition('.')[2]}")
def test_a_case_says_what_the_page_says(row: Row) -> None:
    assert value(*row[:4]) == yaml.safe_load(row.value)


def test_every_line_of_the_tables_is_read() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    heads = [line for line in lines if line.startswith(("| layer |", "| rule |", "|---"))]
    assert len(lines) - len(heads) == len(rows()) >= 20


def test_every_case_about_layers_is_on_the_page() -> None:
    named = {row.case for row in rows()}
    assert {folder.name for folder in CASES.glob("layers-*")} == {case for case in named if case.startswith("layers-")}
