"""What one render may take: the bounds, who may change them, and how much of them the files have used up.

A plugin reads strangers' files in a container that all applications share, so what grows with its input has a bound.
Variables of that container set them, which no application can: Argo CD puts ARGOCD_ENV_ or PARAM_ before the names of
all that it takes from one
(https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from cmp.diagnostics import Diagnostic, Pos, SpecError, did_you_mean
from cmp.places import MAX_BYTES

PREFIX = "MESHSPEC_MAX_"
#: Python's stack ends before a tree of so many levels does, whatever the operator wants.
DEEPEST = 100
MOST = 10**12


class Limits(NamedTuple):
    """The bounds of one render. The variable of each is its name in capitals behind MESHSPEC_MAX_.

    Attributes:
        file_bytes: bytes of one file.
        files: files that are read, and that one pattern may name.
        total_bytes: bytes of all files together; one that several services name counts for each of them.
        depth: maps and lists inside each other, in one file.
        file_values: keys and items of one file, with aliases counted as often as they are used.
        values: keys and items of all files together, and of all services with what defaults add to each of them.
        services: services of one render.
        items: items of one list of a service; routes, rules and the like are compared with each other.
        output_bytes: bytes of the output. Argo CD passes on 100 MB (ARGOCD_GRPC_MAX_SIZE_MB).
    """

    file_bytes: int = MAX_BYTES
    files: int = 4000
    total_bytes: int = 16 << 20
    depth: int = 48
    file_values: int = 100_000
    values: int = 500_000
    services: int = 2000
    items: int = 1000
    output_bytes: int = 64 << 20


#: The bounds where nobody says others.
DEFAULT = Limits()
#: The variables that change them, and which field each changes.
VARIABLES = {PREFIX + name.upper(): name for name in Limits._fields}


class LimitError(SpecError):
    """The files of a render are too large together. There is no going on with the next one."""


def from_variables(variables: Mapping[str, str]) -> Limits:
    """The bounds that an environment says.

    Raises:
        SpecError: a variable holds no number, or has a name that nothing reads.
    """
    found = {name: text for name, text in variables.items() if name.startswith(PREFIX)}
    if not found:
        return DEFAULT
    unknown = sorted(found.keys() - VARIABLES.keys())
    wrong = [Diagnostic("MS070", f"{name} sets nothing", help=did_you_mean(name, [*VARIABLES])) for name in unknown]
    limits = DEFAULT
    for name, text in sorted((name, text) for name, text in found.items() if name in VARIABLES):
        most = DEEPEST if name == "MESHSPEC_MAX_DEPTH" else MOST
        if re.fullmatch("[1-9][0-9]{0,12}", text) and int(text) <= most:
            limits = limits._replace(**{VARIABLES[name]: int(text)})
        else:
            message = f"{name} is not a whole number from 1 to {most}"
            wrong.append(Diagnostic("MS070", message, help="write digits only, in the container of the plugin"))
    if wrong:
        raise SpecError(wrong)
    return limits


class Used:
    """How much the files of one render have taken of its bounds."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self._files = self._bytes = self._values = 0

    def file(self, size: int, pos: Pos) -> None:
        """Count a file, or another use of one.

        Raises:
            LimitError: it is one too many, or too many bytes.
        """
        self._files, self._bytes = self._files + 1, self._bytes + size
        if self._files > self.limits.files:
            raise self._over(f"more than {self.limits.files} files in one render", pos)
        if self._bytes > self.limits.total_bytes:
            raise self._over(f"more than {self.limits.total_bytes} bytes in the files of one render", pos)

    def add(self, other: Used, pos: Pos) -> None:
        """Count what another reading has counted.

        Raises:
            LimitError: it is too much.
        """
        self._files += other._files - 1
        self._values += other._values
        self.file(other._bytes, pos)
        if self.values_left < 0:
            raise self.too_many_values(pos)

    def values(self, count: int) -> None:
        """Count the values of a file that was read."""
        self._values += count

    @property
    def values_left(self) -> int:
        """How many values the next file may hold, by what all of them may."""
        return self.limits.values - self._values

    def too_many_values(self, pos: Pos) -> LimitError:
        """What to raise for a file that holds more than are left."""
        return self._over(f"more than {self.limits.values} values in the files of one render, aliases counted", pos)

    def _over(self, message: str, pos: Pos) -> LimitError:
        return LimitError([Diagnostic("MS005", message, pos, "make them several applications")])
