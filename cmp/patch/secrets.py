"""Secrets that stand in patches or raw objects in plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cmp.checks.secrets import secret_in, told
from cmp.diagnostics import Diagnostic
from cmp.node import Node, entries_of

HELP = "keep it in a store: `secrets`, an ExternalSecret or a SealedSecret; a variable refers to it by valueFrom"


def plain_secrets(node: Node, kind: str = "") -> Iterator[Diagnostic]:
    """A finding for each secret below a node. Messages never hold the value, nor its line.

    Args:
        node: an object, or a part of one.
        kind: of the object: all that a Secret holds is one.
    """
    if kind == "Secret":
        for block in ("data", "stringData"):
            for key, value in entries_of(node.get(block)).items():
                if value.value:
                    yield Diagnostic("MS230", f'a Secret holds "{key}" in plain text', value.pos, HELP)
        return
    yield from _below(node)


def held(value: Any, kind: str = "") -> Iterator[str]:
    """What plain data holds of secrets, in words that do not hold them: what no single part of a patch gives away."""
    if kind == "Secret":
        yield from (f'a Secret holds "{key}"' for part in ("data", "stringData") for key in value.get(part) or ())
        return
    if isinstance(value, str):
        if found := secret_in(value):
            yield f"{found} stands there"
    elif isinstance(value, list):
        for item in value:
            yield from held(item)
    elif isinstance(value, dict):
        name, given = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(given, str) and (variable := told(name, given)):
            yield f'env "{name}" {variable.removesuffix(" in plain text")}'
        for child in value.values():
            yield from held(child)


def _below(node: Node) -> Iterator[Diagnostic]:
    value = node.value
    if isinstance(value, str):
        if found := secret_in(value):
            yield Diagnostic("MS230", f"{found} stands here in plain text", node.pos, HELP)
    elif isinstance(value, list):
        for item in value:
            yield from _below(item)
    elif isinstance(value, dict):
        name, given = node.text("name"), node.get("value")
        variable = name and given is not None and isinstance(given.value, str) and told(name, given.value)
        if variable:
            assert given is not None  # it was told of
            yield Diagnostic("MS230", f'env "{name}" {variable}', given.pos, HELP)
        for key, child in value.items():
            if not (variable and key == "value"):
                yield from _below(child)
