"""The fields of kinds: their names and types, and by which key Kubernetes merges a list.

The table ``kinds.json`` is made by ``tools/kinds.py`` from the definitions of Kubernetes and of the custom kinds that
belong to a mesh. It is read only for specs with ``patches`` or ``manifests``.
"""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any, TypeAlias

#: The type of a value: ``s`` text, ``i`` whole number, ``n`` number, ``b`` boolean, ``q`` quantity, ``x`` whole number
#: or text, ``a`` anything, ``#4`` the fourth entry of the table, ``{`` a map of, ``[`` a list of what follows; a list
#: that is merged has the key of its items, or nothing for plain values, and ``|`` behind the bracket.
Type: TypeAlias = str

ANYTHING: Type = "a"


@cache
def _table() -> Any:
    with open(os.path.join(os.path.dirname(__file__), "kinds.json"), encoding="utf-8") as file:
        return json.load(file)


def type_of(api: str, kind: str) -> Type | None:
    """The type of a kind's objects, or None for a kind that the table does not have."""
    found = _table()["kinds"].get(f"{api}/{kind}")
    return None if found is None else f"#{found[0]}"


def is_namespaced(api: str, kind: str) -> bool | None:
    """Whether objects of a kind live in a namespace, or None for a kind that the table does not have."""
    found = _table()["kinds"].get(f"{api}/{kind}")
    return None if found is None else len(found) == 1


def apis(kind: str) -> list[str]:
    """The API versions in which the table has a kind."""
    return [key.rpartition("/")[0] for key in _table()["kinds"] if key.rpartition("/")[2] == kind]


def fields(type_: Type) -> dict[str, Type] | None:
    """The fields of an object by name, or None where a value is no object with fields."""
    if not type_.startswith(("#", "=")):
        return None
    found: dict[str, Type] = _entry(type_)["f"]
    return found


def is_open(type_: Type) -> bool:
    """Whether an object may have fields beside those of the table."""
    return bool(_entry(type_).get("o"))


def required(type_: Type) -> list[str]:
    """The fields that an object cannot do without."""
    found: list[str] = _entry(type_).get("r", [])
    return found


def exclusive(type_: Type) -> list[str]:
    """The fields of which an object has one at most."""
    found: list[str] = _entry(type_).get("u", [])
    return found


def below(type_: Type, key: str) -> Type | None:
    """The type of the value under a key, or None for a field that there is not."""
    if type_.startswith("{"):
        return type_[1:]
    known = fields(type_)
    if known is None:
        return ANYTHING
    return known.get(key) or (ANYTHING if is_open(type_) else None)


def item(type_: Type) -> tuple[str | None, Type]:
    """How a list is merged, and the type of its items: by a key, as a set (an empty key), or not at all (None)."""
    if not type_.startswith("["):
        return None, ANYTHING
    key, bar, inner = type_[1:].partition("|")
    return (key, inner) if bar else (None, type_[1:])


def _entry(type_: Type) -> Any:
    return _table()["types"][int(type_.lstrip("=#"))]
