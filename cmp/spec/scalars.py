"""Scalars of data that the language passes on, by the core schema of YAML 1.2.

https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re

_BASES = {r"[-+]?[0-9]+": 10, r"0o[0-7]+": 8, r"0x[0-9a-fA-F]+": 16}
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def core(text: str) -> str | int | float | bool:
    """A scalar without quotes. Text that no number of Kubernetes can hold stays text."""
    if text in _WORDS:
        return _WORDS[text]
    number: int | float | None = None
    if len(text) <= 40:
        base = next((base for shape, base in _BASES.items() if re.fullmatch(shape, text)), None)
        if base is not None:
            number = int(text.replace("0o", ""), base)
        elif re.fullmatch(_FLOAT, text):
            number = float(text)
    return str(text) if number is None or abs(number) >= 2**63 else number


def ambiguous(text: str) -> bool:
    """Whether a scalar without quotes is octal to some readers of YAML, and decimal to others."""
    return re.fullmatch("[-+]?0[0-9]+", text) is not None
