"""Many applications by several processes: none is lost, none hangs, and none is left."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cmp.many import pool
from tests.test_command_line import ROOT, environ, run
from tests.test_many import fleet


def work(index: int) -> int:
    return index * index


def test_every_result_comes_once() -> None:
    assert sorted(pool.results(work, 500, 4)) == [(index, index * index) for index in range(500)]


def test_a_process_that_is_killed_is_an_error() -> None:
    here = os.getpid()

    def fatal(index: int) -> int:
        if index == 7 and os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    with pytest.raises(pool.WorkerError, match="was ended by SIGKILL") as error:
        list(pool.results(fatal, 100, 2))
    assert error.value.index <= 7
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)  # none is left


def test_an_exception_in_a_process_is_raised_here() -> None:
    def wrong(index: int) -> int:
        if index == 40:
            raise ValueError("wrong")
        return index

    with pytest.raises(ValueError, match="wrong"):
        list(pool.results(wrong, 100, 2))


def test_large_results_come_whole() -> None:
    found = dict(pool.results(lambda index: bytes([index]) * 300_000, 60, 3))

    assert found == {index: bytes([index]) * 300_000 for index in range(60)}


def test_processes_end_with_the_one_that_began_them(tmp_path: Path) -> None:
    """Killed where it cannot end them, their pipes tell them."""
    begun = tmp_path / "begun"
    script = (
        "import os, sys, time\nfrom cmp.many import pool\n"
        f"def work(index):\n    open({str(begun)!r} + str(os.getpid()), 'w').close(); time.sleep(0.2)\n"
        "for _ in pool.results(work, 1000, 2): pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=environ())
    wait_for(lambda: len(list(tmp_path.glob("begun*"))) == 2)
    process.kill()
    process.wait()

    pids = [int(path.name.removeprefix("begun")) for path in tmp_path.glob("begun*")]
    wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() and alive(pid) for pid in pids))


def alive(pid: int) -> bool:
    try:
        return b"cmp.many" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    root, out = fleet(tmp_path / "repository", 400), tmp_path / "out"
    program = [sys.executable, "-m", "cmp", "generate", "--output-dir", str(out), "-j", "2", str(root)]
    process = subprocess.Popen(program, cwd=ROOT, env=environ(), stderr=subprocess.PIPE, start_new_session=True)
    wait_for(lambda: any((out / ".meshspec-staged").glob("?")))
    os.killpg(process.pid, number)
    _, said = process.communicate(timeout=30)

    assert process.returncode == (130 if number == signal.SIGINT else 143)
    assert said.strip() == b""
    assert not list(out.iterdir())


def test_a_bug_is_told_as_one(tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 40)
    script = (
        "import sys\nfrom cmp import pipeline\nfrom cmp.checks import table\n"
        "def broken(context):\n    if context.services[0].name == 's031': raise LookupError\n    yield from ()\n"
        "table.CHECKS = (*table.CHECKS, broken)\nfrom cmp.entry import main\nsys.exit(main())\n"
    )

    done = run("generate", "--all", "-j", "2", str(root / "apps"), program=(sys.executable, "-c", script))

    assert (done.returncode, done.stdout) == (3, b"")
    assert b"error[MS000]" in done.stderr
    assert b"LookupError" in done.stderr


def test_a_terminal_sees_how_far_it_is(tmp_path: Path) -> None:
    root = fleet(tmp_path / "repository", 300)
    here, there = pty.openpty()
    program = [sys.executable, "-m", "cmp", "generate", "--output-dir", str(tmp_path / "out"), "-j", "1", str(root)]
    process = subprocess.Popen(program, cwd=ROOT, env=environ({"TERM": "xterm"}), stderr=there)
    os.close(there)
    said = b""
    try:
        while part := os.read(here, 4096):
            said += part
    except OSError:
        pass  # closed at the other end
    os.close(here)

    assert process.wait() == 0
    assert b"/301 apps/s" in said
    assert said.rstrip().rpartition(b"\r")[2].startswith(b"301 applications, 2401 objects")


def test_processes_are_as_many_as_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)

    assert [pool.processes(0, count) for count in (1, 16, 32, 64, 10_000)] == [1, 1, 2, 4, 8]
    assert [pool.processes(4, count) for count in (1, 3, 100)] == [1, 3, 4]
