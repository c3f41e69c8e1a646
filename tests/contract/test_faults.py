"""What goes wrong around a render: signals, pipes, disks. Its output is whole with exit code 0, or the code is another.

What cannot be had without a file system of one's own is a disk that is slow to answer a read. In its stead the process
is stopped and goes on, again and again, wherever it is: to it, time passes between two instructions just so.
"""

import os
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import IO

import pytest

from tests.contract.places import COMMAND, WEB, write
from tests.support.cmp_server import SIDECAR

SERVICES = 60
#: Bytes that the kernel keeps for the reader of a pipe. The output is many times larger, so writing it takes long.
PIPE = 4096
#: From linux/fcntl.h; Python has a name for it, but other systems do not.
F_SETPIPE_SZ = 1031
MOMENTS = 14
AT_ONCE = 30


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Services whose objects have several hundred kilobytes, and an empty directory for temporary files beside them."""
    root = tmp_path_factory.mktemp("faults")
    services = "".join(f"---\n{WEB.replace('name: web', f'name: web{index}')}" for index in range(SERVICES))
    write(root, {"app/meshspec.yaml": services, "broken/meshspec.yaml": services + "replica: 2\n", "tmp/.keep": ""})
    return root


@pytest.fixture(scope="module")
def whole(application: Path) -> bytes:
    """The output of a render to which nothing happens."""
    with started(application) as process:
        output, said = process.communicate()
    assert (process.returncode, said) == (0, b"")
    assert len(output) > 20 * PIPE
    return output


@contextmanager
def started(
    root: Path, stdout: int | IO[bytes] = subprocess.PIPE, path: str = "app", stderr: int | IO[bytes] = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own. When it is over, nothing of it may be left: no process and no file."""
    variables = {**SIDECAR, "ARGOCD_APP_NAME": "a", "ARGOCD_APP_NAMESPACE": "shop", "TMPDIR": str(root / "tmp")}
    before = sorted(map(str, root.rglob("*")))
    with subprocess.Popen(
        COMMAND, cwd=root / path, env=variables, stdout=stdout, stderr=stderr, bufsize=0, process_group=0
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert sorted(map(str, root.rglob("*"))) == before


def checked(process: subprocess.Popen[bytes], output: bytes, said: bytes, whole: bytes) -> bool:
    """Whether a process came to its end; else a signal ended it, and what it wrote is a beginning at most."""
    assert b"Traceback" not in said
    if process.returncode == 0:
        assert output == whole
    else:
        assert process.returncode < 0
        assert whole.startswith(output)
    return process.returncode == 0


# -- signals -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_any_moment(number: signal.Signals, application: Path, whole: bytes) -> None:
    """Moments between the start and the end, which is where half of them lead however fast the machine is."""
    chance, window, ends = Random(number), 0.3, []
    for _ in range(MOMENTS):
        with started(application) as process:
            time.sleep(window * chance.random())
            process.send_signal(number)
            ends.append(checked(process, *process.communicate(), whole))
        window *= 0.8 if ends[-1] else 1.15
    assert not all(ends)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("taken", [1, PIPE + 1, 5 * PIPE, 10 * PIPE])
def test_a_signal_while_the_output_is_written(
    number: signal.Signals, taken: int, application: Path, whole: bytes
) -> None:
    """The reader is slow, and the pipe full: the process waits in the middle of its one write."""
    import fcntl

    with started(application) as process:
        assert process.stdout is not None
        with suppress(OSError):
            fcntl.fcntl(process.stdout, F_SETPIPE_SZ, PIPE)
        output = process.stdout.read(taken)
        process.send_signal(number)
        rest, said = process.communicate()
        assert not checked(process, output + rest, said, whole)


def test_ctrl_c_says_so_by_its_code(application: Path) -> None:
    with started(application) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, b"")


def test_a_process_that_is_stopped_and_goes_on(application: Path, whole: bytes) -> None:
    def pulse(process: subprocess.Popen[bytes], over: threading.Event) -> None:
        while not over.wait(0.004):
            process.send_signal(signal.SIGSTOP)
            over.wait(0.004)
            process.send_signal(signal.SIGCONT)

    with started(application) as process:
        over = threading.Event()
        pulses = threading.Thread(target=pulse, args=(process, over))
        pulses.start()
        output, said = process.communicate()
        over.set()
        pulses.join()
    assert (process.returncode, output, said) == (0, whole, b"")


def test_a_process_that_is_killed_while_it_is_stopped(application: Path, whole: bytes) -> None:
    with started(application) as process:
        time.sleep(0.05)
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        assert not checked(process, *process.communicate(), whole)


