"""A client of HTTP/1.1 that keeps its connection, and the servers that answer it, on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from cmp.replay.access import Request
from tests.order.proxies.identities import token

_PATIENCE = 10.0  # seconds for one answer


class Response(NamedTuple):
    """An answer; its status is 0 where there is none. ``asked`` is the authorizer that was asked before."""

    status: int
    body: str = ""
    asked: str = ""


def request(method: str, path: str, host: str, *headers: str) -> bytes:
    """A request without a body."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", "content-length: 0", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def said(sent: Request) -> bytes:
    """A request of the model, as it is sent."""
    headers = [f"{name}: {value}" for name, value in sent.headers]
    if sent.token:
        headers.append(f"authorization: Bearer {token(*sent.token)}")
    return request(sent.method, sent.path, sent.host, *headers)


class Connection:
    """A connection that is opened when it is needed, and again when it was closed."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None, name: str = "") -> None:
        self._place = host, port
        self._context, self._name = context, name
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, requests: Sequence[bytes]) -> list[Response]:
        """Ask one after the other. A new connection that answers nothing was not let in, and is not tried again."""
        found: list[Response] = []
        for one in requests:
            fresh = self._streams is None
            try:
                async with asyncio.timeout(_PATIENCE):
                    found.append(await self._answer(one))
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                if fresh:
                    return found + [Response(0)] * (len(requests) - len(found))
                found.append(Response(0))
        return found

    async def _answer(self, sent: bytes) -> Response:
        if self._streams is None:
            name = self._name if self._context else None
            self._streams = await asyncio.open_connection(*self._place, ssl=self._context, server_hostname=name)
        reader, writer = self._streams
        writer.write(sent)
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        body = await self._body(reader, headers)
        if headers.get("connection") == "close":
            self.close()
        return Response(int(lines[0].split()[1]), body, headers.get("x-asked", ""))

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> str:
        if headers.get("transfer-encoding") != "chunked":
            return (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        found = b""
        while size := int((await reader.readline()).strip(), 16):
            found += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return found.decode()

    def close(self) -> None:
        """End it; the next request opens it again."""
        if self._streams is not None:
            with suppress(OSError):
                self._streams[1].close()
            self._streams = None


async def answering(host: str, port: int, body: str, *headers: str) -> asyncio.Server:
    """A server that answers everything with the same."""
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(body)}", *headers]
    answer = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            self._transport.write(answer * data.count(b"\r\n\r\n"))

    return await asyncio.get_running_loop().create_server(Answering, host, port)
