"""A request that was understood, and how it is answered rightly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from controlplane.local.simulator.exchange import EVENT_STREAM, JSON, Exchange
from controlplane.local.simulator.generation import generate
from controlplane.local.simulator.wire import Frames, Request, Wire


@dataclass
class Turn:
    """All it takes to answer; the faults are written against this."""

    exchange: Exchange
    wire: Wire
    request: Request

    @cached_property
    def completion(self) -> dict[str, Any]:
        """The whole answer."""
        return self.whole(usage=True)

    @cached_property
    def frames(self) -> Frames:
        """The streamed answer."""
        return self.wire.frames(generate(self.request.chat), self.request)

    def whole(self, *, usage: bool) -> dict[str, Any]:
        """The whole answer, or one that forgets the usage."""
        if self.request.fixed is not None:
            return dict(self.request.fixed)
        return self.wire.completion(generate(self.request.chat), self.request, usage=usage)

    @property
    def pieces(self) -> list[bytes]:
        """The right answer in the pieces it is sent in: events, or two halves of the body."""
        if self.request.stream:
            return list(self.frames.whole)
        body = orjson.dumps(self.completion)
        return [body[: len(body) // 2], body[len(body) // 2 :]]

    async def begin(self) -> None:
        """Status and headers of a success."""
        await self.exchange.start(200, EVENT_STREAM if self.request.stream else JSON)

    async def send(self, *pieces: bytes) -> None:
        """A complete HTTP answer with status 200 and this body."""
        await self.begin()
        await self.exchange.write(pieces)
        await self.exchange.end()

    async def play(self) -> None:
        """The right answer."""
        if self.request.stream:
            await self.send(*self.frames.whole)
        else:
            await self.exchange.respond(200, orjson.dumps(self.completion))
