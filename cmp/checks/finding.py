"""What a check reports, and how its path becomes a position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cmp.context.jobs import Run
from cmp.context.model import Context, Platform, Service, Version
from cmp.diagnostics import Diagnostic, Pos, Severity
from cmp.node import missing

Step = str | int


class Finding(NamedTuple):
    """Something wrong with a value of a service or platform.

    ``on_key`` points at the key instead of the value, ``pos`` at a place outside the owner's tree.
    """

    code: str
    owner: Service | Platform
    path: tuple[Step, ...]
    message: str
    help: str = ""
    on_key: bool = False
    related: tuple[tuple[Service | Platform, tuple[Step, ...], str], ...] = ()
    pos: Pos | None = None
    severity: Severity = "error"


def diagnose(finding: Finding) -> Diagnostic:
    """A finding with the positions of its paths."""
    related = tuple((locate(owner, path), text) for owner, path, text in finding.related)
    pos = finding.pos or locate(finding.owner, finding.path, finding.on_key)
    return Diagnostic(finding.code, finding.message, pos, finding.help, finding.severity, related)


def locate(owner: Service | Platform, path: tuple[Step, ...], on_key: bool = False) -> Pos:
    """The position of a value; where there is none, of the null that took it away, or of what should hold it."""
    node = owner.tree.node
    for step in path:
        below = node.get(step)
        if below is None:
            found = missing(node, step)
            return found.key or found.pos if found is not node else node.pos
        node = below
    return node.key if on_key and node.key is not None else node.pos


def every_run(context: Context) -> Iterator[tuple[Service, Run, tuple[str, ...]]]:
    """What runs in pods of ours: the versions of all services, and their jobs."""
    yield from every_version(context)
    for service in context.services:
        for job in service.jobs:
            yield service, job, ("jobs", job.name)


def every_version(context: Context) -> Iterator[tuple[Service, Version, tuple[str, ...]]]:
    """The versions of all services, each with the path under which its values stand."""
    for service in context.services:
        for version in service.versions:
            yield service, version, ("versions", version.name)
