"""Writing to stdout: once, as UTF-8, and told apart from what else may go wrong."""

import sys


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
    try:
        if sys.stdout is None:
            raise OSError(0, "it is closed")
        sys.stdout.buffer.write(text.encode() if isinstance(text, str) else text)
        sys.stdout.flush()  # not at exit, where nobody could say what is wrong
    except OSError as error:
        raise OutputError(error) from None
