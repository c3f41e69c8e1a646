"""Engines for tests: the real program, and servers that say something wrong."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
CMP = [sys.executable, "-m", "cmp"]


@contextmanager
def engine(place: Path, *command: str, workers: int = 2) -> Iterator[subprocess.Popen[bytes]]:
    """A running engine that takes calls."""
    program = [*CMP, "serve", "--socket", str(place), "--workers", str(workers), "--", *command]
    process = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        until(lambda: place.exists() and len(children(process.pid)) >= workers)
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.wait(timeout=20)


def children(pid: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


@contextmanager
def server(place: Path, behave: Callable[[socket.socket], None]) -> Iterator[None]:
    """A server that does something else with each call."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        listener.listen()

        def run() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    with line, suppress(OSError):
                        behave(line)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=20)


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
