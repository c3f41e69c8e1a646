"""What is told of a render besides its output: how long it took, the operator's log, a bundle for reports of problems.

None of it may reach what Argo CD takes for the output or for the error: it keeps the whole stderr of a call that fails
with the Application, compares it with the last one, and shows it to whoever may see the Application.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cmp import __version__
from cmp.diagnostics import SpecError, render

if TYPE_CHECKING:
    from cmp.commands.generate import Outcome

#: A line of at most so many bytes is written to a pipe whole, also where others write to it (pipe(7), PIPE_BUF).
LINE = 4096
#: Codes that a line lists.
CODES = 20


def observed(run: Callable[[], None], outcome: Outcome, timings: bool, bundle: str, log: str) -> None:
    """Run a render and tell of it.

    Args:
        run: renders, and fills ``outcome``.
        outcome: what the render came to.
        timings: whether stderr is told how long it took. A call of Argo CD that fails keeps that to itself: another
            number in each error would make it another error every time.
        bundle: the file that a bundle is written to, or an empty string.
        log: the file that a line is written to, or an empty string.
    """
    bug: Exception | None = None
    try:
        run()
    except Exception as error:
        bug, outcome.code = error, 3
        raise
    finally:
        if bundle:
            _bundled(outcome, bug, bundle, timings)
        if timings and not (outcome.code and outcome.environment.argocd):
            outcome.said += _timings(outcome) + "\n"
        if log:
            _log(line(outcome, bug), log)


def _timings(outcome: Outcome) -> str:
    shown = ", ".join(f"{stage} {seconds * 1000:.1f}" for stage, seconds in outcome.marks.items())
    return f"milliseconds: {shown}; in all {sum(outcome.marks.values()) * 1000:.1f}"


def _bundled(outcome: Outcome, bug: Exception | None, file: str, timings: bool) -> None:
    from cmp.commands.bundle import write_bundle

    try:
        write_bundle(outcome, bug, file, timings)
    except SpecError as error:
        outcome.said += render(error.diagnostics, {}) + "\n"
        outcome.code, outcome.text = outcome.code or 1, ""


def told_again(output: bytes, environ: Mapping[str, str]) -> None:
    """Log an answer that was known, of which nothing but its size is."""
    said = {**_asked(environ), "exitCode": 0, "bytes": len(output), "known": True}
    _log(json.dumps(said, separators=(",", ":")), environ.get("MESHSPEC_LOG", ""))


# -- the operator's log ------------------------------------------------------------------------------------------------


def line(outcome: Outcome, bug: Exception | None) -> str:
    """A render as one line of JSON: what it was for and what it came to, and no value of a spec."""
    codes = Counter(one.code for one in outcome.found)
    severities = Counter(one.severity for one in outcome.found)
    said = {
        **_asked(outcome.environ),
        "environment": outcome.environment.name[:64],
        "namespace": outcome.environment.namespace,
        "exitCode": outcome.code,
        "bug": type(bug).__name__ if bug is not None else None,
        "objects": len(outcome.manifests),
        "bytes": len(outcome.text.encode()),
        "errors": severities["error"],
        "warnings": severities["warning"],
        "codes": sorted(codes)[:CODES],
        "milliseconds": {stage: round(seconds * 1000, 1) for stage, seconds in outcome.marks.items()},
    }
    return json.dumps({key: value for key, value in said.items() if value is not None}, separators=(",", ":"))


def _asked(environ: Mapping[str, str]) -> dict[str, object]:
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "program": "meshspec",
        "version": __version__,
        "application": environ.get("ARGOCD_APP_NAME", "")[:320],
        "path": environ.get("ARGOCD_APP_SOURCE_PATH", "")[:320],
    }


def _log(text: str, file: str) -> None:
    """Append a line to a file that is there. Nothing that may go wrong with it is worth an application.

    A log that leads to our own stdout or stderr would be taken for objects or for an error, and a relative path would
    lead into the application's directory: these are not written. ``cmp doctor`` says so.
    """
    data = (text + "\n").encode()
    if not os.path.isabs(file) or len(data) > LINE:
        return
    try:
        # O_NONBLOCK: a pipe that nobody reads must not hold up a sync
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            if not is_ours(descriptor):
                os.write(descriptor, data)
        finally:
            os.close(descriptor)
    except OSError:
        pass


def is_ours(descriptor: int) -> bool:
    """Whether an open file is what our stdout or stderr lead to."""
    opened = os.fstat(descriptor)
    return any(os.path.samestat(opened, os.fstat(stream)) for stream in (1, 2))


def unfit(log: str, path: str) -> str:
    """Why nothing is written to a log, or an empty string. ``path`` is where it is."""
    if not os.path.isabs(log):
        return "MESHSPEC_LOG is not an absolute path"
    if log.startswith(("/dev/std", "/dev/fd/", "/proc/self/", "/proc/thread-self/")):
        return f"{log} is the error that Argo CD shows, or the output: nothing is written there"
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return f"{log} cannot be written: {error.strerror}"
    return ""
