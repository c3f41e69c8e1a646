"""``cmp serve`` as the first process of a container: it ends with its program, and leaves nothing behind."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.running import CMP, ROOT, alive, children, engine, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the engine asks Linux who the other end is")


def serve(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    program = [*CMP, "serve", "--socket", str(place), "--", *command]
    return subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_the_socket_is_open_to_its_user_alone(tmp_path: Path) -> None:
    with engine(tmp_path / "s"):
        about = (tmp_path / "s").stat()
        assert stat.S_IMODE(about.st_mode) == 0o600
        assert about.st_uid == os.geteuid()


def test_it_ends_when_it_is_told_to(tmp_path: Path) -> None:
    with engine(tmp_path / "s") as process:
        workers = children(process.pid)
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert not (tmp_path / "s").exists()
    until(lambda: not any(map(alive, workers)))


def test_its_processes_end_when_it_is_killed(tmp_path: Path) -> None:
    with engine(tmp_path / "s") as process:
        workers = children(process.pid)
        process.kill()
        process.wait(timeout=20)
    until(lambda: not any(map(alive, workers)))


def test_the_exit_code_is_that_of_the_program(tmp_path: Path) -> None:
    assert serve(tmp_path / "s", "sh", "-c", "exit 7").returncode == 7
    assert serve(tmp_path / "s", "sh", "-c", "kill -9 $$").returncode == 128 + 9
    assert not (tmp_path / "s").exists()


def test_the_program_is_told_where_the_engine_is(tmp_path: Path) -> None:
    assert serve(tmp_path / "s", "sh", "-c", "echo $MESHSPEC_ENGINE").stdout == f"{tmp_path}/s\n"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    done = serve(tmp_path / "s", "/nowhere/argocd-cmp-server")
    assert done.returncode == 2
    assert done.stderr == "Error: cannot serve: /nowhere/argocd-cmp-server: No such file or directory\n"
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_are_for_the_program(number: signal.Signals, tmp_path: Path) -> None:
    said = tmp_path / "said"
    trap = f"trap 'echo {number.name} > {said}; exit 3' {number.name[3:]}"
    script = f"{trap}; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    with engine(tmp_path / "s", "sh", "-c", script) as process:
        until((tmp_path / "ready").exists)
        process.send_signal(number)
        assert process.wait(timeout=20) == 3
    assert said.read_text() == f"{number.name}\n"


def test_what_others_left_behind_is_reaped(tmp_path: Path) -> None:
    """As a container's first process it inherits them, here by being told to."""
    adopt = (
        "import ctypes, sys; ctypes.CDLL(None).prctl(36, 1); sys.argv[0] = 'cmp'; from cmp.entry import main; main()"
    )
    script = f"(sleep 0.3 & echo $! > {tmp_path}/pid) ; sleep 3"
    program = [sys.executable, "-c", adopt, "serve", "--socket", str(tmp_path / "s"), "--", "sh", "-c", script]
    process = subprocess.Popen(program, cwd=ROOT)
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not Path(f"/proc/{pid}").exists(), seconds=2.5)  # not even as a zombie, while the program runs
    assert process.poll() is None
    process.wait(timeout=20)


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    with engine(tmp_path / "s") as process:
        first = children(process.pid)
        time.sleep(1.1)
        os.kill(first[0], signal.SIGKILL)
        until(lambda: len(children(process.pid)) == 2 and children(process.pid) != first)


def test_the_socket_of_a_killed_engine_is_replaced(tmp_path: Path) -> None:
    with engine(tmp_path / "s") as process:
        workers = children(process.pid)
        process.kill()
        until(lambda: not any(map(alive, workers)))
    assert (tmp_path / "s").exists()
    with engine(tmp_path / "s"):
        pass


def test_a_second_engine_is_refused(tmp_path: Path) -> None:
    with engine(tmp_path / "s"):
        done = serve(tmp_path / "s")
        assert done.returncode == 2
        assert "another engine listens there" in done.stderr
        assert (tmp_path / "s").exists()


def test_a_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    assert serve(tmp_path / "s").returncode == 2
    assert (tmp_path / "s").read_text() == "precious"


def test_a_program_runs_without_an_engine(tmp_path: Path) -> None:
    """A sidecar whose socket cannot be made still renders."""
    done = serve(tmp_path / "nowhere" / "s", "sh", "-c", "echo ${MESHSPEC_ENGINE-none}")
    assert (done.returncode, done.stdout) == (0, "none\n")
    assert "no engine" in done.stderr
