"""Strategic merge: how Kubernetes lays a partial object over a whole one.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and, for the directives,
https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
Maps are merged, null removes, lists are replaced; but where Kubernetes knows a key by which items are told apart, they
are merged item by item. Custom kinds have no such keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cmp.patch.kinds import ANYTHING, Type, below, item

DIRECTIVE = "$patch"
RETAIN = "$retainKeys"
REMOVE_FROM = "$deleteFromPrimitiveList/"
Path = tuple[str | int, ...]


class PatchError(Exception):
    """A patch that cannot be applied. ``path`` leads from the patch to what is wrong with it."""

    def __init__(self, path: Path, message: str, help: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.help = help


def merge(current: Any, patch: Any, type_: Type = ANYTHING, path: Path = ()) -> Any:
    """A value with a patch laid over it, as new data; None where nothing is left of it.

    Args:
        current: what is there, or None.
        patch: what the author wrote.
        type_: the type of the value, which says how lists are merged.
        path: where the patch stands, for errors.

    Raises:
        PatchError: a directive is not known, or an item lacks the key by which its list is merged.
    """
    if isinstance(patch, dict):
        return _merge_map(current, patch, type_, path)
    if isinstance(patch, list):
        key, inner = item(type_)
        there = current if isinstance(current, list) else []
        if key is None:
            return [merge(None, one, inner, (*path, index)) for index, one in enumerate(patch)]
        return _merge_items(there, patch, key, inner, path) if key else _ordered([*there, *patch], patch, there)
    return patch


def _merge_map(current: Any, patch: dict[str, Any], type_: Type, path: Path) -> dict[str, Any] | None:
    directive = patch.get(DIRECTIVE)
    if directive not in (None, "replace", "delete"):
        raise PatchError((*path, DIRECTIVE), f'"{directive}" is no directive', "write delete or replace")
    if directive == "delete":
        return None
    replaced = directive == "replace" or type_.startswith("=")
    result = dict(current) if isinstance(current, dict) and not replaced else {}
    if RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key in (DIRECTIVE, RETAIN):
            continue
        if key.startswith(REMOVE_FROM):
            name = key.removeprefix(REMOVE_FROM)
            if name in result:
                result[name] = [one for one in result[name] if one not in value]
            continue
        merged = None if value is None else merge(result.get(key), value, below(type_, key) or ANYTHING, (*path, key))
        if merged is None:
            result.pop(key, None)
        else:
            result[key] = merged
    return result


def _merge_items(current: list[Any], patch: list[Any], key: str, type_: Type, path: Path) -> list[Any]:
    """A list whose items are told apart by a key."""
    result = list(current)
    order: list[Any] = []
    if any(isinstance(one, dict) and one.get(DIRECTIVE) == "replace" and key not in one for one in patch):
        result = []  # {$patch: replace} as an item: the other items take the place of the list
    for index, one in enumerate(patch):
        at = (*path, index)
        if not isinstance(one, dict):
            raise PatchError(at, "expected a map", f"write {{{key}: ...}}")
        if key not in one:
            if one == {DIRECTIVE: "replace"}:
                continue
            raise PatchError(at, f'"{key}" is missing, by which the items of this list are told apart', f"add {key}")
        found = next((i for i, other in enumerate(result) if other.get(key) == one[key]), None)
        merged = merge(None if found is None else result[found], one, type_, at)
        if found is not None:
            result[found : found + 1] = [] if merged is None else [merged]
        elif merged is not None:
            result.append(merged)
        if merged is not None:
            order.append(one[key])
    keys = [one[key] for one in result]
    placed = _ordered(keys, order, [one.get(key) for one in current])
    return [result[keys.index(name)] for name in placed]


def _ordered(names: Iterable[Any], patch: list[Any], before: list[Any]) -> list[Any]:
    """Names without duplicates in Kubernetes' order: those of the patch in its order, the others where they were.

    A name that only one of both has stands behind those of the patch that come before it.
    """
    unique = list(dict.fromkeys(names))
    mine = [name for name in dict.fromkeys(patch) if name in unique]
    theirs = [name for name in unique if name not in mine]
    result: list[Any] = []
    while mine or theirs:
        known = mine and theirs and mine[0] in before and theirs[0] in before
        if not mine or (known and before.index(theirs[0]) < before.index(mine[0])):
            result.append(theirs.pop(0))
        else:
            result.append(mine.pop(0))
    return result
