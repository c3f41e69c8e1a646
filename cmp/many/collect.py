"""What all applications of a call come to: findings in an order of their own, and objects that two of them write."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, SpecError, in_order
from cmp.manifests.step import Built
from cmp.many.applications import Application
from cmp.many.one import every_environment, excerpted, named
from cmp.pipeline import render_layout

#: Findings that are told; what is more is counted.
MOST = 5000
#: Objects that are told to be written by two applications.
MOST_TWICE = 100
_PARTS = 64
_WORD = (1 << 64) - 1


class Findings:
    """Findings of all applications, each once, as if they had been rendered one after the other.

    Of more than MOST those of the first applications are kept.
    """

    def __init__(self) -> None:
        self.errors = False
        self._lines: dict[str, dict[int, str]] = {}
        self._first: dict[Diagnostic, tuple[int, int]] = {}
        self._all = 0

    def add(self, index: int, found: tuple[Diagnostic, ...], lines: Mapping[str, Mapping[int, str]]) -> None:
        """Add those of one application, whenever they come."""
        for at, one in enumerate(found):
            self.errors = self.errors or one.severity == "error"
            place = self._first.get(one)
            self._all += place is None
            self._first[one] = min(place or (index, at), (index, at))
        for file, some in lines.items():
            self._lines.setdefault(file, {}).update(some)
        if len(self._first) > 2 * MOST:
            self._cut()

    def _cut(self) -> None:
        kept = sorted(self._first.items(), key=lambda item: item[1])[:MOST]
        self._first = dict(kept)
        wanted = {(one.pos.file, one.pos.line) for one in self._first if one.pos is not None}
        self._lines = {
            file: {number: text for number, text in some.items() if (file, number) in wanted}
            for file, some in self._lines.items()
            if any(at[0] == file for at in wanted)
        }

    @property
    def left_out(self) -> int:
        """How many are counted only."""
        return max(0, self._all - MOST)

    def all(self) -> list[Diagnostic]:
        """Those that are kept, in the order of files."""
        self._cut()
        return in_order(self._first)

    def texts(self) -> dict[str, str]:
        """The files of findings, with no more than the lines that are shown."""
        return {file: _sparse(lines) for file, lines in self._lines.items()}


def _sparse(lines: Mapping[int, str]) -> str:
    return "\n".join(lines.get(number, "") for number in range(1, max(lines, default=0) + 1))


class Objects:
    """Which objects are written, 12 bytes for each."""

    def __init__(self) -> None:
        self._parts = [(array("Q"), array("I")) for _ in range(_PARTS)]

    def add(self, index: int, keys: tuple[int, ...]) -> None:
        """Add the keys of one application's objects."""
        for key in keys:
            numbers, indexes = self._parts[key % _PARTS]
            numbers.append(key & _WORD)
            indexes.append(index)

    def twice(self) -> list[tuple[int, int]]:
        """The pairs of applications that have a key in common, in order."""
        found = set()
        for numbers, indexes in self._parts:
            first: dict[int, int] = {}
            for key, index in sorted(zip(numbers, indexes, strict=True)):
                other = first.setdefault(key, index)
                if other != index:
                    found.add((other, index))
        return sorted(found)


class Twice(NamedTuple):
    """Objects that two applications write."""

    found: tuple[Diagnostic, ...]
    lines: Mapping[str, Mapping[int, str]]


def written_twice(first: Application, second: Application) -> Twice:
    """The objects that two applications of one cluster both write: Argo CD would let them fight for each.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/#fail-the-sync-if-a-shared-resource-is-found
    """
    texts: dict[str, str] = {}
    known = dict(_objects(first, texts))
    found = []
    for key, one in _objects(second, texts):
        other = known.get(key)
        if other is None:
            continue
        _, _, kind, namespace, name = key
        where = f' in namespace "{namespace}"' if namespace else ""
        message = f'{kind} "{name}"{where} is written by the applications "{first.name}" and "{second.name}"'
        related = ((other.place, "first written by this one"),)
        found.append(Diagnostic("MS207", message, one.place, "rename one of the two", "error", related))
    return Twice(tuple(found), excerpted(found, texts))


def _objects(application: Application, texts: dict[str, str]) -> Iterator[tuple[tuple[str, ...], Built]]:
    """The objects of an application, in each of its environments."""
    for environment in every_environment(application):
        try:
            rendered = render_layout(application.layout, environment, texts, empty=application.settings.empty)
        except SpecError:
            continue  # told already
        yield from (((environment.name, *key), one) for key, one in named(rendered.built, environment))


def told_twice(objects: Objects, applications: list[Application]) -> Iterator[tuple[int, Twice]]:
    """What is written twice, by the index of the second application; the first of them."""
    left = MOST_TWICE
    for one, other in objects.twice():
        if left <= 0:
            return
        twice = written_twice(applications[one], applications[other])
        left -= len(twice.found)
        yield other, twice
