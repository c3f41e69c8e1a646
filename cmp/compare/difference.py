"""What changes between two renders, object by object, as people read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import Any, Literal, NamedTuple

from cmp.emit import emit
from cmp.waves import Manifest

#: Unchanged lines around each change, as in ``diff -u``.
CONTEXT = 3
#: Kinds whose pods are replaced when their template changes.
ROLLED = ("Deployment", "StatefulSet", "DaemonSet")


class Difference(NamedTuple):
    """An object that differs.

    Attributes:
        name: its kind, namespace and name, such as ``Deployment shop/web``.
        change: what happens to it.
        fields: the paths that differ, of one that is in both renders.
        lines: the unified form, with the path of the first line behind each ``@@``.
        replaces: its pods are replaced by others.
    """

    name: str
    change: Literal["added", "removed", "changed"]
    fields: tuple[str, ...]
    lines: tuple[str, ...]
    replaces: bool = False


def differences(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Difference]:
    """What differs, in the order in which the objects are applied; what is removed comes last.

    Args:
        before: plain objects, as they are written. The order of objects, and of keys in them, means nothing.
        after: those of the other render.
    """
    old, new = ({_key(one): one for one in side} for side in (before, after))
    pairs: list[tuple[Manifest | None, Manifest | None]] = [(old.get(key), one) for key, one in new.items()]
    pairs += [(one, None) for key, one in old.items() if key not in new]
    return [_difference(one, other) for one, other in pairs if _text(one) != _text(other)]


def _text(manifest: Manifest | None) -> str:
    """An object in the one form that tells ``1`` from ``true``, and no order of keys."""
    return emit([manifest], "ndjson") if manifest is not None else ""


def _key(manifest: Manifest) -> tuple[str, str, str, str]:
    group = str(manifest["apiVersion"]).rpartition("/")[0]
    metadata = manifest["metadata"]
    return group, manifest["kind"], metadata.get("namespace") or "", metadata["name"]


def _difference(before: Manifest | None, after: Manifest | None) -> Difference:
    one = after or before
    assert one is not None  # it is in one of the two
    _, kind, namespace, name = _key(one)
    shown = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"
    if kind == "Secret":
        before, after = _hidden(before, None), _hidden(after, before)
    old, new = (emit([side], "yaml").splitlines() if side is not None else [] for side in (before, after))
    place = shown.replace(" ", "/")
    one_label, other_label = (f"before/{place}" if old else "/dev/null"), (f"after/{place}" if new else "/dev/null")
    raw = unified_diff(old, new, one_label, other_label, n=CONTEXT, lineterm="")
    lines = tuple(_placed(line, new or old, bool(new)) for line in raw)
    if before is None or after is None:
        return Difference(shown, "removed" if after is None else "added", (), lines)
    return Difference(shown, "changed", tuple(fields(before, after)), lines, _replaces(kind, before, after))


def _replaces(kind: str, before: Manifest, after: Manifest) -> bool:
    strategy = (after.get("spec") or {}).get("updateStrategy") or {}
    if kind not in ROLLED or strategy.get("type") == "OnDelete":
        return False
    return bool(before["spec"].get("template") != after["spec"].get("template"))


def _hidden(secret: Manifest | None, other: Manifest | None) -> Manifest | None:
    """A Secret without its values: only that one is another than in the other render is told."""
    found = dict(secret) if secret is not None else None
    for block in ("data", "stringData"):
        values = found.get(block) if found is not None else None
        if found is not None and isinstance(values, Mapping):
            theirs = (other or {}).get(block) or values
            side = "(hidden, and another one)" if other is not None else "(hidden)"
            found[block] = {key: "(hidden)" if theirs.get(key) == one else side for key, one in values.items()}
    return found


# -- where -------------------------------------------------------------------------------------------------------------


def _placed(line: str, text: Sequence[str], after: bool) -> str:
    """A line of the unified form; behind ``@@`` comes the path that its first line stands below."""
    found = re.fullmatch(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@", line)
    if found is None:
        return line
    at = max(int(found[2 if after else 1]) - 1, 0)
    above = ".".join(_above(text, at))
    return f"{line} {above}" if above else line


def _above(text: Sequence[str], at: int) -> list[str]:
    """The keys of block YAML that a line stands below, from the outermost one."""
    keys: list[str] = []
    bound = _depth(text[at]) if at < len(text) else 0
    for line in reversed(text[:at]):
        if bound == 0:
            break
        found = re.match(r"((?: |- )*)([^\s'\"][^\s]*):(?: |$)", line)
        if found is not None and len(found[1]) < bound:
            keys.append(found[2])
            bound = len(found[1])
    return keys[::-1]


def _depth(line: str) -> int:
    found = re.match(r"(?: |- )*", line)
    return found.end() if found is not None else 0


def fields(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """The paths that differ, the shortest that tell it; items of lists with names are known by them."""
    if isinstance(before, list) and isinstance(after, list):
        one, other = _by_name(before), _by_name(after)
        if one is not None and other is not None:
            found = list(_between(one, other, path, lambda key: f"[{key}]"))
            yield from found or [path]  # the same items in another order
            return
        if len(before) == len(after):
            for index, (left, right) in enumerate(zip(before, after, strict=True)):
                if left != right:
                    yield from fields(left, right, f"{path}[{index}]")
            return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _between(before, after, path, lambda key: _step(key, path))
        return
    yield path


def _between(one: Mapping[str, Any], other: Mapping[str, Any], path: str, shown: Callable[[str], str]) -> Iterator[str]:
    for key in sorted({*one, *other}):
        if key not in one or key not in other:
            yield path + shown(key)
        elif one[key] != other[key]:
            yield from fields(one[key], other[key], path + shown(key))


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    found = {item["name"]: item for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)}
    return found if len(found) == len(items) else None


def _step(key: str, path: str) -> str:
    if not re.fullmatch(r"[\w-]+", key):
        return f'["{key}"]'
    return f".{key}" if path else key
