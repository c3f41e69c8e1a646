"""How far a call has come, for people who wait at a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time

_WIDTH = 24
_EVERY = 0.1  # seconds


class Progress:
    """A bar on stderr, where that is a terminal; nothing anywhere else."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = time.monotonic() + 3 * _EVERY  # what is over in a moment needs none
        self._shown = 0
        self._on = bool(sys.stderr and sys.stderr.isatty() and os.environ.get("TERM") != "dumb")

    def show(self, done: int, name: str) -> None:
        """Say what was done last, a few times a second."""
        if not self._on or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _EVERY
        full = _WIDTH * done // self._total
        clean = "".join(c if c.isprintable() else "?" for c in name)
        text = f"[{'#' * full}{'.' * (_WIDTH - full)}] {done}/{self._total} {clean}"
        text = text[: shutil.get_terminal_size().columns - 1]
        sys.stderr.write(f"\r{text.ljust(self._shown)}")
        sys.stderr.flush()
        self._shown = len(text)

    def clear(self) -> None:
        """Take the bar away."""
        if self._shown:
            sys.stderr.write(f"\r{' ' * self._shown}\r")
            sys.stderr.flush()
            self._shown = 0
