"""Work on several processes: forked, so that all that is imported is there at once, and told what to do by pipes.

A process that is killed is an error and never a hang, and processes end when the one that began them does: their pipe
is closed then.
"""

from __future__ import annotations

import gc
import os
import pickle
import select
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T")

#: Fewer applications for each process are not worth its start.
WORTH = 16
#: A process is given so many at once.
CHUNK = 16
_TASK = struct.Struct("<II")
_ANSWER = struct.Struct("<II?")


class WorkerError(Exception):
    """A process has ended before its work was done. ``index`` is what it was at, ``reason`` how it ended."""

    def __init__(self, index: int, reason: str) -> None:
        self.index = index
        self.reason = reason
        super().__init__(reason)


def processes(asked: int, count: int) -> int:
    """How many processes to use: as many as were asked for; for 0 as many as there are cores, where it pays."""
    if asked:
        return max(1, min(asked, count))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, count // WORTH))


def results(work: Callable[[int], T], count: int, jobs: int) -> Iterator[tuple[int, T]]:
    """``work(index)`` for all indexes below ``count``, in the order in which they are done.

    An exception in a process is raised here, from the same work done once more.

    Raises:
        WorkerError: a process was killed.
    """
    settle()
    if jobs == 1:
        yield from ((index, work(index)) for index in range(count))
        return
    pool = _Pool(work, count)
    try:
        pool.start(jobs)
        yield from pool.results()
    finally:
        pool.stop()


def settle() -> None:
    """Let the garbage collector run again, but not over what is imported: so memory stays flat, at no cost in time."""
    gc.collect()
    gc.freeze()
    gc.enable()


class _Worker:
    """A process, seen from the one that began it: its pipes, what it was told, and what of its answer has come."""

    def __init__(self, pid: int, tasks: int, answers: int) -> None:
        self.pid = pid
        self.tasks = tasks
        self.answers = answers
        self.owed: list[int] = []
        self.read = bytearray()

    def ended(self) -> str:
        """How it ended, which it has."""
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0  # a number that may be another process's by now
        return f"was ended by {signal.Signals(os.WTERMSIG(status)).name}" if os.WIFSIGNALED(status) else "has ended"

    def end(self) -> None:
        """End it, if it has not."""
        if self.pid:
            os.kill(self.pid, signal.SIGTERM)
            self.ended()


class _Pool(Generic[T]):
    def __init__(self, work: Callable[[int], T], count: int) -> None:
        self._work = work
        self._count = count
        self._next = 0
        self._workers: dict[int, _Worker] = {}

    def start(self, jobs: int) -> None:
        for _ in range(jobs):
            there, tasks = os.pipe()
            answers, back = os.pipe()
            pid = os.fork()
            if pid == 0:
                for mine in (tasks, answers, *(one for w in self._workers.values() for one in (w.tasks, w.answers))):
                    os.close(mine)  # an open end would keep others from seeing that this process has gone
                _serve(self._work, there, back)
            os.close(there)
            os.close(back)
            self._workers[answers] = _Worker(pid, tasks, answers)
        for worker in self._workers.values():
            self._tell(worker)
            self._tell(worker)  # the next ones are there when it is done with these

    def results(self) -> Iterator[tuple[int, T]]:
        poll = select.poll()
        for answers in self._workers:
            poll.register(answers, select.POLLIN)
        done = 0
        while done < self._count:
            for answers, _ in poll.poll():
                worker = self._workers[answers]
                data = os.read(answers, 1 << 16)
                if not data:
                    raise WorkerError(worker.owed[0] if worker.owed else self._next - 1, worker.ended())
                for index, result in self._answered(worker, data):
                    done += 1
                    yield index, result

    def _answered(self, worker: _Worker, data: bytes) -> Iterator[tuple[int, T]]:
        worker.read += data
        while len(worker.read) >= _ANSWER.size:
            index, size, right = _ANSWER.unpack_from(worker.read)
            end = _ANSWER.size + size
            if len(worker.read) < end:
                return
            result = pickle.loads(worker.read[_ANSWER.size : end]) if right else self._work(index)
            del worker.read[:end]
            worker.owed.remove(index)
            if len(worker.owed) <= CHUNK:
                self._tell(worker)
            yield index, result

    def _tell(self, worker: _Worker) -> None:
        first, last = self._next, min(self._next + CHUNK, self._count)
        if first == last:
            return
        self._next = last
        worker.owed += range(first, last)
        with suppress(BrokenPipeError):  # it has gone: noticed when its answers end
            os.write(worker.tasks, _TASK.pack(first, last))

    def stop(self) -> None:
        for worker in self._workers.values():
            os.close(worker.tasks)
            os.close(worker.answers)
            worker.end()


def _serve(work: Callable[[int], object], tasks: int, answers: int) -> NoReturn:
    """What a process does, until it is told no more."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that began it is interrupted, too, and ends it
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        while len(task := os.read(tasks, _TASK.size)) == _TASK.size:
            for index in range(*_TASK.unpack(task)):
                _send(answers, index, work)
    except BaseException:
        os._exit(1)  # whatever it is: told by the end of the pipe
    os._exit(0)


def _send(answers: int, index: int, work: Callable[[int], object]) -> None:
    try:
        body, right = pickle.dumps(work(index), pickle.HIGHEST_PROTOCOL), True
    except Exception:  # done once more by the one that began it, which then has the traceback
        body, right = b"", False
    message = memoryview(_ANSWER.pack(index, len(body), right) + body)
    while message:
        message = message[os.write(answers, message) :]
