"""One request and the ways to answer it, the rude ones included."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from controlplane.local.simulator.wire import Headers

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

TRANSPORT = "controlplane.transport"
REUSED = "controlplane.reused"

JSON: Headers = ((b"content-type", b"application/json"),)
EVENT_STREAM: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
)


class ClientLeft(Exception):
    """The client closed the connection before the answer was complete."""


class Exchange:
    """An ASGI request whose body is read; `headers` go with every answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._headers = headers

    async def respond(self, status: int, body: bytes, headers: Headers = JSON) -> None:
        """A whole answer with its length."""
        await self.start(status, (*headers, (b"content-length", b"%d" % len(body))))
        await self._send({"type": "http.response.body", "body": body})

    async def start(self, status: int, headers: Headers) -> None:
        """Status and headers of an answer whose length is open."""
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self._headers],
            }
        )

    async def write(self, pieces: Iterable[bytes]) -> None:
        """Some of the body, each piece for itself."""
        for piece in pieces:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def end(self) -> None:
        """The end of the body."""
        await self._send({"type": "http.response.body", "body": b""})

    async def pause(self, seconds: float) -> None:
        """Wait. Raises ClientLeft as soon as the client closes the connection."""
        try:
            async with asyncio.timeout(seconds):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return
        raise ClientLeft

    @property
    def reused(self) -> bool:
        """The connection has carried a request before this one."""
        return bool(self._scope.get("extensions", {}).get(REUSED))

    def close_after_the_answer(self) -> None:
        """Close the connection, which the answer said was to be kept."""
        if transport := self._scope.get("extensions", {}).get(TRANSPORT):
            transport.close()

    async def cut(self, *, reset: bool) -> None:
        """Close the connection under the answer: by a TCP reset, or in an orderly way."""
        transport = self._scope.get("extensions", {}).get(TRANSPORT)
        if transport is None:
            raise ConnectionResetError("the simulator cut the connection")
        if reset:
            linger = struct.pack("ii", 1, 0)
            peer = transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()
        while (await self._receive())["type"] != "http.disconnect":
            pass
