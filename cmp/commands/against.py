"""``--against``: an earlier revision of the same application, to be compared with this one."""

from __future__ import annotations

import os
from typing import NamedTuple

from cmp import files
from cmp.compare.immutable import compared
from cmp.compare.report import changes
from cmp.diagnostics import Diagnostic, SpecError
from cmp.environment import Environment
from cmp.pipeline import Rendered, environments, render


class Comparison(NamedTuple):
    """What is wrong with the step from the earlier revision to this one, and how many objects both have."""

    found: list[Diagnostic]
    objects: int


def compare(path: str, against: str, environment: Environment, rendered: Rendered) -> Comparison:
    """Compare a render with that of an earlier revision.

    Args:
        path: what was rendered.
        against: where the earlier revision is, see ``earlier``.
        environment: who runs us; the earlier revision is rendered for the same.
        rendered: the outcome.

    Raises:
        SpecError: the directory is not there, or what it holds cannot be rendered.
    """
    before = earlier(path, against, environment)
    if before is None:
        return Comparison([], 0)
    found = changes(before.manifests, rendered.built, rendered.context)
    return Comparison(found, compared(before.manifests, rendered.manifests))


def earlier(path: str, against: str, environment: Environment) -> Rendered | None:
    """Render the earlier revision of a path; None where it has none, or had no such environment.

    Args:
        path: what is rendered now.
        against: a directory that holds the whole repository as it was, such as a worktree of git; the application is
            looked for at the same place in it.
        environment: who runs us, and what is rendered for.

    Raises:
        SpecError: the directory is not there, or what it holds cannot be rendered.
    """
    if not os.path.isdir(against):
        help = "name a directory with the repository as it was: git worktree add DIRECTORY REVISION"
        raise SpecError([Diagnostic("MS002", f'"{against}" is not a directory', help=help)])
    root = files.layout(path, environment.source_path).root
    place = os.path.relpath(os.path.realpath(path), root)
    before = os.path.join(against, place)
    then = environment._replace(source_path=place if os.path.isdir(before) else os.path.dirname(place) or ".")
    if not os.path.exists(before):
        return None
    try:
        if environment.name and environment.name not in environments(before, then):
            return None
        return render(before, then, {})
    except SpecError as error:
        first = error.diagnostics[0]
        if first.code == "MS001":
            return None
        where = f"{first.pos}: " if first.pos else ""
        message = f'the revision in "{against}" cannot be rendered: {where}{first.message}'
        help = "compare with a revision that can, or without --against"
        raise SpecError([Diagnostic("MS241", message, help=help)]) from None
