"""One process of the engine: takes calls, one after the other, and renders them."""

import os
import sys
from socket import socket
from typing import Any

from cachetools import LRUCache

from cmp.cache.disk import Answer
from cmp.cache.front import answer
from cmp.cache.question import program
from cmp.engine.wire import receive, send, user_of

#: Bytes of the answers that one process remembers, and calls after which another one takes its place.
REMEMBERED = 32 << 20
CALLS = 10_000
#: Seconds that a call may take to be said, and an answer to be taken.
PATIENCE = 5.0
#: Seconds between two looks at whether the first process still lives.
GLANCE = 1.0


def work(listener: socket, first: int) -> None:
    """Answer calls until there were enough of them, or the process ``first``, which looks after us, was killed.

    Raises:
        OSError: there is nobody to be heard any more.
    """
    memory: LRUCache[str, Answer] = LRUCache(REMEMBERED, getsizeof=lambda one: len(one[1]) + len(one[2]) + 1024)
    ours = program()
    listener.settimeout(GLANCE)
    calls = 0
    while calls < CALLS and os.getppid() == first:
        try:
            line, _ = listener.accept()
        except TimeoutError:
            continue
        calls += 1
        with line:
            try:
                line.settimeout(PATIENCE)
                if user_of(line) == os.geteuid():
                    _serve(line, ours, memory)
            except OSError:
                continue  # it has gone, and needs no answer
            except Exception as error:  # a bug of ours: the call finds it again, and says so
                sys.stderr.write(f"meshspec: a call was not answered: {type(error).__name__}\n")


def _serve(line: socket, ours: str, memory: "LRUCache[str, Answer]") -> None:
    call: Any = receive(line)
    theirs, directory, values, environ = call
    fits = theirs == ours == program()  # also while an upgrade replaces the files
    if fits:
        os.chdir(directory)
    send(line, fits)
    if fits:
        try:
            found = answer(values, environ, memory)
        finally:
            os.chdir("/")  # the directory of the call is soon removed
        send(line, found)
