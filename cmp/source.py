"""Text to nodes: the only reader of YAML.

Nodes are built straight from libyaml's events, because PyYAML's loader takes duplicate keys silently, forgets positions
and the text of scalars, and reads ``NO``, ``1:30`` and ``012`` by the rules of YAML 1.1. Here a scalar keeps its text:
its type is decided by the field it stands in.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from cmp.diagnostics import Diagnostic, Pos, SpecError
from cmp.limits import Used
from cmp.node import Node, Quoted

try:
    from yaml._yaml import CParser
except ImportError as error:  # the pure-Python parser is ten times slower and recurses without bound
    raise ImportError("meshspec needs PyYAML with its libyaml extension (yaml._yaml)") from error

_new = tuple.__new__

NULLS = frozenset(("", "~", "null", "Null", "NULL"))


def read(text: str, file: str, problems: list[Diagnostic] | None = None, used: Used | None = None) -> list[Node]:
    """The documents of a YAML text; empty ones are left out.

    Args:
        text: the contents of one file.
        file: its name in positions, relative to the repository root.
        problems: takes what is wrong but leaves documents to go on with; without it, that is raised too.
        used: what the files of the render have taken of its bounds; without it, this is the only file.

    Raises:
        SpecError: for text that is not YAML, a duplicate key, a tag, a merge key, a key that is not a scalar, and for
            more depth or more nodes (aliases counted as often as they are used) than the bounds allow.
        LimitError: all files of the render hold too many nodes.
    """
    used = used or Used()
    reader = _Reader(text, file, used)
    found = reader.documents()
    used.values(reader.nodes)
    if problems is None and reader.problems:
        raise SpecError(reader.problems)
    if problems is not None:
        problems += reader.problems
    return found


class _Reader:
    def __init__(self, text: str, file: str, used: Used) -> None:
        self._text = text
        self._file = file
        self._used = used
        self._depth = used.limits.depth
        self._most = min(used.limits.file_values, used.values_left)
        self.nodes = 0
        self.problems: list[Diagnostic] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._next: Any = None

    def documents(self) -> list[Node]:
        found = []
        try:
            self._next = CParser(self._text).get_event
            self._next()
            while not isinstance(self._next(), StreamEndEvent):
                self._anchors = {}
                node = self._node(self._next(), 0)
                if node.value is not None:
                    found.append(node)
                while not isinstance(self._next(), DocumentEndEvent):
                    pass  # pragma: no cover - libyaml ends a document behind its only node
        except yaml.YAMLError as error:
            raise SpecError([*self.problems, self._syntax(error)]) from None
        return found

    def _at(self, mark: Any) -> Pos:
        return _new(Pos, (self._file, mark.line + 1, mark.column + 1))  # as Pos() does, in half the time

    def _say(self, code: str, message: str, pos: Pos, help: str = "", *related: tuple[Pos, str]) -> None:
        self.problems.append(Diagnostic(code, message, pos, help, "error", related))

    def _stop(self, message: str, pos: Pos, help: str) -> SpecError:
        self._say("MS005", message, pos, help)
        return SpecError(self.problems)

    def _too_deep(self, pos: Pos) -> SpecError:
        return self._stop(f"nested deeper than {self._depth} levels", pos, "no part of the language is that deep")

    def _count(self, nodes: int, pos: Pos) -> None:
        self.nodes += nodes
        if self.nodes > self._most:
            most = self._used.limits.file_values
            if self._most < most:
                raise self._used.too_many_values(pos)
            raise self._stop(f"more than {most} values in one file, aliases counted", pos, "split the file")

    def _no_tag(self, event: Any, pos: Pos) -> None:
        self._say(
            "MS007", f'tag "{event.tag}" is not allowed', pos, "write the value without a tag; quotes make it text"
        )

    def _node(self, event: Any, depth: int) -> Node:
        pos, before = self._at(event.start_mark), self.nodes
        self.nodes += 1
        if self.nodes > self._most:
            self._count(0, pos)
        if type(event) is AliasEvent:
            return self._alias(event, pos, depth)
        if event.tag is not None:
            self._no_tag(event, pos)
        if type(event) is ScalarEvent:
            if event.style and "\0" in event.value:
                self._no_nul(pos)
            node = Node(self._scalar(event), pos)
        elif depth >= self._depth:
            raise self._too_deep(pos)
        elif type(event) is MappingStartEvent:
            node = Node(self._map(depth), pos)
        else:
            node = Node(self._list(depth), pos)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self.nodes - before)
        return node

    def _no_nul(self, pos: Pos) -> None:
        """Only an escape in quotes can hold one."""
        self._say("MS007", "a NUL character is not allowed", pos, "no variable, argument or name can hold one")

    @staticmethod
    def _scalar(event: Any) -> str | None:
        text: str = event.value
        if event.style:
            return Quoted(text)
        return None if text in NULLS else text

    def _alias(self, event: Any, pos: Pos, depth: int) -> Node:
        if event.anchor not in self._anchors:
            self._say(
                "MS004",
                f'alias "*{event.anchor}" has no anchor before it',
                pos,
                f"write &{event.anchor} at the value it repeats",
            )
            return Node(None, pos)
        node, size = self._anchors[event.anchor]
        self._count(size - 1, pos)
        if depth + _height(node) > self._depth:  # else a chain of aliases could be deeper than Python's stack
            raise self._too_deep(pos)
        return Node(node.value, node.pos)

    def _list(self, depth: int) -> list[Node]:
        items = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event, depth + 1))
        return items

    def _map(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while type(event := self._next()) is not MappingEndEvent:
            pos = self._at(event.start_mark)
            key = self._key(event, pos, depth)
            node = self._node(self._next(), depth + 1)
            if key is None:
                continue
            if key in entries:
                first = entries[key].key or pos
                self._say(
                    "MS008", f'key "{key}" is given twice', pos, "keep one of the two", (first, "first given here")
                )
                continue
            node.key = pos
            entries[key] = node
        return entries

    def _key(self, event: Any, pos: Pos, depth: int) -> str | None:
        if type(event) is not ScalarEvent:
            if type(event) in (MappingStartEvent, SequenceStartEvent):
                self._node(event, depth + 1)
            self._say("MS007", "a key must be plain text", pos, "quote the key if it holds special characters")
            return None
        if event.tag is not None:
            self._no_tag(event, pos)
        if event.style and "\0" in event.value:
            self._no_nul(pos)
        if event.anchor is not None:
            self._anchors[event.anchor] = (Node(self._scalar(event), pos), 1)
        if event.value == "<<" and not event.style:
            self._say(
                "MS007",
                'merge key "<<" is not allowed',
                pos,
                "use defaults, environments or an alias of the whole value",
            )
            return None
        text: str = event.value
        if not text:
            self._say("MS007", "a key must not be empty", pos, "write the name before the colon")
            return None
        return text

    def _syntax(self, error: yaml.YAMLError) -> Diagnostic:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if mark is not None:
            problem = getattr(error, "problem", None) or "not YAML"
            pos, begun = self._at(mark), getattr(error, "context_mark", None)
            hint, related = _hint(problem), ()
            if begun is not None and hint.startswith("close"):  # what is left open is noticed only further down
                pos, related = self._at(begun), ((pos, "noticed here"),)  # type: ignore[assignment]
                problem = f"{getattr(error, 'context', '')}, {problem}"
            return Diagnostic("MS004", f"not valid YAML: {problem}", pos, hint, "error", related)
        offset = getattr(error, "position", 0) or 0
        before = self._text.encode()[:offset].decode(errors="replace")
        lines = (before + "?").splitlines()  # libyaml ends a line at "\r" alone, too
        reason = getattr(error, "reason", None) or "not YAML"
        return Diagnostic(
            "MS004",
            f"not valid YAML: {reason}",
            Pos(self._file, len(lines), len(lines[-1])),
            "remove the control character",
        )


def _height(node: Node) -> int:
    """How many maps and lists are nested in a node, itself included."""
    if not isinstance(node.value, (dict, list)):
        return 0
    children = node.value.values() if isinstance(node.value, dict) else node.value
    return 1 + max(map(_height, children), default=0)


def _hint(problem: str) -> str:
    if "tab" in problem or "cannot start any token" in problem:
        return "indent with spaces, and quote text that begins with a special character (tab, @, `, %)"
    if "mapping values are not allowed" in problem:
        return 'quote text that holds ": ", and check the indentation'
    if "end of stream" in problem:
        return "close the quote"
    if "expected ',' or" in problem:
        return "close the bracket, or write a comma before the next item"
    return "check the indentation, the quotes and the brackets before this place"
