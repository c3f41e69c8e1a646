"""Paths of rules: from what people write to places of the long form.

A path that no service could have is an error: a misspelt guard-rail would guard nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cmp.diagnostics import Diagnostic, Pos
from cmp.merge.layers import expand
from cmp.merge.shapes import SERVICE_SHAPE, Shape
from cmp.node import Node
from cmp.parse import unknown
from cmp.policy.patterns import ITEM, starred
from cmp.spec.fields import Field

Steps = tuple[str, ...]

_STEP = re.compile(r"([^.\[\]]+)|\[([^\[\]]*)\]")
_PATH = re.compile(r"[^.\[\]]+(\[[^\[\]]*\]|\.[^.\[\]]+)*")


def dotted(steps: Steps) -> str:
    """A path as people write it."""
    return "".join(step if step == ITEM else f"[{step}]" if "." in step else f".{step}" for step in steps)[1:]


class Paths:
    """The paths of a service's long form."""

    def __init__(self, fields: Field, problems: list[Diagnostic]) -> None:
        """``fields`` are those of a service; ``problems`` takes what is wrong with a path."""
        self._fields = fields
        self._problems = problems

    def _say(self, message: str, pos: Pos, help: str = "") -> None:
        self._problems.append(Diagnostic("MS266", message, pos, help))

    def places(self, path: str, pos: Pos) -> Iterator[tuple[Steps, Field, Shape | None]]:
        """The places of the long form that a path means, each with its field and its form."""
        if not _PATH.fullmatch(path):
            self._say(f'"{path}" is not a path', pos, "write keys with dots between them; a key with dots in [ ]")
            return
        steps = [name if name else f"[{key}]" for name, key in _STEP.findall(path)]
        inner = Node(None, pos)
        for step in reversed(steps):
            key = step[1:-1] if step.startswith("[") else step
            inner = Node([inner] if step == ITEM else {key: inner}, pos)
        for found in _leaves(expand(inner, SERVICE_SHAPE, "", []), ()):
            long = ("ports", "http", "port") if found == ("port",) else found
            field = self.field(long, pos)
            if field is not None:
                yield long, field, _shape(long)

    def field(self, steps: Steps, pos: Pos) -> Field | None:
        """The field at a path of the long form; where there is none, that is said."""
        field = self._fields
        for index, step in enumerate(steps):
            kind = field.kind
            if step == ITEM and kind == "list":
                field = field.item
                continue
            below = field.child(step)
            if below is not None:
                field = below
                continue
            inside = dotted(steps[:index])
            if kind == "any":
                self._say(f'no rule can look into "{inside}"', pos, "it is not of the language: forbid it whole")
            elif kind != "block":
                help = "a key that has dots stands in [ ]: metadata.labels[example.com/team]"
                self._say(f'there is nothing below "{inside}"', pos, help)
            elif starred(step):
                self._say(f'a star stands for names, and "{inside or "a service"}" has keys', pos, "name the key")
            else:
                loc = [0 if one == ITEM else one for one in steps[: index + 1]]
                one = unknown("MeshService", loc, pos)
                self._say(one.message, pos, one.help)
            return None
        return field


def _leaves(node: Node, steps: Steps) -> Iterator[Steps]:
    """The paths of what was asked for, in a path that was written out in long form."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            if not child.implied:
                yield from _leaves(child, (*steps, key))
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _leaves(child, (*steps, ITEM))
    else:
        yield steps


def _shape(steps: Steps) -> Shape | None:
    shape: Shape | None = SERVICE_SHAPE
    for step in steps:
        if shape is not None:
            shape = shape.item if step == ITEM else shape.child(step)
    return shape
