"""``cmp generate``: a path in, its objects out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from time import perf_counter, process_time
from typing import Literal

from cmp.diagnostics import Diagnostic, SpecError, folded, render
from cmp.emit import emit
from cmp.environment import Environment, by_argocd, from_process, log_file
from cmp.pipeline import render as render_path
from cmp.waves import Manifest

#: Bytes of errors for Argo CD, which shows them on one line and stores them with the Application.
UI_LIMIT = 2000


class Outcome:
    """What a render came to, for those who want to know more of it than its output.

    Attributes:
        path: what was rendered.
        environ: the variables of the process that asks.
        environment: who runs us, as far as that could be read.
        texts: the files that were read, by the names that positions use.
        found: what is wrong, or worth a warning.
        manifests: the objects.
        code: the exit code.
        text: what belongs on stdout; empty unless all is right.
        said: what belongs on stderr.
        marks: seconds by stage. The start of the program is processor time, since nothing of ours ran before it.
    """

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ
        self.environment = Environment(argocd=by_argocd(environ))
        self.texts: dict[str, str] = {}
        self.found: list[Diagnostic] = []
        self.manifests: list[Manifest] = []
        self.code = 1
        self.text = ""
        self.said = ""
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
    environ: Mapping[str, str] = os.environ,
) -> tuple[int, bytes, str]:
    """Render a path: the exit code, what belongs on stdout, and what belongs on stderr.

    There is nothing for stdout where anything is wrong, a bundle that cannot be written included.
    """
    outcome, log = Outcome(path, environ), log_file(environ)

    def run() -> None:
        _render(outcome, output, env, namespace, settings)

    if timings or debug_bundle or log:
        from cmp.commands.observed import observed  # only for who wants to know

        observed(run, outcome, timings, debug_bundle, log)
    else:
        run()
    return outcome.code, outcome.text.encode(), outcome.said


def _render(
    outcome: Outcome, output: Literal["yaml", "ndjson"], env: str, namespace: str, settings: Sequence[str]
) -> None:
    try:
        outcome.environment = environment = from_process(namespace, env, settings, outcome.environ)
        rendered = render_path(outcome.path, environment, outcome.texts, outcome.note)
        text = emit(rendered.manifests, output, environment.limits.output_bytes)
    except SpecError as error:
        outcome.found, outcome.said = error.diagnostics, _said(error, outcome) + "\n"
        return
    outcome.note("write")
    outcome.found, outcome.manifests, outcome.text, outcome.code = rendered.warnings, rendered.manifests, text, 0
    outcome.said = render(rendered.warnings, outcome.texts) + "\n" if rendered.warnings else ""


def _said(error: SpecError, outcome: Outcome) -> str:
    if by_argocd(outcome.environ):
        return folded(error.diagnostics, UI_LIMIT)
    return render(error.diagnostics, outcome.texts)
