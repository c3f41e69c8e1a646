"""``--against``: an earlier revision of the same application, rendered for the comparison with this one."""

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
        against: a directory that holds the whole repository as it was, such as a worktree of git; the application is
            looked for at the same place in it. One that is not there, or had no such environment, is new.
        environment: who runs us; the earlier revision is rendered for the same.
        rendered: the outcome.

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
        return Comparison([], 0)
    try:
        if environment.name and environment.name not in environments(before, then):
            return Comparison([], 0)
        earlier = render(before, then, {})
    except SpecError as error:
        first = error.diagnostics[0]
        if first.code == "MS001":
            return Comparison([], 0)
        where = f"{first.pos}: " if first.pos else ""
        message = f'the revision in "{against}" cannot be rendered: {where}{first.message}'
        help = "compare with a revision that can, or without --against"
        raise SpecError([Diagnostic("MS241", message, help=help)]) from None
    found = changes(earlier.manifests, rendered.built, rendered.context)
    return Comparison(found, compared(earlier.manifests, rendered.manifests))
