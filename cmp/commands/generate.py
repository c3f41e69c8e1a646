"""``cmp generate``: a path in, its objects out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from cmp.diagnostics import SpecError, render
from cmp.emit import emit
from cmp.environment import from_process
from cmp.pipeline import render as render_path

#: Bytes of errors for Argo CD, which shows them on one line and stores them with the Application.
UI_LIMIT = 2000


def generate(
    path: str,
    output: Literal["yaml", "ndjson"] = "yaml",
    env: str = "",
    namespace: str = "",
    settings: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> tuple[int, bytes, str]:
    """Render a path: the exit code, what belongs on stdout, and what belongs on stderr.

    There is nothing for stdout where anything is wrong.
    """
    texts: dict[str, str] = {}
    limit = None
    try:
        environment = from_process(namespace, env, settings, environ)
        limit = UI_LIMIT if environment.argocd else None
        rendered = render_path(path, environment, texts)
        text = emit(rendered.manifests, output)
    except SpecError as error:
        return 1, b"", render(error.diagnostics, texts, limit) + "\n"
    warnings = render(rendered.warnings, texts) + "\n" if rendered.warnings else ""
    return 0, text.encode(), warnings
