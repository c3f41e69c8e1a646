"""``cmp validate``: everything that ``generate`` does, except writing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from cmp.commands.formats import as_github, as_sarif, coloured
from cmp.commands.owners import twice_owned
from cmp.diagnostics import Diagnostic, SpecError, as_json, in_order, render
from cmp.emit import emit
from cmp.environment import Environment, from_process
from cmp.output import write
from cmp.pipeline import Rendered, environments
from cmp.pipeline import render as render_path

if TYPE_CHECKING:
    from cmp.commands.against import Comparison


def validate(
    path: str,
    output: Literal["text", "json", "sarif", "github"] = "text",
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
    against: str = "",
) -> int:
    """Check a path and print what was found: 0 nothing wrong, 1 errors.

    Without an environment, a path whose files name environments is checked for each of them. ``against`` is a directory
    with the repository as it was: what the API server would refuse to change is an error, too.
    """
    texts: dict[str, str] = {}
    found: list[Diagnostic] = []
    summary = ""
    try:
        environment = from_process(namespace, env, settings)
        for one in each(path, environment):
            try:
                rendered = render_path(path, one, texts)
                emit(rendered.manifests, "ndjson", one.limits.output_bytes)
                found += rendered.warnings
                comparison = _compared(path, against, one, rendered) if against else None
                problems = [*twice_owned(path, one, rendered), *(comparison.found if comparison is not None else [])]
                found += problems
                if not any(problem.severity == "error" for problem in problems):
                    summary += f"{named(one)}{_counted(rendered)}: fine{_told(comparison, against)}\n"
            except SpecError as error:
                found += error.diagnostics
    except SpecError as error:
        found += error.diagnostics
    found = in_order(found)
    if output == "json":
        write(as_json(found) + "\n")
    elif output == "sarif":
        write(as_sarif(found) + "\n")
    elif output == "github":
        write(as_github(found))
    else:
        write(summary)
        sys.stderr.write(coloured(render(found, texts), sys.stderr) + "\n" if found else "")
    return 1 if any(one.severity == "error" for one in found) else 0


def each(path: str, environment: Environment) -> list[Environment]:
    """The environment that was chosen, or one for each name that the files of a path know."""
    names = [] if environment.name else environments(path, environment)
    return [environment._replace(name=name) for name in names] or [environment]


def _compared(path: str, against: str, environment: Environment, rendered: Rendered) -> Comparison:
    from cmp.commands.against import compare  # not needed otherwise

    return compare(path, against, environment, rendered)


def _counted(rendered: Rendered) -> str:
    services = len(rendered.context.services)
    return f"{services} service{'s' if services != 1 else ''}, {len(rendered.manifests)} objects"


def _told(comparison: Comparison | None, against: str) -> str:
    return "" if comparison is None else f" ({comparison.objects} of them compared with {against})"


def named(environment: Environment) -> str:
    """What a line about one of several environments begins with."""
    return f"{environment.name}: " if environment.name else ""
