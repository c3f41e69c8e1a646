"""Objects to text: the only writer of manifests, as JSON lines or as YAML.

Argo CD reads the output of a plugin twice: apimachinery's decoder splits it into documents, then sigs.k8s.io/yaml
parses each one, JSON too, as YAML 1.1 with go-yaml v2. Both formats are written so that this reader, PyYAML and a
reader of YAML 1.2 find the same objects; ``tests/conformance/test_kubernetes_reader.py`` asks Kubernetes' own code.

JSON lines carry every text. YAML cannot carry DEL, C1 controls, U+FFFE and U+FFFF through Argo CD: written as escapes
they reach it, but between its two reads it writes them raw itself, which its second read refuses, or in the case of
U+0085 turns into a space.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from cmp.diagnostics import Diagnostic, SpecError
from cmp.limits import DEFAULT

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | None"

SPLIT = "make them several applications, or say less for all"

_FIRST = ("apiVersion", "kind", "metadata")

# go-yaml (scannerc.go, yaml_simple_key_is_valid) and PyYAML take no key whose colon stands more than 1024 characters
# after its start. They count the key as it is written, with quotes and escapes of six characters, rarely ten.
_KEY_LIMIT = 1024
_SHORT_KEY = (_KEY_LIMIT - 2) // 10

# The patterns below are strings, compiled when the first text needs them: most renders need none, and compiling all
# of them takes longer than writing the manifests.
#
# What YAML 1.1 does not allow raw, takes for a line break, or may drop as a byte order mark. Surrogates are here to be
# found and refused.
_UNSAFE = r"\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff"
# Legal, but invisible or reordering the text around them: shown as escapes where people read the output.
_HIDDEN = r"\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\U000e0000-\U000e0fff"
# Text for which no literal block is written: one that starts with a space or an empty line (readers take the
# indentation from the first line), has blanks that nobody sees at the end of a line or a tab in its indentation, holds
# a character that only an escape can show, or has empty lines at the end, of which Argo CD would cut one off together
# with the end of the output.
_NO_LITERAL = rf"(?m)\A[ \n]|[ \t]$|^ *\t|\n\n\Z|[\x00-\x08\x0b-\x1f{_UNSAFE}{_HIDDEN}]"

# Plain is only what starts with a letter, `_` or `/`: so it is no number, date, merge key or indicator in any version
# of YAML.
_PLAIN_START = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/"
_PLAIN = _PLAIN_START + "0123456789.-:"
# YAML 1.1's and 1.2's words for booleans and null, in any case, and for numbers, should a dot get lost.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"))

_NESTED = frozenset((dict, list))
_EMPTY: dict[type, str] = {dict: " {}", list: " []"}

_JSON = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"))


def emit(
    objects: Sequence[Mapping[str, object]],
    format: Literal["yaml", "ndjson"],  # noqa: A002
    most: int = DEFAULT.output_bytes,
) -> str:
    """The objects as one text: ``ndjson`` has one per line, ``yaml`` separates documents with ``---``.

    Keys with the value None are left out, and the order of keys does not depend on the order they come in: apiVersion,
    kind, metadata, then the others by name.

    Args:
        objects: what is written, in this order.
        format: the form of the text.
        most: characters that the text may have, about as many as bytes.

    Raises:
        SpecError: it would be longer.
        TypeError: A value has a type that JSON does not know, or a key is not a string.
        ValueError: A value no reader of Kubernetes would give back: a lone surrogate, a number outside int64 or not
            finite, a key that takes more than 1024 characters to write. Whoever builds the objects must refuse these.
    """
    documents, size = [], 0
    for item in objects:
        documents.append(_json(_document(item)) + "\n" if format == "ndjson" else _yaml(item))
        size += len(documents[-1])
        if size > most:  # what services share is in memory once, and would be written many times
            raise SpecError([Diagnostic("MS005", f"the output is larger than {most} bytes", help=SPLIT)])
    return ("" if format == "ndjson" else "---\n").join(documents)


def _document(item: Mapping[str, object]) -> dict[str, Plain]:
    """A top-level object in its canonical form."""
    body = _map(item)
    return {key: body.pop(key) for key in _FIRST if key in body} | body


def _map(items: Mapping[str, object]) -> dict[str, Plain]:
    """A map without the keys that have no value, sorted."""
    return {
        _key(key): value if type(value) is str else _plain(value)
        for key in sorted(items)
        if (value := items[key]) is not None
    }


@lru_cache(maxsize=4096)
def _key(key: object) -> str:
    """A key as plain text; a TypeError for another type, a ValueError for one that is too long to be read back."""
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} of a map is not a string")
    if len(key) > _SHORT_KEY and _written_length(key) > _KEY_LIMIT:
        raise ValueError(f"a key takes more than {_KEY_LIMIT} characters to write: {key[:40]!r}...")
    return str.__str__(key)


def _written_length(key: str) -> int:
    """The length of a key in its longest form: in quotes, and with the escapes that Go's encoding/json adds."""
    return len(_double_quoted(key)) + 5 * sum(map(key.count, "<>&"))


