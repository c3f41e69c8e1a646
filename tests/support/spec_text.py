"""Nodes back to YAML, every scalar as it was written: plain ones stay plain, quoted ones quoted."""

import json
import re
from collections.abc import Mapping

from cmp.node import Node, Quoted
from cmp.source import NULLS

# Plain scalars that mean the same inside a flow collection.
_PLAIN = re.compile(r"-?[A-Za-z0-9/][A-Za-z0-9/.+_%*-]*")


def written(node: Node) -> str:
    """A node as one line of YAML in flow style."""
    value = node.value
    if isinstance(value, dict):
        return in_braces({key: written(child) for key, child in value.items()})
    if isinstance(value, list):
        return f"[{', '.join(written(item) for item in value)}]"
    return "null" if value is None else scalar(value)


def in_braces(parts: Mapping[str, str]) -> str:
    """A map of finished values."""
    return f"{{{', '.join(f'{quoted(key)}: {text}' for key, text in parts.items())}}}"


def scalar(text: str) -> str:
    """A scalar as it was written. A plain one that flow style has no room for is no number, so quotes do no harm."""
    plain = not isinstance(text, Quoted) and _PLAIN.fullmatch(text) and text not in NULLS
    return text if plain else quoted(text)


def quoted(text: str) -> str:
    """Text in double quotes: JSON, in which YAML 1.1 finds the same characters once all but ASCII is escaped."""
    return re.sub(r"[^ -~]", _escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"
