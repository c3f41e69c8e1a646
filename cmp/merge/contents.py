"""Files that a spec names: read here, before anything is typed, so that all later stages stay functions of values."""

from __future__ import annotations

import os

from cmp import files
from cmp.diagnostics import Diagnostic, SpecError
from cmp.limits import LimitError, Used
from cmp.merge.compose import Composed, Tree
from cmp.node import Node, Quoted, entries_of


def read_contents(composed: Composed, root: str, problems: list[Diagnostic], used: Used) -> Composed:
    """The same trees, in which each file of ``config`` has its text beside its name.

    A name is relative to the file that holds it, and may lead up as far as the repository's root. What cannot be read
    is added to ``problems`` at the place of the name.

    Args:
        composed: the merged trees.
        root: the repository root, which bounds all reading.
        problems: takes what is wrong.
        used: counts each file as often as it is named: that is how often it is written.

    Raises:
        LimitError: the files are too large together.
    """
    reader = _Reader(root, problems, used)
    return composed._replace(services=tuple(reader.filled(tree) for tree in composed.services))


class _Reader:
    def __init__(self, root: str, problems: list[Diagnostic], used: Used) -> None:
        self._root = root
        self._problems = problems
        self._used = used
        self._read: dict[str, str | list[Diagnostic]] = {}

    def filled(self, tree: Tree) -> Tree:
        """A service with the contents of its files, and of those of its versions and jobs."""
        entries = dict(entries_of(tree.node))
        base = tree.node.pos.file
        for key in ("versions", "jobs"):
            found = entries_of(entries.get(key))
            if any("config" in entries_of(one) for one in found.values()):
                filled = {name: self._filled(one, base) for name, one in found.items()}
                entries[key] = entries[key].with_value(filled)
        return tree._replace(node=self._filled(tree.node.with_value(entries), base))

    def _filled(self, holder: Node, base: str) -> Node:
        entries = entries_of(holder)
        if "config" not in entries:
            return holder
        return holder.with_value({**entries, "config": self._config(entries["config"], base)})

    def _config(self, config: Node, base: str) -> Node:
        if not isinstance(config.value, dict):
            return config
        return config.with_value({path: self._file(item, base) for path, item in config.value.items()})

    def _file(self, item: Node, base: str) -> Node:
        name = item.get("file")
        if name is None or not isinstance(name.value, str) or not is_name(name.value):
            return item  # a text, or for the parser to refuse
        text = self._text(name, base)
        return item if text is None else item.with_value({**entries_of(item), "text": name.with_value(Quoted(text))})

    def _text(self, name: Node, base: str) -> str | None:
        beside = os.path.dirname(name.pos.file if name.pos.line else base)  # a parameter stands in no file
        path = os.path.join(self._root, beside, str(name.value))
        if path not in self._read:
            try:
                self._read[path] = files.read_text(path, self._root, self._used, "utf-8")
            except LimitError:
                raise
            except SpecError as error:
                self._read[path] = error.diagnostics
        elif isinstance(again := self._read[path], str):
            self._used.file(len(again), name.pos)
        found = self._read[path]
        if isinstance(found, str):
            return found
        shown = files.relative(path, self._root)
        for one in found:
            self._problems.append(Diagnostic(one.code, f'file "{shown}" {one.message}', name.pos, one.help or HELP))
        return None


#: Argo CD may send a plugin only the part of a repository that the annotation names.
HELP = "names are relative to the file that holds them; in Argo CD, manifest-generate-paths has to send it too"


def is_name(text: str) -> bool:
    """Whether a text can be the name of a file relative to another."""
    return bool(text) and text.isprintable() and not text.startswith(("/", "~")) and not text.endswith("/")
