"""Parts of Kubernetes objects as authors write them, to plain data: each scalar is typed by the field it stands in.

So ``replicas: "3"`` and a misspelt ``imagePullPolcy`` are found here, with their line, and an annotation ``true`` is
text without quotes. What the table of kinds does not know is read by the core schema of YAML 1.2
(https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from cmp.diagnostics import Diagnostic, Pos, did_you_mean
from cmp.node import Node, Quoted
from cmp.patch import kinds
from cmp.patch.kinds import ANYTHING, Type
from cmp.patch.strategic import DIRECTIVE, REMOVE_FROM, RETAIN
from cmp.spec.scalars import ambiguous, core
from cmp.spec.validators import attempt, boolean, quantity, shown

#: The longest key that Kubernetes knows: that of a label or an annotation, with its prefix.
_LONGEST_KEY = 253 + 1 + 63


class Rules(NamedTuple):
    """How strict a reading is.

    Attributes:
        directives: the keys of a strategic merge are allowed, and null, which removes.
        unknown: fields that the table does not have are allowed.
    """

    directives: bool = False
    unknown: bool = False


def is_key(text: str) -> bool:
    """Whether a text can be a key of an object, and be written as one."""
    return len(text) <= _LONGEST_KEY and text.isprintable() and (len(text) <= 100 or not re.search('[<>&"\\\\]', text))


def typed(node: Node, type_: Type, problems: list[Diagnostic], rules: Rules) -> Any:
    """The plain data of a node; what does not fit is added to ``problems`` and left out."""
    return _Reader(problems, rules).value(node, type_)


class _Reader:
    def __init__(self, problems: list[Diagnostic], rules: Rules) -> None:
        self._problems = problems
        self._rules = rules

    def _say(self, code: str, message: str, pos: Pos, help: str = "") -> None:
        self._problems.append(Diagnostic(code, message, pos, help))

    def value(self, node: Node, type_: Type) -> Any:
        value = node.value
        if value is None:
            return None
        if isinstance(value, dict):
            return self._map(node, value, type_)
        if isinstance(value, list):
            return self._list(node, value, type_)
        if type_[0] in "#=[{":
            wanted = "a list" if type_[0] == "[" else "a map"
            self._say("MS103", f"expected {wanted}, got {shown(value)}", node.pos)
            return None
        found, refused = _scalar(value, type_)
        if refused is not None:
            code, message, help = refused
            self._say(code, message, node.pos, help)
        return found

    def _map(self, node: Node, value: dict[str, Node], type_: Type) -> dict[str, Any] | None:
        if type_[0] not in "#={" and type_ != ANYTHING:
            self._say("MS103", f"expected {_NAMES[type_[0]]}, got a map", node.pos)
            return None
        found = {}
        for key, child in value.items():
            inner = self._field(key, child, type_)
            if inner is None:
                continue
            if child.value is None and not self._rules.directives:
                continue  # as Kubernetes reads it: not written
            found[key] = self.value(child, inner)
        return found

    def _field(self, key: str, child: Node, type_: Type) -> Type | None:
        """The type under a key, or None, with a finding, where the key cannot stand."""
        if self._rules.directives and key in (DIRECTIVE, RETAIN):
            return "s" if key == DIRECTIVE else "[s"
        if self._rules.directives and key.startswith(REMOVE_FROM):
            return kinds.below(type_, key.removeprefix(REMOVE_FROM))
        pos = child.key or child.pos
        if not is_key(key):
            self._say("MS104", "this is no key of a Kubernetes object", pos)
            return None
        found = kinds.below(type_, key)
        if found is None and not self._rules.unknown:
            known = [DIRECTIVE, RETAIN] if key.startswith("$") else list(kinds.fields(type_) or ())
            help = "the cluster writes it: leave it out" if key == "status" else did_you_mean(key, known)
            self._say("MS101", f'Kubernetes knows no field "{key}" here', pos, help)
            return None
        return found or ANYTHING

    def _list(self, node: Node, value: list[Node], type_: Type) -> list[Any] | None:
        if type_[0] != "[" and type_ != ANYTHING:
            self._say("MS103", f"expected {_NAMES.get(type_[0], 'a map')}, got a list", node.pos)
            return None
        _, inner = kinds.item(type_)
        found = []
        for child in value:
            if child.value is None:
                self._say("MS103", "an item of a list is empty", child.pos, "write a value, or take the item out")
            else:
                found.append(self.value(child, inner))
        return found


_NAMES = {
    "s": "text",
    "i": "a whole number",
    "n": "a number",
    "b": "true or false",
    "q": "a quantity",
    "x": "one value",
    "[": "a list",
}


def _scalar(text: str, type_: Type) -> tuple[Any, tuple[str, str, str] | None]:
    """A scalar as its field has it, or the code, message and help of what is wrong."""
    if type_ == "s":
        return str(text), None
    if not isinstance(text, Quoted) and ambiguous(text):
        digits = text.lstrip("+-0") or "0"
        octal = f"0o{digits} for an octal number, " if type_ in "ia" and re.fullmatch("[0-7]+", digits) else ""
        quoted = ", or quotes for text" if type_ in "xa" else ""
        message = f"{text} is octal to some readers of YAML, and decimal to others"
        return None, ("MS103", message, f"write {octal}{digits} for a decimal one{quoted}")
    if type_ in ("q", "b"):
        return attempt(quantity if type_ == "q" else boolean, text)
    if type_ == "x":
        is_number = not isinstance(text, Quoted) and re.fullmatch("0|[1-9][0-9]{0,8}", text)
        return int(text) if is_number else str(text), None
    value = str(text) if isinstance(text, Quoted) else core(text)
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    if type_ == ANYTHING or (numeric and (type_ == "n" or isinstance(value, int))):
        return value, None
    hint = f"remove the quotes: {text}" if isinstance(text, Quoted) else ""
    return None, ("MS103", f"expected {_NAMES[type_]}, got {shown(text)}", hint)