# -- many at once ------------------------------------------------------------------------------------------------------


def test_thirty_at_once_of_which_every_third_is_killed(application: Path, whole: bytes) -> None:
    variables = {**SIDECAR, "ARGOCD_APP_NAME": "a", "ARGOCD_APP_NAMESPACE": "shop", "TMPDIR": str(application / "tmp")}

    def one(index: int) -> bool:
        with subprocess.Popen(
            COMMAND, cwd=application / "app", env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            if index % 3 == 0:
                time.sleep(index / 100)
                process.send_signal(signal.SIGKILL if index % 2 else signal.SIGTERM)
            return checked(process, *process.communicate(), whole)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(one, range(AT_ONCE)))

    assert all(end for index, end in enumerate(ends) if index % 3)
    assert os.listdir(application / "tmp") == [".keep"]


# -- pipes and disks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taken", [0, 1, PIPE + 1])
def test_a_reader_that_goes_away(taken: int, application: Path) -> None:
    with started(application) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(taken)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.wait(), said) == (1, b"")


def test_a_slow_reader_gets_all(application: Path, whole: bytes) -> None:
    with started(application) as process:
        assert process.stdout is not None
        parts = []
        while part := os.read(process.stdout.fileno(), PIPE):
            parts.append(part)
            time.sleep(0.002)
    assert (process.wait(), b"".join(parts)) == (0, whole)


@pytest.mark.parametrize("closed", ["1", "2", "1 2", "0 1 2"])
@pytest.mark.parametrize("path", ["app", "broken"])
def test_streams_that_are_closed_from_the_start(closed: str, path: str, application: Path, whole: bytes) -> None:
    redirected = " ".join(f"{number}>&-" for number in closed.split())
    variables = {**SIDECAR, "ARGOCD_APP_NAME": "a", "ARGOCD_APP_NAMESPACE": "shop"}
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND]
    done = subprocess.run(command, cwd=application / path, env=variables, capture_output=True, check=False)

    assert b"Traceback" not in done.stderr
    if path == "app" and "1" not in closed:
        assert (done.returncode, done.stdout) == (0, whole)
    else:
        assert done.returncode != 0
        assert done.stdout == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("path", ["app", "broken"])
def test_a_disk_that_is_full_for_the_output_or_the_errors(path: str, application: Path, whole: bytes) -> None:
    with open("/dev/full", "wb") as full:
        with started(application, stdout=full, path=path) as process:
            _, said = process.communicate()
        assert process.returncode == 1
        assert b"Traceback" not in said
        assert (b"No space left on device" in said) == (path == "app")
        with started(application, path=path, stderr=full) as process:
            output, _ = process.communicate()
        assert (process.returncode, output) == ((0, whole) if path == "app" else (1, b""))


def test_a_file_that_becomes_full(application: Path, whole: bytes, tmp_path: Path) -> None:
    """The output goes to a file that may have no more than half of it, as on a disk that fills up meanwhile."""
    half = len(whole) // 2
    with open(tmp_path / "out", "wb") as file:
        variables = {**SIDECAR, "ARGOCD_APP_NAME": "a", "ARGOCD_APP_NAMESPACE": "shop"}
        done = subprocess.run(
            COMMAND,
            cwd=application / "app",
            env=variables,
            stdout=file,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, half)),
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"error: stdout cannot be written: File too large\n")
    assert whole.startswith((tmp_path / "out").read_bytes())


#: Its first argument is bound to itself and, like the root and all that is no mount of its own, made read-only.
READ_ONLY = """
mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$PWD" && mount -o remount,ro,bind / || exit 77
touch "$0/x" 2>/dev/null && exit 78
exec "$@"
"""


def _mounting() -> bool:
    unshare = shutil.which("unshare")
    return (
        bool(unshare) and subprocess.run([str(unshare), "-m", "true"], check=False, capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not _mounting(), reason="this user, or this container, may not mount a file system read-only")
def test_file_systems_that_are_read_only(application: Path, whole: bytes) -> None:
    """As with readOnlyRootFilesystem: nothing is written anywhere but to the streams."""
    variables = {**SIDECAR, "ARGOCD_APP_NAME": "a", "ARGOCD_APP_NAMESPACE": "shop"}
    command = ["unshare", "-m", "sh", "-c", READ_ONLY, str(application), *COMMAND]
    done = subprocess.run(command, cwd=application / "app", env=variables, capture_output=True, check=False)
    if done.returncode == 77:
        pytest.skip(f"mount says no: {done.stderr.decode()}")

    assert (done.returncode, done.stdout, done.stderr) == (0, whole, b"")
