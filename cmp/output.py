"""Writing to stdout: once, as UTF-8, and told apart from what else may go wrong; and to stderr, which may go wrong."""

import sys

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Iterable


class OutputError(Exception):
    """Stdout takes no more. ``reason`` is empty where its reader has gone, and so knows why."""

    def __init__(self, error: OSError) -> None:
        self.reason = "" if isinstance(error, BrokenPipeError) else error.strerror or str(error)
        super().__init__(self.reason)


def write(text: str | bytes) -> None:
    """Write a command's whole output.

    Raises:
        OutputError: it cannot be written.
    """
    write_all([text.encode() if isinstance(text, str) else text])


def write_all(parts: "Iterable[bytes]") -> None:
    """Write a command's whole output, which is too large to hold at once.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        if sys.stdout is None:
            raise OSError(0, "it is closed")
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.flush()  # not at exit, where nobody could say what is wrong
    except OSError as error:
        raise OutputError(error) from None


def say(text: str) -> None:
    """Write to stderr. If it is closed, or full, there is nobody to be told: the exit code says that something is."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()
    except OSError:
        sys.stderr = None  # or the flush at exit would fail again, with a code of its own
