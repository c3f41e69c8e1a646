"""Trees as leaves, each a path and a text, and where two trees differ."""

import json
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

NOTHING = "nothing"
PART = re.compile(r"([0-9.]+)(ms|s|m|h)")
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
#: Fields whose values are lengths of time.
DURATIONS = frozenset(
    [
        *("timeout", "perTryTimeout", "fixedDelay", "maxAge", "interval", "baseEjectionTime"),
        *("connectTimeout", "idleTimeout", "time", "ttl"),
    ]
)


def leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, child in value.items():
            yield from leaves(child, f"{path}.{key}")
    elif isinstance(value, list) and value:
        for number, child in enumerate(value):
            yield from leaves(child, f"{path}.{number}")
    else:
        yield path, plain(value, path.rpartition(".")[2])


def plain(value: Any, field: str = "") -> str:
    """A value as text. A number is the same with and without its fraction of zero, a duration in any unit."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if field in DURATIONS and isinstance(value, str):
        value = f"{sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, value)):.15g}ms"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


class Finding(NamedTuple):
    """A place where the two differ."""

    where: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.where}: upstream {self.theirs}, ours {self.ours}"


class Difference(NamedTuple):
    """Findings that are meant to be, as patterns of fnmatch (``[*]`` is an asterisk), and why."""

    where: str
    theirs: str
    ours: str
    reason: str

    def explains(self, finding: Finding) -> bool:
        return all(map(fnmatchcase, finding, self[:3]))


def differences(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> list[Finding]:
    """All places of the one that are not the same in the other. Only what the first is about is looked at."""
    found = []
    for key, value in theirs.items():
        left, right = dict(leaves(value, key)), dict(leaves(ours[key], key)) if key in ours else {}
        for path in sorted({*left, *right}):
            pair = left.get(path, NOTHING), right.get(path, NOTHING)
            if pair[0] != pair[1]:
                found.append(Finding(path, *pair))
    return found
