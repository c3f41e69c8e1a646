"""JSON Patch (RFC 6902) on plain data, with paths as JSON Pointers (RFC 6901)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple


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
    """A document after one operation, as new data.

    Raises:
        OperationError: the path does not exist, or a test does not hold.
    """
    whole = deepcopy(document)
    steps = tokens(operation.path)
    if operation.op == "test":
        if not _equal(_value(whole, steps), operation.value):
            raise OperationError(f'the value at "{operation.path}" is another one')
        return whole
    if operation.op == "remove":
        return _removed(whole, steps)
    if operation.op == "replace":
        _value(whole, steps)
        return _placed(whole, steps, operation.value, replacing=True)
    if operation.op == "add":
        return _placed(whole, steps, operation.value)
    source = tokens(operation.source)
    value = deepcopy(_value(whole, source))
    if operation.op == "move":
        if steps[: len(source)] == source and len(steps) > len(source):
            raise OperationError(f'"{operation.source}" cannot be moved into itself')
        whole = _removed(whole, source)
    return _placed(whole, steps, value)


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
    if int(step) > most:
        raise OperationError(f'the list at "{_shown(steps[:index])}" has {len(holder)} items, and no index {step}')
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
