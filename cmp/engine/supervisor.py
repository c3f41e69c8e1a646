"""``cmp serve``: starts the engine's processes, and another program for which they work, and looks after all of them.

It may be the first process of a container. So it reaps whatever has been left behind, and passes signals on.
"""

import errno
import gc
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

#: Seconds in which a process that ends has not worked; others would only end in the same way.
TOO_SHORT = 1.0
PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


def serve(place: str, workers: int, command: Sequence[str]) -> int:
    """Run the engine until it is told to end, or as long as a program runs.

    Args:
        place: the path of its socket.
        workers: how many processes take calls.
        command: the program; its calls of ``generate`` find the engine by MESHSPEC_ENGINE.

    Returns:
        The exit code of the program, or 0.

    Raises:
        OSError: the socket cannot be made, or the program cannot be started. With a program, an engine that
            cannot be is no error: the program runs without it.
    """
    return _Supervisor(place, workers, command).run()


class _Supervisor:
    def __init__(self, place: str, workers: int, command: Sequence[str]) -> None:
        self._place = place
        self._workers = workers
        self._command = command
        self._started: dict[int, float] = {}
        self._program = 0
        self._ending = False
        self._listener: socket.socket | None = None

    def run(self) -> int:
        self._listener = self._listen()
        try:
            for number in PASSED_ON:
                signal.signal(number, self._end)
            if self._listener is not None:
                _warm_up()
                for _ in range(self._workers):
                    self._start_worker()
            if self._command:
                self._program = self._start_program()
            return self._watch()
        finally:
            self._close()

    def _listen(self) -> socket.socket | None:
        try:
            return _listen(self._place)
        except OSError as error:
            if not self._command:
                raise
            sys.stderr.write(f"meshspec: no engine at {self._place}: {error.strerror or error}\n")
            return None

    def _start_program(self) -> int:
        environ = dict(os.environ)
        if self._listener is not None:
            environ["MESHSPEC_ENGINE"] = self._place
        # not by subprocess, which would wait for its child itself
        return os.posix_spawnp(self._command[0], list(self._command), environ, setsigdef=PASSED_ON)

    def _start_worker(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)  # a signal in between would find half of us
        first = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._be_worker(first)
        self._started[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)

    def _be_worker(self, first: int) -> None:
        code = 1
        try:
            for number in PASSED_ON:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: the first process ends us
            signal.pthread_sigmask(signal.SIG_UNBLOCK, PASSED_ON)
            from cmp.engine.worker import work

            assert self._listener is not None
            work(self._listener, first)
            code = 0
        finally:
            os._exit(code)

    def _watch(self) -> int:
        while True:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return 0
            if pid == self._program:
                return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
            began = self._started.pop(pid, None)
            if began is None or self._ending:
                continue  # somebody else's, left behind; or all are to end
            if time.monotonic() - began < TOO_SHORT:
                time.sleep(TOO_SHORT)
            self._start_worker()

    def _end(self, number: int, _: FrameType | None) -> None:
        self._ending = True
        if self._program:
            with suppress(ProcessLookupError):
                os.kill(self._program, number)
        else:
            self._stop_workers()

    def _stop_workers(self) -> None:
        for pid in self._started:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _close(self) -> None:
        self._ending = True
        self._stop_workers()
        if self._listener is not None:
            self._listener.close()
            with suppress(OSError):
                os.unlink(self._place)


def _listen(place: str) -> socket.socket:
    """The socket, open to this user alone. What an engine that was killed has left is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        with suppress(FileNotFoundError):
            _remove_dead(place)
        listener.bind(place)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(mask)
    return listener


def _remove_dead(place: str) -> None:
    """Remove a socket that nobody listens at any more.

    Raises:
        OSError: somebody does, or it is something else.
    """
    if not stat.S_ISSOCK(os.lstat(place).st_mode):
        raise OSError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        try:
            line.connect(place)
        except ConnectionRefusedError:
            os.unlink(place)
            return
    raise OSError(errno.EADDRINUSE, "another engine listens there")


def _warm_up() -> None:
    """Import all that a render needs, and put it out of the collector's way: the processes share these pages."""
    import cmp.commands.generate
    import cmp.engine.worker  # noqa: F401

    gc.enable()
    gc.collect()
    gc.freeze()
