"""Measure calls of ``generate`` beside helm and kustomize, which make as many objects of the same kinds.

    python benchmarks/peers.py --helm HELM --kustomize "kubectl kustomize" --peers DIRECTORY [--rounds N] [PART ...]

The directory holds a chart ``helm`` with values ``spec/payments.yaml``, an overlay ``kustomize/overlay``, and for the
part ``many`` a program ``gen.py`` that multiplies the values. Parts are ``one``, ``at-once`` and ``many``. Every round
makes each call once, in an order that is shuffled with a fixed seed; a ratio is the median of those inside the rounds.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.cold import Run, environ  # noqa: E402
from benchmarks.fleet import repository  # noqa: E402
from benchmarks.installed import Installed, install  # noqa: E402

#: Calls of a row of ``at-once``, and how many run at the same time.
CALLS = 120
AT_ONCE = (1, 8, 30)
MANY = 1000


class Call(NamedTuple):
    """A program, where it runs, and variables of its own."""

    program: list[str]
    cwd: Path
    variables: Mapping[str, str] = MappingProxyType({})


def run(call: Call) -> Run:
    begin = time.perf_counter()
    process = subprocess.Popen(
        call.program, cwd=call.cwd, env={**environ(), **call.variables}, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{shlex.join(call.program)} failed with exit code {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def interleaved(calls: dict[str, Call], rounds: int) -> dict[str, list[Run]]:
    """All runs by name, those of one round at the same index. A first round warms up, and does not count."""
    shuffle = random.Random(1).shuffle
    found: dict[str, list[Run]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        names = list(calls)
        shuffle(names)
        for name in names:
            one = run(calls[name])
            if number:
                found[name].append(one)
    return found


def table(found: dict[str, list[Run]], bases: list[str]) -> str:
    """The measurement in Markdown, with ratios of the clock and of CPU to each of the bases."""
    heads = [f"x {base}, clock / CPU" for base in bases]
    lines = [f"| call | ms | CPU ms | MiB | {' | '.join(heads)} |", "|---|---:|---:|---:" + "|---:" * len(bases) + "|"]
    for name, runs in found.items():
        cells = [
            f"{1e3 * statistics.median(one.wall for one in runs):.1f}",
            f"{1e3 * statistics.median(one.cpu for one in runs):.1f}",
            f"{statistics.median(one.memory for one in runs):.0f}",
        ]
        for base in bases:
            pairs = list(zip(runs, found[base], strict=True))
            wall = statistics.median(one.wall / other.wall for one, other in pairs)
            cpu = statistics.median(one.cpu / other.cpu for one, other in pairs)
            cells.append(f"{wall:.2f} / {cpu:.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


class Bench:
    """What all parts need: our program, the peers, and a repository."""

    def __init__(self, given: argparse.Namespace, directory: Path, ours: Installed) -> None:
        self.given = given
        self.directory = directory
        self.ours = ours
        self.root = repository(directory / "repository", MANY)
        self.apps = sorted((self.root / "services").iterdir())
        self.cache = {"MESHSPEC_CACHE": str(directory / "cache")}

    def peers(self) -> dict[str, Call]:
        chart = [*shlex.split(self.given.helm), "template", "x", "helm", "-f", "spec/payments.yaml"]
        overlay = [*shlex.split(self.given.kustomize), "kustomize/overlay"]
        return {"helm": Call(chart, self.given.peers), "kustomize": Call(overlay, self.given.peers)}

    def ask(self, program: str, app: Path, **variables: str) -> Call:
        return Call([program, "generate", ".", "-n", "shop"], app, {"MESHSPEC_CACHE": "off", **variables})

    def one(self) -> str:
        app = self.apps[0]
        with self._engine() as engine:
            return table(
                interleaved(
                    {
                        "`python -I -S -c pass`": Call([self.ours.python, "-ISc", "pass"], app),
                        **self.peers(),
                        "cold, launcher": self.ask(self.ours.launcher, app),
                        "cold, pip's script": self.ask(self.ours.script, app),
                        "known, launcher": self.ask(self.ours.launcher, app, **self.cache),
                        "known, pip's script": self.ask(self.ours.script, app, **self.cache),
                        "engine, launcher": self.ask(self.ours.launcher, app, **engine),
                        "engine, pip's script": self.ask(self.ours.script, app, **engine),
                    },
                    self.given.rounds,
                ),
                ["kustomize", "helm", "`python -I -S -c pass`"],
            )

    def at_once(self) -> str:
        lines = ["| call | " + " | ".join(f"{number} at once" for number in AT_ONCE) + " |", "|---" * 4 + "|"]
        with self._engine() as engine:
            rows = {
                "helm": [self.peers()["helm"]],
                "cold": [self.ask(self.ours.launcher, app) for app in self.apps],
                "known": [self.ask(self.ours.launcher, app, **self.cache) for app in self.apps[:60]],
                "engine": [self.ask(self.ours.launcher, app, **engine) for app in self.apps],
            }
            rates: dict[str, list[list[float]]] = {name: [[] for _ in AT_ONCE] for name in rows}
            for _ in range(3):
                for index, number in enumerate(AT_ONCE):
                    for name, calls in rows.items():
                        rates[name][index].append(_rate(calls, number))
        for name, found in rates.items():
            cells = []
            for one, base in zip(found, rates["helm"], strict=True):
                ratio = statistics.median(a / b for a, b in zip(one, base, strict=True))
                cells.append(f"{statistics.median(one):.0f}/s, {ratio:.1f}x")
            lines.append(f"| {name} | {' | '.join(cells)} |")
        return "\n".join(lines)

    def many(self) -> str:
        generated = self.directory / "generated"
        subprocess.run([sys.executable, "gen.py", str(MANY), str(generated)], cwd=self.given.peers, check=True)
        chart = [*shlex.split(self.given.helm), "template", "x", "helm", "-f", str(generated / "services.yaml")]
        ours = [self.ours.launcher, "generate", str(self.root), "--output-dir", str(self.directory / "out")]
        calls = {"helm": Call(chart, self.given.peers)}
        for jobs in (1, 2):
            calls[f"ours, {jobs} processes"] = Call([*ours, "--jobs", str(jobs)], self.root)
        return table(interleaved(calls, max(3, self.given.rounds // 7)), ["helm"])

    @contextmanager
    def _engine(self) -> Iterator[dict[str, str]]:
        place = str(self.directory / "s")
        process = subprocess.Popen([self.ours.launcher, "serve", "--socket", place])
        try:
            while not os.path.exists(place):
                time.sleep(0.05)
            time.sleep(0.5)
            yield {"MESHSPEC_ENGINE": place}
        finally:
            process.terminate()
            process.wait()


def _rate(calls: list[Call], at_once: int) -> float:
    """Calls in a second."""
    left = iter([calls[index % len(calls)] for index in range(CALLS)])
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                call = next(left, None)
            if call is None:
                return
            run(call)

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return CALLS / (time.perf_counter() - begin)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure calls beside helm and kustomize.")
    parser.add_argument("--helm", required=True)
    parser.add_argument("--kustomize", required=True)
    parser.add_argument("--peers", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("parts", nargs="*", default=["one", "at-once", "many"])
    given = parser.parse_args()
    given.peers = given.peers.resolve()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {given.rounds} rounds")
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(given, Path(name), install(Path(name)))
        for part in given.parts:
            print(f"\n## {part}\n\n{getattr(bench, part.replace('-', '_'))()}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
