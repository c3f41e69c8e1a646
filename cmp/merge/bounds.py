"""How large the services of one render may be together, after defaults and aliases have multiplied what files hold.

Files have bounds of their own (``files``, ``source``); these keep many of them, or one that says much for many
services, from using up the memory of a plugin that all applications share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmp.diagnostics import Diagnostic, SpecError
from cmp.limits import Limits
from cmp.merge.documents import Draft
from cmp.node import Node, entries_of

#: A text of so many characters more counts as one value more.
LONG = 200


def bounded(drafts: Iterable[Draft], limits: Limits) -> Iterator[Draft]:
    """The same drafts, as long as the bounds hold.

    Raises:
        SpecError: they do not.
    """
    values = 0
    for number, draft in enumerate(drafts, 1):
        if number > limits.services:
            what = f"more than {limits.services} services in one render"
            raise _over(what, draft.node, "make them several applications")
        entries = entries_of(draft.node)
        own = {key: _size(node, limits.items) for key, node in entries.items()}
        copies = sum(len(entries_of(entries.get(key))) for key in ("versions", "jobs"))
        shared = sum(size for key, size in own.items() if key not in ("versions", "jobs"))
        values += sum(own.values()) + copies * shared
        if values > limits.values:
            what = f"more than {limits.values} values in all services, those of defaults counted for each of them"
            raise _over(what, draft.node, "make them several applications, or say less for all")
        yield draft


def _size(node: Node, items: int) -> int:
    value = node.value
    if isinstance(value, dict):
        return 1 + sum([_size(child, items) for child in value.values()])
    if isinstance(value, list):
        if len(value) > items:
            raise _over(f"a list of more than {items} items", node, "make it shorter")
        return 1 + sum([_size(child, items) for child in value])
    return 1 + len(value) // LONG if value else 1


def _over(message: str, node: Node, help: str) -> SpecError:
    return SpecError([Diagnostic("MS005", message, node.pos, help)])
