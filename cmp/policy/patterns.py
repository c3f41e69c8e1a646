"""What a rule says of a value: patterns, and whether a value fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from cmp.node import Node, entries_of
from cmp.spec.fields import Field
from cmp.spec.validators import amount

Path = tuple[str | int, ...]
#: What is meant where nothing is written at a path, or None where nothing is.
LeftOut: TypeAlias = Callable[[Path], "str | None"]

#: Stands for an item in the path of a rule; no key is called so.
ITEM = "[]"


class Anything(NamedTuple):
    """Whatever is there."""


class Nothing(NamedTuple):
    """Nothing is there."""


class Exactly(NamedTuple):
    """A value, as the field reads it."""

    value: object


class Like(NamedTuple):
    """Text with stars."""

    text: re.Pattern[str]


class Within(NamedTuple):
    """Between bounds: pairs of an operator and a size."""

    bounds: tuple[tuple[str, tuple[str, float]], ...]


class Parts(NamedTuple):
    """A map that says all of this; keys may have stars where they are names."""

    parts: tuple[tuple[str, Pattern], ...]


class Some(NamedTuple):
    """A list of which some item fits."""

    item: Pattern


class OneOf(NamedTuple):
    """One of several."""

    choices: tuple[Pattern, ...]


Pattern: TypeAlias = "Anything | Nothing | Exactly | Like | Within | Parts | Some | OneOf"


def starred(text: str) -> re.Pattern[str] | None:
    """The expression for a text with stars, or None where it has none; behind a backslash it is a star.

    As in paths of the language, ``a/*`` is ``a`` and all below it.
    """
    parts = re.findall(r"\\.|.", text, re.DOTALL)
    if "*" not in parts:
        return None
    below = parts[-2:] == ["/", "*"]
    first, *others = _fixed(parts[:-2] if below else parts)
    end = "(?:/.*)?" if below else ""
    if not others:
        return re.compile(first + end, re.DOTALL)
    # Each part at the first place where it fits, and not tried again further on: the last one decides where it ends.
    # With plain ".*", a pattern such as *a*a*a*b would be tried in every way for a long text of a.
    between = "".join(f"(?>.*?{part})" for part in others[:-1])
    return re.compile(f"{first}{between}.*{others[-1]}{end}", re.DOTALL)


def _fixed(parts: list[str]) -> list[str]:
    """The expressions for what stands before, between and behind the stars."""
    found = [""]
    for part in parts:
        if part == "*":
            found.append("")
        else:
            found[-1] += re.escape(part[-1:])
    return found


def unescaped(text: str) -> str:
    """A text without stars, as it is meant."""
    return re.sub(r"\\(.)", r"\1", text)


def size(value: object) -> tuple[str, float] | None:
    """What a value of a field measures, with the kind of measure: only equal kinds can be compared."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return "", value * 10**9
    if value.endswith("%"):
        return "%", float(value[:-1])
    if match := re.fullmatch(r"([0-9]+)(ms|s)", value):
        return "time", int(match[1]) * (1 if match[2] == "ms" else 1000)
    return "", amount(value)


def fits(pattern: Pattern, node: Node | None, field: Field, path: Path, left_out: LeftOut) -> bool:
    """Whether the value at a path fits; where there is none, what is meant then."""
    if isinstance(pattern, OneOf):
        return any(fits(choice, node, field, path, left_out) for choice in pattern.choices)
    there = node is not None and node.value not in (None, [])
    if isinstance(pattern, Nothing):
        return not there and left_out(path) is None
    if isinstance(pattern, Anything):
        return there or left_out(path) is not None
    if isinstance(pattern, Some):
        items = node.value if node is not None and isinstance(node.value, list) else []
        return any(fits(pattern.item, item, field.item, (*path, at), left_out) for at, item in enumerate(items))
    if isinstance(pattern, Parts):
        below = node is None or isinstance(node.value, dict)
        return below and _all_fit(pattern, node, field, path, left_out)
    text = node.value if node is not None else left_out(path)
    return isinstance(text, str) and _fits_text(pattern, field.read(text)[0], text)


def meant(pattern: Pattern, path: Path, left_out: LeftOut) -> bool:
    """Whether a pattern speaks of something that is meant where nothing is written."""
    if isinstance(pattern, OneOf):
        return any(meant(choice, path, left_out) for choice in pattern.choices)
    if isinstance(pattern, Parts):
        return any(meant(part, (*path, key), left_out) for key, part in pattern.parts)
    return not isinstance(pattern, (Some, Nothing)) and left_out(path) is not None


def _all_fit(pattern: Parts, node: Node | None, field: Field, path: Path, left_out: LeftOut) -> bool:
    for key, part in pattern.parts:
        below = field.child(key)
        assert below is not None  # the pattern was made from the fields
        names: Mapping[str, Node | None] = (named(node, key, field) if node is not None else {}) or {key: None}
        if not any(fits(part, child, below, (*path, name), left_out) for name, child in names.items()):
            return False
    return True


def named(node: Node, key: str, field: Field | None = None) -> dict[str, Node]:
    """The entries of a map that a key means, which may have stars where keys are names."""
    entries = entries_of(node)
    shape = starred(key) if field is None or field.kind == "names" else None
    if shape is not None:
        return {name: child for name, child in entries.items() if shape.fullmatch(name)}
    return {key: entries[key]} if key in entries else {}


def _fits_text(pattern: Exactly | Like | Within, value: object, text: str) -> bool:
    if isinstance(pattern, Exactly):
        return value == pattern.value
    if isinstance(pattern, Like):
        return pattern.text.fullmatch(value if isinstance(value, str) else text) is not None
    found = size(value)
    return found is not None and all(
        found[0] == kind and _compare(found[1], operator, bound) for operator, (kind, bound) in pattern.bounds
    )


def _compare(found: float, operator: str, bound: float) -> bool:
    if found == bound:
        return operator in ("<=", ">=")
    return (found < bound) == operator.startswith("<")