def _plain(value: object) -> Plain:
    """A value made of exact built-in types only, with maps sorted; a TypeError for what JSON does not know."""
    if type(value) is str or (type(value) is int and -(2**63) <= value < 2**63):
        return value
    if isinstance(value, dict):
        return _map(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)  # the text itself, whatever the __str__ of a subclass says
    if value is None or value is True or value is False:
        return value
    return _number(value)


def _number(value: object) -> int | float:
    """A number, a whole one as an int. The limit is that of Kubernetes, which reads larger ones as inexact floats."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise ValueError(f"the number {value} is outside int64")
        return int(value)
    if not isinstance(value, float):
        raise TypeError(f"a value of type {type(value).__name__} cannot be written: {value!r}")
    if value - value != 0:
        raise ValueError(f"the number {value} is not finite")
    return float(value)


def _json(value: Plain) -> str:
    """Compact JSON that is YAML 1.1 too: no surrogate pairs, no escaped slash, nothing raw that YAML refuses."""
    return _escaped(_JSON.encode(value), _UNSAFE)


def _escaped(text: str, characters: str) -> str:
    """JSON with some more escapes. Those characters stand in its strings only, since the rest of JSON is ASCII."""
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(f"[{characters}]", _escape, text)


def _escape(match: re.Match[str]) -> str:
    """One character as an escape of double-quoted YAML, and of JSON if it is in the Basic Multilingual Plane."""
    code = ord(match[0])
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"a lone surrogate, U+{code:04X}, is not a character")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _yaml(item: Mapping[str, object]) -> str:
    """One YAML document in block style, with the final newline. The values are checked as they are written."""
    lines: list[str] = []
    first = [key for key in _FIRST if key in item]
    _yaml_map(lines, item, [*first, *sorted(item.keys() - first)], "", "")
    return "\n".join([*lines, ""]) if lines else "{}\n"


def _yaml_map(lines: list[str], items: Mapping[str, Any], keys: Iterable[str], indent: str, lead: str) -> None:
    """The keys of a map that have a value. ``lead`` stands before the first, for a map that is an item of a list."""
    for key in keys:
        value = items[key]
        if type(value) is str:
            text = _text(value, indent) if "\n" in value else _scalar(value)
            lines.append(f"{lead}{_start(key)} {text}")
        elif value is None:
            continue
        elif type(value) in _NESTED or type(value := _plain(value)) in _NESTED:
            lines.append(lead + _start(key))
            end = len(lines)
            inside = indent + "  "
            if type(value) is dict:
                _yaml_map(lines, value, value if len(value) == 1 else sorted(value), inside, inside)
            else:
                _yaml_list(lines, value, indent, indent)
            if len(lines) == end:
                lines[-1] += _EMPTY[type(value)]
        else:
            lines.append(f"{lead}{_start(key)} {_leaf(value, indent)}")
        lead = indent


def _yaml_list(lines: list[str], items: Sequence[Any], indent: str, lead: str) -> None:
    """The items of a list, their dashes at ``indent``. ``lead`` stands before the first one."""
    for item in items:
        if type(item) is str:
            text = _text(item, indent) if "\n" in item else _scalar(item)
            lines.append(f"{lead}- {text}")
        elif type(item) in _NESTED or type(item := _plain(item)) in _NESTED:
            end = len(lines)
            if type(item) is dict:
                _yaml_map(lines, item, sorted(item), indent + "  ", lead + "- ")
            else:
                _yaml_list(lines, item, indent + "  ", lead + "- ")
            if len(lines) == end:
                lines.append(f"{lead}-{_EMPTY[type(item)]}")
        else:
            lines.append(f"{lead}- {_leaf(item, indent)}")
        lead = indent


@lru_cache(maxsize=4096)
def _start(key: str) -> str:
    """A key as it begins its line."""
    return f"{_scalar(_key(key))}:"


def _leaf(value: Plain, indent: str) -> str:
    """A scalar that starts on the line of its key or dash."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str):
        return _text(value, indent)
    text = _JSON.encode(value)
    # To YAML 1.1 it is a float only with a dot.
    return text.replace("e", ".0e") if isinstance(value, float) and "." not in text else text


def _text(text: str, indent: str) -> str:
    """A string that is a value: where it is safe to do so, several lines are shown as lines."""
    if "\n" not in text or re.search(_NO_LITERAL, text):
        return _scalar(text)
    lines = text.removesuffix("\n").split("\n")
    header = "|" if text.endswith("\n") else "|-"
    return "\n".join([header, *(f"{indent}  {line}" if line else "" for line in lines)])


@lru_cache(maxsize=4096)
def _scalar(text: str) -> str:
    """A string on one line, in the first style that every reader takes for the same string."""
    if _is_plain(text):
        return text
    if text.isascii() and text.isprintable() and "'" not in text:
        return f"'{text}'"
    return _double_quoted(text)


def _is_plain(text: str) -> bool:
    """Whether a string needs no quotes anywhere: as a key, as a value, in YAML 1.1 and 1.2."""
    return (
        text != ""
        and text[0] in _PLAIN_START
        and not text.strip(_PLAIN)  # it has no other characters
        and not text.endswith(":")
        and text.lower() not in _WORDS
    )


def _double_quoted(text: str) -> str:
    """A string in double quotes, which is what JSON writes with some more escapes."""
    return _escaped(_JSON.encode(text), _UNSAFE + _HIDDEN)
