"""JSON Patch (RFC 6902) on plain data, with paths as JSON Pointers (RFC 6901)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

#: The most values in an object, and the most levels: an object copied into itself twenty times is a million objects.
MAX_VALUES = 20_000
MAX_LEVELS = 64
#: No list has an index of more digits; Python refuses to read some of 5000.
_MAX_DIGITS = 6


class OperationError(Exception):
    """An operation that cannot be carried out."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help


class Operation(NamedTuple):
    """One operation: what is done, where, where from (``move`` and ``copy``), and the value of the others."""

    op: str
    path: str
    source: str = ""
    value: Any = None


def tokens(pointer: str) -> list[str]:
    """The steps of a JSON Pointer.

    Raises:
        OperationError: it is not empty and does not begin with a slash, or has a ``~`` that is no escape.
    """
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise OperationError(f'"{pointer}" does not begin with a slash', f"write /{pointer.replace('.', '/')}")
    steps = pointer[1:].split("/")
    for step in steps:
        if "~" in step.replace("~0", "").replace("~1", ""):
            raise OperationError(f'"{step}" has a "~" that is no escape', "write ~0 for ~ and ~1 for /")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def apply(document: Any, operation: Operation) -> Any:
    """A document after one operation, which may be the same one, changed.

    Raises:
        OperationError: the path does not exist, a test does not hold, or the document would grow beyond its bounds.
            The document is as it was, or half of a move.
    """
    whole = document
    steps = tokens(operation.path)
    if operation.op == "test":
        if not _equal(_value(whole, steps), operation.value):
            raise OperationError(f'the value at "{operation.path}" is another one')
        return whole
    if operation.op == "remove":
        return _removed(whole, steps)
    if operation.op in ("add", "replace"):
        _bound(len(steps), 0, operation.value)
    if operation.op == "replace":
        _value(whole, steps)
        return _placed(whole, steps, operation.value, replacing=True)
    if operation.op == "add":
        return _placed(whole, steps, operation.value)
    source = tokens(operation.source)
    value = _value(whole, source)
    _bound(len(steps), _size(whole) if operation.op == "copy" else 0, value)
    value = deepcopy(value)
    if operation.op == "move":
        if steps[: len(source)] == source and len(steps) > len(source):
            raise OperationError(f'"{operation.source}" cannot be moved into itself')
        whole = _removed(whole, source)
    return _placed(whole, steps, value)


def _bound(depth: int, values: int, value: Any) -> None:
    """Refuse a value that would make an object too deep or too large.

    Raises:
        OperationError: so deep down, or beside so many values.
    """
    if depth + _height(value) > MAX_LEVELS:
        raise OperationError(f"the object would be deeper than {MAX_LEVELS} levels", "no kind of object is that deep")
    if values and values + _size(value) > MAX_VALUES:
        help = "copy less: an object of that size cannot be stored"
        raise OperationError(f"the object would have more than {MAX_VALUES} values", help)


def _height(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(_height, children), default=0)


def _size(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_size, children))


def _value(document: Any, steps: list[str]) -> Any:
    for index in range(len(steps)):
        document = document[_step(document, steps, index)]
    return document


def _removed(document: Any, steps: list[str]) -> Any:
    if not steps:
        raise OperationError("the whole object cannot be removed so", "write merge: {$patch: delete}")
    holder = _value(document, steps[:-1])
    del holder[_step(holder, steps, len(steps) - 1)]
    return document


def _placed(document: Any, steps: list[str], value: Any, replacing: bool = False) -> Any:
    if not steps:
        return value
    holder, last = _value(document, steps[:-1]), steps[-1]
    if isinstance(holder, list) and not replacing:
        at = len(holder) if last == "-" else _index(holder, steps, len(steps) - 1, len(holder))
        holder.insert(at, value)
    elif isinstance(holder, list):
        holder[_index(holder, steps, len(steps) - 1, len(holder) - 1)] = value
    elif isinstance(holder, dict):
        holder[last] = value
    else:
        raise _missing(steps, len(steps) - 1)
    return document


def _step(holder: Any, steps: list[str], index: int) -> Any:
    """The key or index that a step means, which must be there."""
    if isinstance(holder, list):
        return _index(holder, steps, index, len(holder) - 1)
    if isinstance(holder, dict) and steps[index] in holder:
        return steps[index]
    raise _missing(steps, index, holder)


def _index(holder: list[Any], steps: list[str], index: int, most: int) -> int:
    step = steps[index]
    if not step.isdigit() or not step.isascii() or (step != "0" and step.startswith("0")):
        raise OperationError(f'"{step}" is no index of the list at "{_shown(steps[:index])}"', "count from 0")
    if len(step) > _MAX_DIGITS or int(step) > most:
        raise OperationError(f'the list at "{_shown(steps[:index])}" has {len(holder)} items, and no index {step[:12]}')
    return int(step)


def _missing(steps: list[str], index: int, holder: Any = None) -> OperationError:
    known = ", ".join(sorted(holder)[:20]) if isinstance(holder, dict) else ""
    help = f'"{_shown(steps[:index])}" has {known}' if known else ""
    return OperationError(f'there is nothing at "{_shown(steps[: index + 1])}"', help)


def _shown(steps: list[str]) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _equal(one: Any, other: Any) -> bool:
    """Equality of JSON: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
