"""Asking the engine. Whatever goes wrong means that there is none, and the call renders by itself."""

import os

from cmp.cache.question import program, variables

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from collections.abc import Mapping

#: Seconds until an engine that is busy, or stopped, is given up; and until one that has begun is.
TO_BEGIN = 1.0
TO_ANSWER = 20.0


def ask(values: dict[str, object], environ: "Mapping[str, str]") -> tuple[int, bytes, str] | None:
    """The engine's answer for a call, or None.

    Args:
        values: as for ``front.generate``.
        environ: the environment of the call; what no render reads stays here.
    """
    place = environ.get("MESHSPEC_ENGINE", "")
    if not place:
        return None
    try:
        return _ask(place, (program(), os.getcwd(), values, {**variables(environ), **_beside(environ)}))
    except (ImportError, OSError, ValueError):
        return None


def _beside(environ: "Mapping[str, str]") -> dict[str, str]:
    """What changes no answer: where answers are kept, and where the operator wants to read of them."""
    names = ("MESHSPEC_CACHE", "XDG_CACHE_HOME", "HOME", "MESHSPEC_LOG")
    return {name: environ[name] for name in names if name in environ}


def _ask(place: str, call: tuple[object, ...]) -> tuple[int, bytes, str] | None:
    from _socket import AF_UNIX, SOCK_STREAM, socket

    from cmp.engine.wire import receive, send, user_of

    line = socket(AF_UNIX, SOCK_STREAM)
    try:
        line.settimeout(TO_BEGIN)
        line.connect(place)
        if user_of(line) != os.geteuid():
            return None
        send(line, call)
        if receive(line) is not True:  # it is another program, or cannot
            return None
        line.settimeout(TO_ANSWER)
        return _checked(receive(line))
    finally:
        line.close()


def _checked(answer: object) -> tuple[int, bytes, str] | None:
    if isinstance(answer, tuple) and [type(part) for part in answer] == [int, bytes, str]:
        return answer
    return None
