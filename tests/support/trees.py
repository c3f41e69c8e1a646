"""Node trees for tests: from text, and back to plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cmp.diagnostics import Diagnostic, SpecError
from cmp.node import Node
from cmp.source import read


def node(text: str, file: str = "meshspec.yaml") -> Node:
    """The only document of a YAML text."""
    (document,) = read(text, file)
    return document


def plain(node: Node | None) -> Any:
    """The data below a node, without positions."""
    if node is None:
        return None
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def detailed(node: Node) -> Any:
    """The data below a node with all that a node knows, to compare two trees."""
    value: Any = node.value
    if isinstance(node.value, dict):
        value = {key: detailed(child) for key, child in node.value.items()}
    elif isinstance(node.value, list):
        value = [detailed(child) for child in node.value]
    return value, node.pos, node.key, node.layer, node.cut, node.implied


def scalars(node: Node) -> Iterator[Node]:
    """The scalars below a node, nulls included."""
    if isinstance(node.value, dict):
        for child in node.value.values():
            yield from scalars(child)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from scalars(child)
    else:
        yield node


def problems(call: Callable[[], object]) -> list[Diagnostic]:
    """The findings that a call raises, or none."""
    try:
        call()
    except SpecError as error:
        return error.diagnostics
    return []


def brief(found: list[Diagnostic]) -> list[str]:
    """Findings as ``line:column code``, or the place without line, to compare at a glance."""
    return [f"{_place(d)} {d.code}" for d in found]


def _place(diagnostic: Diagnostic) -> str:
    pos = diagnostic.pos
    if pos is None:
        return "-"
    return f"{pos.line}:{pos.column}" if pos.line else pos.file
