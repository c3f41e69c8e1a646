"""The configuration of a version: which ConfigMap holds its files, and under which keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from cmp.context.names import digest

if TYPE_CHECKING:
    from cmp.spec.storage import ConfigFile


class ConfigText(NamedTuple):
    """A file of the container: its path, its key in the ConfigMap, its contents and its permissions."""

    path: str
    key: str
    text: str
    mode: int | None = None


class Config(NamedTuple):
    """The ConfigMap of a version's files, in the order of their paths."""

    name: str
    files: tuple[ConfigText, ...]


def config(service: str, files: Mapping[str, ConfigFile]) -> Config | None:
    """The files of a version, or None where there are none.

    The name holds a digest of the contents: other contents are another object, so that pods restart for them and those
    that still run keep what they started with.
    """
    keys = _keys(files)
    found = tuple(ConfigText(path, keys[path], files[path].text or "", files[path].mode) for path in sorted(files))
    if not found:
        return None
    contents = "".join(f"{len(part.encode())}:{part}" for file in found for part in (file.key, file.text))
    return Config(f"{service}-config-{digest(contents)}", found)


def _keys(paths: Iterable[str]) -> dict[str, str]:
    """A key for each path: its words, and a digest where two paths have the same ones or they are too many.

    A key has at most 253 letters, digits, ``-``, ``_`` and ``.``, and does not begin with two dots
    (validation.IsConfigMapKey).
    """
    plain = {path: re.sub(r"[^-.a-zA-Z0-9]", "_", path[1:]) for path in paths}
    texts = list(plain.values())
    return {
        path: text if texts.count(text) == 1 and len(text) < 200 and text[:1] != "." else f"{digest(path)}_{text[:200]}"
        for path, text in plain.items()
    }
