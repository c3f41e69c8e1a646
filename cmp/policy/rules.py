"""Rules as people write them, made into paths of the long form and patterns for what stands there.

A path or a value that no service could have is an error: a misspelt guard-rail would guard nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from cmp.diagnostics import Diagnostic, Pos
from cmp.merge.layers import expand
from cmp.merge.shapes import Shape
from cmp.node import Node, entries_of
from cmp.parse import words
from cmp.policy.paths import Paths, Steps, dotted
from cmp.policy.patterns import (
    ITEM,
    Anything,
    Exactly,
    Like,
    Nothing,
    OneOf,
    Parts,
    Pattern,
    Some,
    Within,
    size,
    starred,
    unescaped,
)
from cmp.spec.fields import Field, service_fields

Verb = Literal["require", "forbid", "allow"]

_BOUNDS = re.compile(r"(<=|>=|<|>)\s*([^\s<>]+)(?:\s+(<=|>=|<|>)\s*([^\s<>]+))?")


class Demand(NamedTuple):
    """What is asked of the values at a path of the long form.

    ``asked`` is the path as the rule has it, and ``shown`` are the values; ``whole`` says that there are none. The last
    ``short`` steps are those that a shorthand stands for.
    """

    steps: Steps
    field: Field
    pattern: Pattern
    whole: bool
    asked: str = ""
    shown: str = ""
    short: int = 0

    @property
    def name(self) -> str:
        """The path as people write it."""
        return dotted(self.steps)


class Rule(NamedTuple):
    """A guard-rail: ``when`` all of that holds, and ``unless`` all of one of those does."""

    verb: Verb
    demands: tuple[Demand, ...]
    when: tuple[Demand, ...]
    unless: tuple[tuple[Demand, ...], ...]
    reason: str
    warn: bool
    pos: Pos


def compiled(rules: Sequence[tuple[Node, str, bool]], problems: list[Diagnostic]) -> list[Rule]:
    """Rules from their nodes, reasons and whether they only warn. One with an error is left out."""
    compiler = _Compiler(problems)
    found = []
    for node, reason, warn in rules:
        before = len(problems)
        rule = compiler.rule(node, reason, warn)
        if len(problems) == before and rule is not None:
            found.append(rule)
    return found


class _Compiler:
    def __init__(self, problems: list[Diagnostic]) -> None:
        self._paths = Paths(service_fields(), problems)
        self._problems = problems

    def _say(self, message: str, pos: Pos, help: str = "") -> None:
        self._problems.append(Diagnostic("MS266", message, pos, help))

    def rule(self, node: Node, reason: str, warn: bool) -> Rule | None:
        """One rule, or None where what it says is for the parser to refuse."""
        verbs: tuple[Verb, ...] = ("require", "forbid", "allow")
        for verb in verbs:
            said = node.get(verb)
            if said is not None:
                when = node.get("when")
                unless = node.get("unless")
                cases = unless.value if unless is not None and isinstance(unless.value, list) else [unless]
                return Rule(
                    verb,
                    tuple(self._demands(said, paths=verb != "allow", nothing=False)),
                    tuple(self._demands(when, paths=False, nothing=True)) if when is not None else (),
                    tuple(tuple(self._demands(case, paths=False, nothing=True)) for case in cases if case is not None),
                    reason,
                    warn,
                    node.pos,
                )
        return None

    def _demands(self, node: Node, *, paths: bool, nothing: bool) -> Iterator[Demand]:
        """The demands of one key of a rule. ``paths`` may stand alone, and ``nothing`` (null) may be a value."""
        if isinstance(node.value, dict) and node.value:
            for path, value in node.value.items():
                listed = value.value if isinstance(value.value, list) else [value]
                if not nothing and any(one.value is None for one in listed):
                    help = f"to ask for it, write require: {path}"
                    self._say(f'"{path}" has no value', value.key or value.pos, help)
                    continue
                for steps, field, shape in self._paths.places(path, value.key or value.pos):
                    found = self._valued(steps, field, shape, value)
                    yield found._replace(asked=path, shown=_shown(value))
        elif isinstance(node.value, list) and node.value and paths:
            for item in node.value:
                yield from self._demands(item, paths=True, nothing=nothing)
        elif isinstance(node.value, str) and paths:
            for steps, field, _ in self._paths.places(node.value, node.pos):
                yield Demand(steps, field, Anything(), True, node.value)
        else:
            what = "a path, or a map from paths to values" if paths else "a map from paths to values"
            self._say(f"expected {what}", node.pos, "write {mtls: STRICT}")

    def _valued(self, steps: Steps, field: Field, shape: Shape | None, value: Node) -> Demand:
        """The demand for a value; a shorthand that stands for one key, or a list of such, leads to that key."""
        if value.value is None:
            return Demand(steps, field, Nothing(), False)
        if field.kind == "list":
            steps, field, shape = (*steps, ITEM), field.item, shape.item if shape is not None else None
        given = value.value if isinstance(value.value, list) else [value]
        choices = [expand(_stars(one), shape, "", self._problems) for one in given]
        short = 0
        while (key := _only_key(choices)) and (below := field.child(key)) is not None and below.kind != "list":
            steps, field, short = (*steps, key), below, short + 1
            choices = [entries_of(choice)[key] for choice in choices]
        patterns = [self._pattern(choice, field, steps) for choice in choices]
        if not patterns:
            self._say(f'"{dotted(steps)}" has no value', value.pos, "write one")
        return Demand(steps, field, OneOf(tuple(patterns)), False, short=short)

    def _pattern(self, node: Node, field: Field, steps: Steps) -> Pattern:
        value, kind = node.value, field.kind
        if value is None:
            return Anything() if node.cut else Nothing()
        if kind == "list":
            items = value if isinstance(value, list) else [node]
            return Some(OneOf(tuple(self._pattern(item, field.item, (*steps, ITEM)) for item in items)))
        if isinstance(value, list):
            return OneOf(tuple(self._pattern(item, field, steps) for item in value))
        if isinstance(value, dict):
            return self._parts(node, value, field, steps)
        if kind == "scalar":
            return self._scalar(node, value, field)
        help = "forbid it whole" if kind == "any" else "write a path below it, or {key: value}"
        self._say(f'"{dotted(steps)}" has no value of its own', node.pos, help)
        return Nothing()

    def _parts(self, node: Node, value: dict[str, Node], field: Field, steps: Steps) -> Pattern:
        written = {key: child for key, child in value.items() if not child.implied}
        if not written:
            self._say(
                "an empty map would fit anything", node.pos, "name what it says, or null for what it does not say"
            )
        parts = []
        for key, child in written.items():
            below = self._paths.field((*steps, key), child.key or child.pos)
            if below is not None:
                parts.append((key, self._pattern(child, below, (*steps, key))))
        return Parts(tuple(parts))

    def _scalar(self, node: Node, text: str, field: Field) -> Pattern:
        if text[:1] in ("<", ">"):
            return self._bounds(node, text, field)
        shape = starred(text)
        if shape is not None:
            return Like(shape)
        return Exactly(self._read(node, unescaped(text) if "\\" in text else text, field))

    def _bounds(self, node: Node, text: str, field: Field) -> Pattern:
        match = _BOUNDS.fullmatch(text)
        if not match:
            self._say(f'"{text}" is not a bound', node.pos, 'write "<=20", or ">=2 <=20"')
        elif not field.measured:
            self._say(f'"{text}" is a bound, and this is text', node.pos, "write the values; a first \\ makes it text")
        else:
            pairs = [(match[1], match[2]), *([(match[3], match[4])] if match[3] else [])]
            sizes = [(operator, size(self._read(node, number, field))) for operator, number in pairs]
            return Within(tuple((operator, found) for operator, found in sizes if found is not None))
        return Nothing()

    def _read(self, node: Node, text: str, field: Field) -> object:
        value, errors = field.read(text)
        for error in errors[:1]:
            context = error.get("ctx", {})
            if error["type"].startswith("MS"):
                self._say(context["message"], node.pos, context["help"])
            else:
                self._say(*_placed(words(error["type"], context, text), node.pos))
        return value


def _placed(said: tuple[str, str], pos: Pos) -> tuple[str, Pos, str]:
    return said[0], pos, said[1]


def _only_key(choices: Sequence[Node]) -> str | None:
    """The one key that all maps have, and nothing else."""
    keys = {tuple(key for key, child in entries_of(one).items() if not child.implied) for one in choices}
    only = next(iter(keys)) if len(keys) == 1 else ()
    return only[0] if len(only) == 1 else None


def _stars(node: Node) -> Node:
    """A value in which nulls that replace something stand for lone stars, which no form must take for text."""
    value = node.value
    if isinstance(value, dict):
        return node.with_value({key: _stars(child) for key, child in value.items()})
    if isinstance(value, list):
        return node.with_value([_stars(child) for child in value])
    return Node(None, node.pos, node.key, cut=True) if value == "*" else node


def _shown(node: Node) -> str:
    value = node.value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return ", ".join(_shown(child) for child in value)
    return "null" if value is None else value
