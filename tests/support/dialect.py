"""The JSON Schema dialect both kinds of schema are checked with: draft 2020-12 plus the Kubernetes keywords."""

import base64
import binascii
import ipaddress
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, TypeChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry

from tests.support.values import CHECKS

CHECK = "x-check"
"""The keyword that names a function of ``values.CHECKS``; added to schemas by this package only."""

_LONGEST_MESSAGE = 400


def _is_integer(_: TypeChecker, value: object) -> bool:
    """An integer is written without a fraction: Go refuses to decode 1.0 into an int."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: TypeChecker, value: object) -> bool:
    """JSON has no NaN and no infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_TYPES = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern with Go's meaning: ASCII classes, and a final ``$`` that does not match before a newline."""
    if pattern.startswith("^(?i)"):  # Python takes a flag at the very start only
        pattern = "(?i)^" + pattern.removeprefix("^(?i)")
    final_dollar = re.search(r"(?<!\\)\$$", pattern)
    return re.compile(pattern[:-1] + r"\Z" if final_dollar else pattern, re.ASCII)


def _pattern(_: Validator, pattern: str, instance: object, __: object) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _list_type(_: Validator, kind: str, instance: object, schema: Mapping[str, Any]) -> Iterator[ValidationError]:
    """x-kubernetes-list-type: items of a set, and the keys of the items of a map, are unique.

    From the structural schema rules (apiextensions ``pkg/apiserver/schema/listtype/validation.go``).
    """
    if not isinstance(instance, list) or kind not in ("set", "map"):
        return
    keys = schema.get("x-kubernetes-list-map-keys", [])
    seen: set[str] = set()
    for item in instance:
        identity = _map_key(item, keys) if kind == "map" else item
        text = json.dumps(identity, sort_keys=True)
        if text in seen:
            yield ValidationError(f"duplicate {kind} entry {text}")
        seen.add(text)


def _map_key(item: object, keys: list[str]) -> object:
    """The key of one list entry; a protocol left out is TCP in every built-in type that has it as a key."""
    if not isinstance(item, Mapping):
        return item
    return {key: item.get(key, "TCP" if key == "protocol" else None) for key in keys}


def _check(_: Validator, name: str, instance: object, __: object) -> Iterator[ValidationError]:
    if instance is not None:
        yield from map(ValidationError, CHECKS[name](instance))


FORMATS = FormatChecker(formats=())
"""The formats the API server enforces (apiextensions ``pkg/apiserver/validation/formats.go``) that occur."""


def _integer_format(bits: int) -> None:
    @FORMATS.checks(f"int{bits}")
    def fits(value: object) -> bool:
        return not isinstance(value, int) or -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


_integer_format(32)
_integer_format(64)


@FORMATS.checks("ipv4", raises=ValueError)
def _ipv4(value: object) -> bool:
    return not isinstance(value, str) or bool(ipaddress.IPv4Address(value).packed)


@FORMATS.checks("ipv6", raises=ValueError)
def _ipv6(value: object) -> bool:
    return not isinstance(value, str) or ("%" not in value and bool(ipaddress.IPv6Address(value).packed))


@FORMATS.checks("date-time", raises=ValueError)
def _date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("byte", raises=binascii.Error)
def _byte(value: object) -> bool:
    return not isinstance(value, str) or base64.b64decode(value, validate=True) is not None


_extend: Any = extend  # its type is unknown with the stubs of jsonschema and without them
_Dialect = _extend(
    Draft202012Validator,
    validators={"pattern": _pattern, "x-kubernetes-list-type": _list_type, CHECK: _check},
    type_checker=_TYPES,
)


def validator(schema: Mapping[str, Any], registry: "Registry[Any] | None" = None) -> Validator:
    """A validator of the dialect for one schema."""
    checker: Validator = _Dialect(schema, registry=registry or Registry(), format_checker=FORMATS)
    return checker


def schema_errors(checker: Validator, value: Any, at: str = "") -> list[str]:
    """What a validator finds, as ``path: message`` in a stable order."""
    return sorted(f"{at}{dotted(e.absolute_path)}: {e.message[:_LONGEST_MESSAGE]}" for e in checker.iter_errors(value))


def dotted(path: Iterable[str | int]) -> str:
    """A path as the API server prints it: ``.spec.http[0].timeout``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def json_errors(value: object, path: str = "") -> list[str]:
    """What could not be written as JSON: keys that are not strings, dates, tuples, NaN and the like.

    A validator for JSON would not notice a key that is the integer 80, yet every client of the API would.
    """
    if isinstance(value, dict):
        keys = [f"{path}: key {key!r} is not a string" for key in value if not isinstance(key, str)]
        return keys + [e for key, item in value.items() for e in json_errors(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [e for index, item in enumerate(value) for e in json_errors(item, f"{path}[{index}]")]
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return []
    return [f"{path}: {value!r} ({type(value).__name__}) is not a JSON value"]
