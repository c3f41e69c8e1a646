"""What istiod answered: read from the file that was written when it was asked, or asked now.

The file holds each part of a configuration once, and names it by its place: proxies differ in little.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.order.istiod.asking import Asked
from tests.support.istiod_oracle import istiod_is_built, told_by_istiod

#: Of a moment's digest, what each proxy is told by its name.
Told: TypeAlias = "Mapping[str, Mapping[str, Any]]"

FILE = Path(__file__).with_name("recorded.json")
_WORTH_IT = 40  # characters


def answered(asked: Iterable[Asked], *, update: bool = False) -> Told:
    """What istiod tells in moments.

    It is asked about what was not recorded, and about everything where the file is to be written anew, or the variable
    MESHSPEC_BUILD_ISTIO says that it may be built. Where it is not there and has to be asked, the test is skipped.
    """
    moments = {one.digest: one for one in asked}
    told = {} if update or os.environ.get("MESHSPEC_BUILD_ISTIO") else _unpacked(FILE.read_text(encoding="utf-8"))
    if missing := [one for digest, one in moments.items() if digest not in told]:
        if not istiod_is_built():
            pytest.skip(
                f"{len(missing)} of {len(moments)} moments are not in {FILE.name}, and istiod is not built: "
                "`make istio-check` builds it, and `--update` writes the file"
            )
        found = told_by_istiod([one.given for one in missing])
        told |= {one.digest: each for one, each in zip(missing, found, strict=True)}
    if update:
        FILE.write_text(_packed(told), encoding="utf-8")
    return told


def _packed(told: Told) -> str:
    """The parts and then the moments, a line each."""
    parts: dict[str, int] = {}
    moments = {digest: {name: _pack(body, parts) for name, body in one.items()} for digest, one in told.items()}
    lines = [f"{_text(digest)}:{_text(one)}" for digest, one in sorted(moments.items())]
    return '{"parts":[\n' + ",\n".join(parts) + '\n],"moments":{\n' + ",\n".join(lines) + "\n}}\n"


def _pack(value: Any, parts: dict[str, int]) -> Any:
    """The value, or, where it is long enough to be worth it, its place among the parts, which are before it."""
    if isinstance(value, dict):
        value = {key: _pack(one, parts) for key, one in value.items()}
    elif isinstance(value, list):
        value = [_pack(one, parts) for one in value]
    else:
        return value
    text = _text(value)
    return {"#": parts.setdefault(text, len(parts))} if len(text) > _WORTH_IT else value


def _unpacked(text: str) -> dict[str, Any]:
    packed, parts = json.loads(text), list[Any]()
    for one in packed["parts"]:
        parts.append(_whole(one, parts))
    return {digest: _whole(one, parts) for digest, one in packed["moments"].items()}


def _whole(value: Any, parts: list[Any]) -> Any:
    if isinstance(value, list):
        return [_whole(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    return parts[value["#"]] if "#" in value else {key: _whole(one, parts) for key, one in value.items()}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
