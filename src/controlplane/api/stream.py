"""Server-sent events to the caller, who may leave at any time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from controlplane.api.disconnect import unless_gone


class EventStream(Response):
    """Sends the pieces as they come, but for the first, which only begins them; when the caller
    leaves, the source is cancelled once.

    Once is the point: what the source does to clean up (settle, record) runs undisturbed, which a
    cancel scope around it would not allow.
    """

    media_type = "text/event-stream"

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], headers: Mapping[str, str] | None = None
    ) -> None:
        self.pieces = pieces
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
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
