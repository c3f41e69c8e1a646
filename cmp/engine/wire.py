"""What a call and the engine say to each other: a message is its length and a marshalled value.

Both ends are the same program, run by the same user; each looks that the other one is before it reads anything.
"""

import marshal
import sys
from _socket import SO_PEERCRED, SOL_SOCKET, socket

TYPE_CHECKING = False  # typing itself takes as long to import as all the rest
if TYPE_CHECKING:
    from typing import Any

#: Bytes of one message: more than any answer, and than all variables that a process can have.
MOST = 256 << 20


def send(line: socket, value: "Any") -> None:
    """Write one message.

    Raises:
        OSError: the other end has gone, or takes too long.
    """
    data = marshal.dumps(value)
    line.sendall(len(data).to_bytes(8, "big") + data)


def receive(line: socket) -> object:
    """Read one message.

    Raises:
        OSError: there is no whole one, the other end takes too long, or it is no message.
    """
    size = int.from_bytes(_exactly(line, 8), "big")
    if size > MOST:
        raise OSError("too large for a message")
    try:
        value: object = marshal.loads(_exactly(line, size))
    except (ValueError, EOFError, TypeError) as error:
        raise OSError("no message") from error
    return value


def _exactly(line: socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = line.recv(min(size - len(data), 1 << 20))
        if not part:
            raise OSError("the line was cut")
        data += part
    return bytes(data)


def user_of(line: socket) -> int:
    """The user at the other end: the second of the three numbers of SO_PEERCRED.

    https://man7.org/linux/man-pages/man7/unix.7.html
    """
    return int.from_bytes(line.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)[4:8], sys.byteorder)
