"""``cmp generate`` and ``cmp validate`` over many applications: all of them, or nothing."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import Literal, NamedTuple

from cmp.commands.formats import as_github, as_sarif, coloured
from cmp.diagnostics import Diagnostic, SpecError, as_json, folded, in_order, render
from cmp.environment import Environment, from_process
from cmp.many.applications import Application, applications
from cmp.many.call import CallError
from cmp.many.collect import Findings, Objects, told_twice
from cmp.many.directory import OutputDirectory
from cmp.many.one import Renderer
from cmp.many.pool import WorkerError, processes, results
from cmp.many.progress import Progress
from cmp.many.spool import Spool
from cmp.output import say, write, write_all

Keep = Callable[[int, bytes], tuple[int, ...]]
_SUFFIXES = {"yaml": ".yaml", "ndjson": ".ndjson"}


class Call(NamedTuple):
    """What was asked for. ``jobs`` is how many processes to use, 0 as many as pay."""

    paths: tuple[str, ...]
    env: str = ""
    namespace: str = ""
    settings: Sequence[str] = ()
    search: bool = False
    jobs: int = 0


class _Done(NamedTuple):
    """What the applications of a call came to; ``kept`` is by their indexes."""

    findings: Findings
    kept: dict[int, tuple[int, ...]]
    services: int
    objects: int


def generate(call: Call, output: Literal["yaml", "ndjson"], output_dir: str) -> int:
    """Render applications to stdout, one after the other, or each to a file of a directory.

    Nothing is written unless all are right.
    """
    return _answered(partial(_generate, call, output, output_dir))


def _generate(call: Call, output: Literal["yaml", "ndjson"], output_dir: str) -> int:
    environment, found, scope = _found(call)
    with ExitStack() as stack:
        directory = stack.enter_context(OutputDirectory(output_dir, _SUFFIXES[output])) if output_dir else None
        spool = stack.enter_context(Spool()) if directory is None else None
        if directory is not None:
            directory.plan([one.name for one in found])
        keep: Keep = directory.keep if directory is not None else spool.keep  # type: ignore[union-attr]
        done = _rendered(call, found, Renderer(found, output, keep))
        _tell(done.findings, environment)
        if done.findings.errors:
            return 1
        if directory is not None:
            written = directory.finish(done.kept, scope)
            sys.stderr.write(f"{_counted(len(done.kept), 'application')}, {done.objects} objects: {written}\n")
        elif spool is not None:
            places = [done.kept[index] for index in sorted(done.kept)]
            write_all(spool.texts(places, b"---\n" if output == "yaml" else b""))
    return 0


def validate(call: Call, output: Literal["text", "json", "sarif", "github"]) -> int:
    """Check applications, each for all its environments, and print what was found: 0 nothing wrong, 1 errors."""
    return _answered(partial(_validate, call, output))


def _validate(call: Call, output: Literal["text", "json", "sarif", "github"]) -> int:
    _, found, _ = _found(call)
    done = _rendered(call, found, Renderer(found, "yaml", None))
    told = done.findings.all()
    forms: dict[str, Callable[[list[Diagnostic]], str]] = {
        "json": lambda told: as_json(told) + "\n",
        "sarif": lambda told: as_sarif(told) + "\n",
        "github": as_github,
    }
    if output in forms:
        write(forms[output](told))
        _tell_left_out(done.findings)
    else:
        if not done.findings.errors:
            counts = f"{_counted(done.services, 'service')}, {done.objects} objects"
            write(f"{_counted(len(found), 'application')}, {counts}: fine\n")
        sys.stderr.write(coloured(render(told, done.findings.texts()), sys.stderr) + "\n" if told else "")
        _tell_left_out(done.findings)
    return 1 if done.findings.errors else 0


def _answered(command: Callable[[], int]) -> int:
    """Run a command, and say what kept it from being done. SIGTERM ends it as an interrupt does: with nothing left."""
    signal.signal(signal.SIGTERM, _ended)
    try:
        return command()
    except SpecError as error:
        sys.stderr.write(render(error.diagnostics, {}) + "\n")
        return 1
    except CallError as error:
        sys.stderr.write(f"error: {error}\n= help: {error.help}\n")
        return 2


def _ended(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _found(call: Call) -> tuple[Environment, list[Application], list[str]]:
    environment = from_process(call.namespace, call.env, call.settings)
    found, scope = applications(call.paths, environment, call.search)
    return environment, found, scope


def _rendered(call: Call, found: list[Application], work: Renderer) -> _Done:
    findings, objects, progress = Findings(), Objects(), Progress(len(found))
    kept: dict[int, tuple[int, ...]] = {}
    services = written = 0
    try:
        for count, (index, outcome) in enumerate(results(work, len(found), processes(call.jobs, len(found))), 1):
            progress.show(count, found[index].name)
            findings.add(index, outcome.found, outcome.lines)
            objects.add(index, outcome.keys)
            services, written = services + outcome.services, written + outcome.objects
            if outcome.kept:
                kept[index] = outcome.kept
    except WorkerError as error:
        message = f'the process that rendered "{found[error.index].name}" {error.reason}'
        raise CallError(message, "if memory was short: --jobs 1") from None
    finally:
        progress.clear()
    for index, twice in told_twice(objects, found):
        findings.add(index, twice.found, twice.lines)
    return _Done(findings, kept, services, written)


def _tell(findings: Findings, environment: Environment) -> None:
    from cmp.commands.generate import UI_LIMIT

    told = findings.all()
    if findings.errors:
        told = [one for one in told if one.severity == "error"]
    if told and environment.argocd and findings.errors:
        say(folded(in_order(told), UI_LIMIT) + "\n")
    elif told:
        say(render(in_order(told), findings.texts()) + "\n")
    _tell_left_out(findings)


def _tell_left_out(findings: Findings) -> None:
    if findings.left_out:
        sys.stderr.write(f"and {findings.left_out} more\n")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
