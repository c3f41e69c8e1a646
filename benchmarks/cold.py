"""Measure a cold start: whole processes, interleaved, so that what disturbs the machine disturbs all of them alike.

    python benchmarks/cold.py [--rounds N]

Every round runs each program once, in an order that is shuffled with a fixed seed. A ratio is the median of the ratios
inside the rounds: it stays the same on a machine that is slower, or busy for a while. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = str(ROOT / "examples" / "bookinfo")

# What any program with these three libraries would pay before its first line.
BASE = "import click, yaml, pydantic"
# What the installed script does. ``python -m cmp`` would import runpy besides.
CMP = "import sys; from cmp.entry import main; sys.exit(main())"
# As with another release of pydantic-core than the compiled schema's: the models are built at every start.
NOT_COMPILED = f"from cmp.spec import _core; _core.BUILT_FOR = ''; {CMP}"

PROGRAMS: dict[str, list[str]] = {
    "pass": ["-c", "pass"],
    BASE: ["-c", BASE],
    "cmp generate -o ndjson": ["-c", CMP, "generate", EXAMPLE, "-o", "ndjson"],
    "cmp generate -o yaml": ["-c", CMP, "generate", EXAMPLE, "-o", "yaml"],
    "cmp generate, models not compiled": ["-c", NOT_COMPILED, "generate", EXAMPLE, "-o", "ndjson"],
}


class Run(NamedTuple):
    """One process: seconds on the clock and of CPU, and the most memory that it held, in MiB."""

    wall: float
    cpu: float
    memory: float


def run(arguments: list[str]) -> Run:
    """One run. ``wait4`` tells the CPU time and memory of this process, and not of all so far."""
    begin = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environ(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed with exit code {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, _mebibytes(usage))


def environ() -> dict[str, str]:
    """Ours without what changes how Python starts or what meshspec renders, and without answers that are known."""
    apart = ("PYTHON", "ARGOCD_", "MESHSPEC_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(apart)}
    return {**kept, "MESHSPEC_CACHE": "off"}


def _mebibytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(rounds: int) -> dict[str, list[Run]]:
    """All runs by program, the runs of one round at the same index."""
    shuffle = random.Random(1).shuffle
    found: dict[str, list[Run]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        names = list(PROGRAMS)
        shuffle(names)
        for name in names:
            found[name].append(run(PROGRAMS[name]))
    return found


def table(found: dict[str, list[Run]]) -> str:
    """The measurement in Markdown."""
    lines = [
        f"| program | median ms | p90 ms | ratio to `{BASE}` | CPU ms | MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, runs in found.items():
        walls = sorted(one.wall for one in runs)
        ratio = statistics.median(one.wall / base.wall for one, base in zip(runs, found[BASE], strict=True))
        p90 = walls[min(len(walls) - 1, round(0.9 * (len(walls) - 1)))]
        cpu = statistics.median(one.cpu for one in runs)
        memory = statistics.median(one.memory for one in runs)
        cells = [f"{1e3 * statistics.median(walls):.1f}", f"{1e3 * p90:.1f}", f"{ratio:.2f}", f"{1e3 * cpu:.1f}"]
        lines.append(f"| `{name}` | {' | '.join(cells)} | {memory:.1f} |")
    return "\n".join(lines)


def prepare() -> None:
    """Bytecode as an image has it, and files in the cache of the system: what is measured is neither's absence."""
    print("compiling bytecode, then one run of each to warm up")
    compileall.compile_dir(str(ROOT / "cmp"), quiet=2)
    for library in subprocess.run(
        [
            sys.executable,
            "-c",
            f"{BASE}, pydantic_core; print(click.__path__[0], yaml.__path__[0], pydantic.__path__[0])",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split():
        compileall.compile_dir(library, quiet=2)
    for arguments in PROGRAMS.values():
        run(arguments)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a cold start.")
    parser.add_argument("--rounds", type=int, default=31, help="rounds; each runs every program once (default: 31)")
    rounds: int = parser.parse_args().rounds
    prepare()
    begin = time.perf_counter()
    text = table(measure(max(1, rounds)))
    took = time.perf_counter() - begin
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {rounds} rounds, {took:.0f} s")
    print(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
