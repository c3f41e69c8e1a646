"""The objects of many applications on their way to stdout: in files without a lasting name until all are right."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from types import TracebackType

from cmp.many.call import CallError

#: Bytes that are copied at once.
PART = 1 << 20


class Spool:
    """A file for each process, below a directory that is removed at the end."""

    def __init__(self) -> None:
        self._directory = ""
        self._file: tuple[int, int] | None = None

    def __enter__(self) -> Spool:
        try:
            self._directory = tempfile.mkdtemp(prefix="meshspec-")
        except OSError as error:
            raise _failed(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)

    def keep(self, index: int, text: bytes) -> tuple[int, ...]:
        """Keep a text, and give its place: the process that has it, where it begins, and its length.

        Raises:
            CallError: there is no room for it.
        """
        process = os.getpid()
        try:
            if self._file is None or self._file[0] != process:  # not the file of the process that forked us
                path = self._path(process)
                self._file = (process, os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            descriptor = self._file[1]
            begin = os.lseek(descriptor, 0, os.SEEK_END)
            write_whole(descriptor, text)
        except OSError as error:
            raise _failed(error) from None
        return process, begin, len(text)

    def texts(self, places: Iterable[tuple[int, ...]], between: bytes) -> Iterator[bytes]:
        """The texts of places in their order, in parts."""
        opened: dict[int, int] = {}
        first = True
        for process, begin, length in places:
            if process not in opened:
                opened[process] = os.open(self._path(process), os.O_RDONLY | os.O_CLOEXEC)
            if not first and between:
                yield between
            first = False
            for start in range(begin, begin + length, PART):
                yield os.pread(opened[process], min(PART, begin + length - start), start)
        for descriptor in opened.values():
            os.close(descriptor)

    def _path(self, process: int) -> str:
        return os.path.join(self._directory, str(process))


def _failed(error: OSError) -> CallError:
    message = f"temporary files cannot be written: {error.strerror}"
    return CallError(message, "set TMPDIR to a directory with room for the output, or write with --output-dir")


def write_whole(descriptor: int, text: bytes) -> None:
    """Write all of a text, however much one call takes."""
    rest = memoryview(text)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
