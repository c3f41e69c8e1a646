"""How large the services of one render may be together, after defaults and aliases have multiplied what files hold.

Files have bounds of their own (``files``, ``source``); these keep many of them, or one that says much for many
services, from using up the memory of a plugin that all applications share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cmp.diagnostics import Diagnostic, SpecError
from cmp.merge.documents import Draft
from cmp.node import Node, entries_of

#: The most services of one render, and the most values in all of them.
MAX_SERVICES = 2000
MAX_VALUES = 500_000
_MANY = f"more than {MAX_SERVICES} services in one render"
#: The longest list of a service: routes, rules and the like are compared with each other.
MAX_ITEMS = 1000


def bounded(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """The same drafts, as long as the bounds hold.

    Raises:
        SpecError: they do not.
    """
    values = 0
    for number, draft in enumerate(drafts, 1):
        if number > MAX_SERVICES:
            raise _over(_MANY, draft.node, "make them several applications")
        entries = entries_of(draft.node)
        own = {key: _size(node) for key, node in entries.items()}
        copies = sum(len(entries_of(entries.get(key))) for key in ("versions", "jobs"))
        shared = sum(size for key, size in own.items() if key not in ("versions", "jobs"))
        values += sum(own.values()) + copies * shared
        if values > MAX_VALUES:
            what = f"more than {MAX_VALUES} values in all services, those of defaults counted for each of them"
            raise _over(what, draft.node, "make them several applications, or say less for all")
        yield draft


def _size(node: Node) -> int:
    value = node.value
    if isinstance(value, dict):
        return 1 + sum(map(_size, value.values()))
    if isinstance(value, list):
        if len(value) > MAX_ITEMS:
            raise _over(f"a list of more than {MAX_ITEMS} items", node, "make it shorter")
        return 1 + sum(map(_size, value))
    return 1


def _over(message: str, node: Node, help: str) -> SpecError:
    return SpecError([Diagnostic("MS005", message, node.pos, help)])
