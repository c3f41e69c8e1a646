"""``cmp generate``: a path in, its objects out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cmp.diagnostics import SpecError, folded, render
from cmp.emit import emit
from cmp.environment import from_process, in_argocd
from cmp.output import say, write
from cmp.pipeline import render as render_path

#: Bytes of errors for Argo CD, which shows them on one line and stores them with the Application.
UI_LIMIT = 2000


def generate(
    path: str,
    output: Literal["yaml", "ndjson"] = "yaml",
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
) -> int:
    """Render a path to stdout, or print what is wrong to stderr and write nothing.

    stdout is written once, when everything is built and checked: Argo CD takes whatever comes with exit code 0, and
    deletes what is missing from it.
    """
    texts: dict[str, str] = {}
    try:
        environment = from_process(namespace, env, settings)
        rendered = render_path(path, environment, texts)
        text = emit(rendered.manifests, output, environment.limits.output_bytes)
    except SpecError as error:
        say(_said(error, texts) + "\n")
        return 1
    if rendered.warnings:
        say(render(rendered.warnings, texts) + "\n")
    write(text)
    return 0


def _said(error: SpecError, texts: dict[str, str]) -> str:
    return folded(error.diagnostics, UI_LIMIT) if in_argocd() else render(error.diagnostics, texts)
