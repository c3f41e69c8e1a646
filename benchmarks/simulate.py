"""What measured calls come to when Argo CD asks for all of its applications at once.

    python benchmarks/simulate.py

Three figures are measured first: the CPU time and the memory of a call for one application, and the CPU time that it
takes to pack and unpack a repository, by file. Then the calls of a commit that changes everything are played: so many
are under way at a time, and share the cores of their replica equally. Only what is told here is part of it: neither
Git nor the network, nor what Argo CD does with the objects. See docs/scale.md.
"""

from __future__ import annotations

import heapq
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.cold import CMP, environ, prepare  # noqa: E402
from benchmarks.cold import run as run_cold  # noqa: E402
from benchmarks.fleet import repository  # noqa: E402

#: Calls that a controller has under way: --status-processors and --operation-processors, as Argo CD's manual sets them
#: for a thousand applications (https://argo-cd.readthedocs.io/en/stable/operator-manual/high_availability/).
UNDER_WAY = 50 + 25
#: Seconds until Argo CD gives a call up (controller.repo.server.timeout.seconds).
DEADLINE = 60.0
CORES = 4
ROUNDS = 15
FILES = 1000


class Figures(NamedTuple):
    """Measured: CPU seconds and MiB of a call, and CPU seconds to pack and unpack one file of a repository."""

    render: float
    memory: float
    file: float


class Outcome(NamedTuple):
    """Played: seconds until the last call is answered, and of single calls; how many were too late, as a share."""

    whole: float
    median: float
    p99: float
    late: float


def measure() -> Figures:
    """The figures of this machine."""
    with tempfile.TemporaryDirectory() as directory:
        root = repository(Path(directory) / "repository", FILES)
        one = ["-c", CMP, "generate", str(root / "services" / "orders-00000"), "-o", "ndjson"]
        runs = [run_cold(one) for _ in range(ROUNDS)]
        packed = statistics.median(_sent(root, Path(directory) / f"sent-{number}") for number in range(5))
    return Figures(
        statistics.median(one.cpu for one in runs), statistics.median(one.memory for one in runs), packed / FILES
    )


def _sent(root: Path, to: Path) -> float:
    """CPU seconds to pack a directory as Argo CD does (tar, gzip) and unpack it."""
    to.mkdir()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["sh", "-c", 'tar -C "$1" -cz . | tar -C "$2" -xz', "sh", root, to], check=True, env=environ())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def play(calls: int, demand: float, under_way: int, cores: int) -> Outcome:
    """The calls to one replica, each in need of so many CPU seconds, which all that are under way share equally.

    Time is counted in what every one of them has got: a call is done when that is its demand.
    """
    clock = got = 0.0
    running: list[tuple[float, float]] = []  # what it has got when it is done, and when it began
    took: list[float] = []
    left = calls
    while left or running:
        while left and len(running) < under_way:
            heapq.heappush(running, (got + demand * _spread(left), clock))
            left -= 1
        done, began = heapq.heappop(running)
        clock += (done - got) * max(1.0, (len(running) + 1) / cores)
        got = done
        took.append(clock - began)
    took.sort()
    late = sum(one > DEADLINE for one in took) / len(took)
    return Outcome(clock, took[len(took) // 2], took[int(0.99 * (len(took) - 1))], late)


def _spread(number: int) -> float:
    """Applications differ: from half to one and a half times the measured one, always in the same order."""
    return 0.5 + (number * 2654435761 % 1000) / 1000


class Case(NamedTuple):
    """So many applications on so many replicas; ``alone`` sends an application's own files only."""

    applications: int
    replicas: int
    alone: bool


def cases() -> Iterator[Case]:
    for applications in (1_000, 10_000, 100_000):
        for alone in (False, True):
            for replicas in (1, 4, 16):
                yield Case(applications, replicas, alone)


def played(case: Case, figures: Figures) -> Outcome:
    """What one replica of a case has to do; the calls are spread evenly over the replicas."""
    sent = figures.file * (2 if case.alone else case.applications)
    calls = -(-case.applications // case.replicas)
    under_way = max(1, UNDER_WAY // case.replicas)
    return play(calls, figures.render + sent, under_way, CORES)


def table(figures: Figures) -> str:
    """All cases in Markdown."""
    lines = [
        "| applications | sent with each | replicas | calls a minute | minutes for all | p50 s | p99 s | too late |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for case in cases():
        found = played(case, figures)
        cells = [
            f"{case.applications:,}",
            "its own directory" if case.alone else "the whole repository",
            str(case.replicas),
            f"{60 * case.applications / found.whole:,.0f}",
            f"{found.whole / 60:,.1f}",
            f"{found.median:.2f}",
            f"{found.p99:.2f}",
            f"{found.late:.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    prepare()
    figures = measure()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores here; {CORES} cores for each replica played")
    print(
        f"measured: {1e3 * figures.render:.0f} ms of CPU and {figures.memory:.0f} MiB a call, "
        f"{1e6 * figures.file:.0f} us of CPU to send a file"
    )
    print(f"\n{table(figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
