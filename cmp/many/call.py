"""What is wrong with a call, and not with what it reads."""

from __future__ import annotations


class CallError(Exception):
    """The call cannot be done. ``help`` says what to do instead."""

    def __init__(self, message: str, help: str) -> None:
        self.help = help
        super().__init__(message)
