"""Measure whole repositories: one call over 1 to 10,000 services, each written to a file of its own.

    python benchmarks/many.py [--rounds N] [--most N]

Every round makes each call once, in an order that is shuffled with a fixed seed. Ratios are medians of the ratios
inside the rounds. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.cold import CMP, ROOT, environ, prepare  # noqa: E402
from benchmarks.fleet import repository  # noqa: E402

SIZES = (1, 100, 1_000, 10_000)
JOBS = (1, 2)


class Run(NamedTuple):
    """One call: seconds on the clock and of CPU with all its processes, and the most memory of all in MiB."""

    wall: float
    cpu: float
    memory: float


class Call(NamedTuple):
    """One call over so many services by so many processes."""

    services: int
    jobs: int


def run(root: Path, call: Call) -> Run:
    with tempfile.TemporaryDirectory() as out:
        arguments = ["-c", CMP, "generate", str(root), "--output-dir", f"{out}/out", "--jobs", str(call.jobs)]
        begin = time.perf_counter()
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environ(), stderr=subprocess.PIPE)
        memory = _Memory(process.pid)
        memory.start()
        said = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)  # the workers' times are in it: they were waited for
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.join()
        if process.returncode != 0 or f"{call.services + 1} written".encode() not in said:
            raise SystemExit(f"{call} failed: {said.decode()}")
    return Run(wall, usage.ru_utime + usage.ru_stime, memory.most)


class _Memory(threading.Thread):
    """Looks 20 times a second at what a process and those that it began hold, shared pages once (Linux)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.most = 0.0

    def run(self) -> None:
        while (now := sum(map(_proportional, [self._pid, *_children(self._pid)]))) > 0:
            self.most = max(self.most, now)
            time.sleep(0.05)


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _proportional(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0)


def measure(roots: dict[int, Path], rounds: int) -> dict[Call, list[Run]]:
    """All runs by call, those of one round at the same index."""
    shuffle = random.Random(1).shuffle
    calls = [Call(services, jobs) for services in roots for jobs in JOBS if services > 1 or jobs == 1]
    found: dict[Call, list[Run]] = {call: [] for call in calls}
    for number in range(rounds):
        order = list(calls)
        shuffle(order)
        for call in order:
            found[call].append(run(roots[call.services], call))
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
    return found


def table(found: dict[Call, list[Run]]) -> str:
    """The measurement in Markdown."""
    lines = [
        "| services | processes | s | CPU s | ms of the clock a service | faster than one process | MiB |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for call, runs in found.items():
        wall = statistics.median(one.wall for one in runs)
        one = found[call._replace(jobs=1)]
        gain = statistics.median(base.wall / run.wall for base, run in zip(one, runs, strict=True))
        cells = [
            f"{call.services:,}",
            str(call.jobs),
            f"{wall:.2f}",
            f"{statistics.median(run.cpu for run in runs):.2f}",
            f"{1e3 * wall / call.services:.2f}",
            f"{gain:.2f}",
            f"{statistics.median(run.memory for run in runs):.0f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure whole repositories.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; each makes every call once (default: 5)")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave larger repositories out")
    options = parser.parse_args()
    prepare()
    with tempfile.TemporaryDirectory() as directory:
        roots = {size: repository(Path(directory) / str(size), size) for size in SIZES if size <= options.most}
        text = table(measure(roots, max(1, options.rounds)))
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {options.rounds} rounds")
    print(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
