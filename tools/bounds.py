"""What one input may take of the process that fuzzes: time and memory."""

from __future__ import annotations

import gc
import resource
import signal

#: Seconds of CPU for one input. Not of the clock: the machine may be busy.
TIME = 2.0
#: MiB above what the process has before the first input.
MEMORY = 300


class TooSlow(BaseException):
    """An input takes too long. No Exception, so that nothing on the way keeps it."""


class WrongError(Exception):
    """An outcome that may not be."""


def _too_slow(number: int, frame: object) -> None:
    raise TooSlow


class Bounds:
    """Time and memory of this process. The collector of garbage is off, as in the program."""

    def __init__(self) -> None:
        signal.signal(signal.SIGPROF, _too_slow)
        gc.disable()
        self.before = self.peak = peak()

    def __enter__(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, TIME)

    def __exit__(self, *raised: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def check_memory(self) -> None:
        """Say once what took the memory.

        Raises:
            WrongError: more than MEMORY MiB.
        """
        now = peak()
        grown, self.peak = now > self.peak, max(now, self.peak)
        if grown and now - self.before > MEMORY:
            self.before = now  # or all that comes behind it would be a finding
            raise WrongError("too much memory")


def peak() -> float:
    """MiB that the process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
