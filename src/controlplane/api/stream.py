"""Server-sent events to the caller, who may leave at any time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from controlplane.api.disconnect import unless_gone


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a protocol sends after each `seconds` without anything else; it says nothing."""

    event: bytes
    seconds: float


class EventStream(Response):
    """Sends the pieces as they come, but for the first, which only begins them; when the caller
    leaves, the source is cancelled once.

    Once is the point: what the source does to clean up (settle, record) runs undisturbed, which a
    cancel scope around it would not allow.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        heartbeat: Heartbeat,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.pieces = pieces
        self.heartbeat = heartbeat
        self.status_code = 200
        self.background = None
        self.init_headers(
            {"cache-control": "no-cache", "x-accel-buffering": "no", **(headers or {})}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the response to its end, or to the caller's."""
        # Begun, so that closing it settles and records whenever the caller leaves.
        await anext(self.pieces)
        await unless_gone(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        async with aclosing(self.pieces) as pieces:
            await send(start)
            beating = _Beating(send, self.heartbeat)
            try:
                async for piece in pieces:
                    beating.paused = True
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    beating.go_on()
            finally:
                await beating.stop()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Beating:
    """Heartbeats for the price of one timer: a piece only notes the time. `paused` while a piece
    waits for a slow reader."""

    def __init__(self, send: Send, heartbeat: Heartbeat) -> None:
        self._send = send
        self._heartbeat = heartbeat
        self._loop = asyncio.get_running_loop()
        self._last = self._loop.time()
        self.paused = False
        self._beat: asyncio.Task[None] | None = None
        self._timer = self._loop.call_later(heartbeat.seconds, self._look)

    def go_on(self) -> None:
        """Something was sent."""
        self.paused = False
        self._last = self._loop.time()

    async def stop(self) -> None:
        """No more heartbeats; one that is on its way is not waited for by a reader who left."""
        self._timer.cancel()
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.gather(self._beat, return_exceptions=True)

    def _look(self) -> None:
        silent = self._loop.time() - self._last
        wait = self._heartbeat.seconds - silent
        if self.paused or (self._beat and not self._beat.done()):
            wait = self._heartbeat.seconds
        elif wait <= 0:
            self._beat = self._loop.create_task(self._say())
            wait = self._heartbeat.seconds
        self._timer = self._loop.call_later(wait, self._look)

    async def _say(self) -> None:
        body = self._heartbeat.event
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        self._last = self._loop.time()
