"""Objects in files that ``manifests`` names: found and read here, as nodes with positions; typed and checked later."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from cmp import files, places
from cmp.diagnostics import Diagnostic, SpecError
from cmp.limits import LimitError, Used
from cmp.merge.compose import Composed, Included, Tree
from cmp.merge.contents import HELP, is_name
from cmp.node import Node
from cmp.source import read


def read_included(
    composed: Composed, root: str, platform: bool, texts: dict[str, str], problems: list[Diagnostic], used: Used
) -> Composed:
    """The same trees with the objects of the files that they name.

    Several services may have an item from the same place, the app or the defaults: the first by name gets its objects.

    Args:
        composed: the merged trees.
        root: the repository root, which bounds all reading.
        platform: whether the platform's own objects are written.
        texts: takes the contents of the files, by the names that positions use.
        problems: takes what is wrong.
        used: counts what is read.

    Raises:
        LimitError: the files are too many, or too large together.
    """
    if not any(tree.node.get("manifests") for tree in (*composed.services, composed.platform) if tree is not None):
        return composed
    reader = _Reader(root, texts, problems, used)
    services = tuple(reader.filled(tree) for tree in composed.services)
    own = reader.filled(composed.platform) if composed.platform is not None and platform else composed.platform
    return composed._replace(services=services, platform=own)


class _Reader:
    def __init__(self, root: str, texts: dict[str, str], problems: list[Diagnostic], used: Used) -> None:
        self._root = root
        self._texts = texts
        self._problems = problems
        self._used = used
        self._seen: set[object] = set()

    def filled(self, tree: Tree) -> Tree:
        """A tree with the objects of its files, each file once."""
        listed = tree.node.get("manifests")
        items = listed.value if listed is not None and isinstance(listed.value, list) else []
        taken: dict[str, Node] = {}
        for item in items:
            name = item.get("file")
            if name is None or not isinstance(name.value, str) or name.pos in self._seen:
                continue  # for the parser to refuse, or another service's already
            self._seen.add(name.pos)
            for path in self._paths(name, tree.node.pos.file):
                taken.setdefault(path, item)
        objects = [Included(node, item) for path, item in taken.items() for node in self._objects(path, item)]
        return tree._replace(included=tuple(objects))

    def _paths(self, name: Node, base: str) -> list[str]:
        """The files that an item names, sorted. A pattern leaves out specs, dotfiles, and what links lead to."""
        pattern = str(name.value)
        beside = os.path.dirname(name.pos.file if name.pos.line else base)
        whole = os.path.normpath(os.path.join(self._root, beside, pattern))
        if not is_name(pattern):
            return []
        if "*" not in pattern and "?" not in pattern:
            return [whole]
        fixed = whole[: min(whole.find(sign) for sign in "*?" if sign in whole)].rpartition(os.sep)[0]
        if not places.is_inside(fixed, self._root):  # a link: its files would be refused, but their names be told
            self._say("MS006", f'"{pattern}" leads outside the repository', name, "copy the files into the repository")
            return []
        found = []
        for path in _matching(whole):
            found.append(path)
            if len(found) > (most := self._used.limits.files):
                self._say("MS005", f'"{pattern}" names more than {most} files', name, "name a narrower directory")
                return []
        if not found:
            self._say("MS002", f'no file fits "{pattern}"', name, HELP)
        return sorted(found)

    def _objects(self, path: str, item: Node) -> Iterator[Node]:
        name = item.get("file") or item
        shown = files.relative(path, self._root)
        try:
            self._texts[shown] = files.read_text(path, self._root, self._used)
        except LimitError:
            raise
        except SpecError as error:
            for one in error.diagnostics:
                self._say(one.code, f'file "{shown}" {one.message}', name, one.help or HELP)
            return
        try:
            documents = read(self._texts[shown], shown, self._problems, self._used)
        except LimitError:
            raise
        except SpecError as error:
            self._problems += error.diagnostics
            return
        if not documents:
            self._say("MS001", f'file "{shown}" holds no object', name, "write one, or take the file out")
        yield from documents

    def _say(self, code: str, message: str, at: Node, help: str) -> None:
        self._problems.append(Diagnostic(code, message, at.pos, help))


def _matching(pattern: str) -> Iterator[str]:
    steps = pattern.split(os.sep)
    fixed = next(index for index, step in enumerate(steps) if "*" in step or "?" in step)
    top = os.sep.join(steps[:fixed]) or os.sep
    places.note_search(top)
    for directory, below, names in os.walk(top):
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in names:
            path = os.path.join(directory, name)
            if (
                not name.startswith(".")
                and not places.is_ours(name)
                and _fits(path[len(top) :].strip(os.sep).split(os.sep), steps[fixed:])
            ):
                yield path


def _fits(path: list[str], pattern: list[str]) -> bool:
    """Whether the steps of a path fit those of a pattern, in which ``**`` stands for any number of steps.

    The last ``**`` takes one step more wherever the rest does not fit: the earlier ones need not be tried again.
    """
    at = want = 0
    again: tuple[int, int] | None = None
    while at < len(path):
        if want < len(pattern) and pattern[want] == "**":
            again, want = (at, want + 1), want + 1
        elif want < len(pattern) and fnmatchcase(path[at], pattern[want].replace("[", "[[]")):
            at, want = at + 1, want + 1
        elif again is not None:
            again = (again[0] + 1, again[1])
            at, want = again
        else:
            return False
    return want == len(pattern)
