"""``cmp generate``: a path in, its objects out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from time import perf_counter, process_time
from typing import Literal

from cmp.diagnostics import Diagnostic, SpecError, render
from cmp.emit import emit
from cmp.environment import Environment, by_argocd, from_process, log_file
from cmp.output import write
from cmp.pipeline import render as render_path
from cmp.waves import Manifest

#: Bytes of errors for Argo CD, which shows them on one line and stores them with the Application.
UI_LIMIT = 2000


class Outcome:
    """What a render came to, for those who want to know more of it than its output.

    Attributes:
        path: what was rendered.
        environment: who ran us, as far as that could be read.
        texts: the files that were read, by the names that positions use.
        found: what is wrong, or worth a warning.
        manifests: the objects.
        text: the output; empty unless all is right.
        marks: seconds by stage. The start of the program is processor time, since nothing of ours ran before it.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.environment = Environment(argocd=by_argocd())
        self.texts: dict[str, str] = {}
        self.found: list[Diagnostic] = []
        self.manifests: list[Manifest] = []
        self.text = ""
        self.marks = {"start": process_time()}
        self._last = perf_counter()

    def note(self, stage: str) -> None:
        """A stage has ended."""
        now = perf_counter()
        self.marks[stage] = now - self._last
        self._last = now


def generate(
    path: str,
    output: Literal["yaml", "ndjson"] = "yaml",
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
    timings: bool = False,
    debug_bundle: str = "",
) -> int:
    """Render a path to stdout, or print what is wrong to stderr and write nothing.

    stdout is written once, when everything is built and checked: Argo CD takes whatever comes with exit code 0, and
    deletes what is missing from it. So a bundle that cannot be written is an error before that.
    """
    outcome, log = Outcome(path), log_file()
    if not (timings or debug_bundle or log):
        code = _render(outcome, output, env, namespace, settings)
    else:
        from cmp.commands.observed import observed  # only for who wants to know

        def run() -> int:
            return _render(outcome, output, env, namespace, settings)

        code = observed(run, outcome, timings, debug_bundle, log)
    if code == 0:
        write(outcome.text)
    return code


def _render(
    outcome: Outcome, output: Literal["yaml", "ndjson"], env: str, namespace: str, settings: Sequence[str]
) -> int:
    limit = None
    try:
        outcome.environment = environment = from_process(namespace, env, settings)
        limit = UI_LIMIT if environment.argocd else None
        rendered = render_path(outcome.path, environment, outcome.texts, outcome.note)
        text = emit(rendered.manifests, output)
    except SpecError as error:
        outcome.found = error.diagnostics
        sys.stderr.write(render(error.diagnostics, outcome.texts, limit) + "\n")
        return 1
    outcome.note("write")
    outcome.found, outcome.manifests, outcome.text = rendered.warnings, rendered.manifests, text
    if rendered.warnings:
        sys.stderr.write(render(rendered.warnings, outcome.texts) + "\n")
    return 0
