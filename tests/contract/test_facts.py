"""facts.yaml: each fact about Argo CD has its test, or the reason why none can see it."""

import ast
from typing import Any

import pytest
import yaml

from tests.contract.places import ROOT

HERE = ROOT / "tests" / "contract"
FACTS: dict[str, list[dict[str, Any]]] = yaml.safe_load((HERE / "facts.yaml").read_text(encoding="utf-8"))
ROWS = [row for rows in FACTS.values() for row in rows]


def in_file(name: str) -> set[str]:
    tree = ast.parse((HERE / name).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("row", ROWS, ids=[row["fact"] for row in ROWS])
def test_a_fact_has_its_test_or_a_reason(row: dict[str, Any]) -> None:
    assert row.keys() in ({"fact", "tests"}, {"fact", "unseen"})
    assert row.get("tests") or len(row.get("unseen", "")) > 5
    for test in row.get("tests", ()):
        file, _, name = test.partition("::")
        assert name in in_file(file), test


def test_what_asks_argo_cd_is_in_the_table() -> None:
    """A test of both servers that no fact names would be a fact that the table lacks."""
    named = {test for row in ROWS for test in row.get("tests", ())}
    asked = {f"test_runtime.py::{name}" for name in in_file("test_runtime.py")}

    assert not asked - named


def test_no_fact_is_told_twice() -> None:
    facts = [row["fact"] for row in ROWS]
    assert len(facts) == len(set(facts)) > 40
