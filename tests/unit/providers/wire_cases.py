"""The cases of `tests/fixtures/wire`: a request, and what the provider replied, call by call."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.unit.gateway.parts import CALLER, Health, dispatched
from tests.unit.providers.cases import KEY

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Route, Target, Timeouts
from controlplane.errors import GatewayError
from controlplane.gateway.call import Whole
from controlplane.gateway.record import Trail
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.wiring.providers import open_provider

WIRE = Path(__file__).parents[2] / "fixtures" / "wire"
# A second of a case in the test.
SCALE = 0.02
ROUTES = {
    "m-anthropic": ("anthropic",),
    "m-openai": ("openai",),
    "m-azure": ("azure",),
    "m-fo2": ("openai", "anthropic"),
}
# What the fixtures do not spell out.
LARGE = {"<5,000,000 x A>": "A" * 5_000_000}
SMALL_EVENTS = "<gzip of 5,000 chunks of 1.1 kB each, one piece>"


@dataclass
class Outcome:
    """What the caller got, and what became of the targets."""

    chunks: list[Any] = field(default_factory=list)
    body: Any = None
    error: GatewayError | None = None
    trail: Trail = field(default_factory=lambda: Trail("req_1", CALLER))
    health: Health = field(default_factory=Health)
    calls: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the streamed answer."""
        deltas = (choice["delta"] for chunk in self.chunks for choice in chunk["choices"])
        return "".join(delta.get("content") or "" for delta in deltas)


@dataclass
class Provider:
    """An upstream that replies as the case says; the last reply repeats."""

    replies: list[dict[str, Any]]
    outcome: Outcome

    def __call__(self, request: httpx.Request) -> httpx.Response:
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        self.outcome.calls.append(request.url.host)
        kind, _, encoding = reply["content_type"].partition("; content-encoding ")
        headers = {"content-type": kind} | ({"content-encoding": encoding} if encoding else {})
        return httpx.Response(reply["status"], headers=headers, stream=_Pieces(reply["pieces"]))


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: list[str | bytes | float]) -> None:
        self._given = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._given:
            if isinstance(piece, float):
                await asyncio.sleep(piece * SCALE)
            else:
                yield piece if isinstance(piece, bytes) else _spelt_out(piece)


def _spelt_out(piece: str) -> bytes:
    if piece == SMALL_EVENTS:
        return gzip.compress(b"".join(_small_events()), 1)
    for short, long in LARGE.items():
        piece = piece.replace(short, long)
    return piece.encode()


def _small_events() -> list[bytes]:
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return b"data: %b\n\n" % json.dumps({**frame, "choices": [choice]}).encode()

    return [event({"content": "x" * 1000})] * 4_999 + [event({}, "stop"), b"data: [DONE]\n\n"]


async def run(name: str, *, timeouts: Timeouts | None = None) -> Outcome:
    """The case of that name, with its seconds scaled."""
    case = json.loads((WIRE / f"{name}.json").read_text())
    return await ask(case["request"], case["upstream_reply"], timeouts=timeouts)


async def ask(
    request: dict[str, Any], replies: list[dict[str, Any]], *, timeouts: Timeouts | None = None
) -> Outcome:
    """One request to a route of the cases, over providers that reply so."""
    outcome = Outcome()
    upstream = httpx.MockTransport(Provider(list(replies), outcome))
    client = httpx.AsyncClient(transport=upstream)
    kinds = ROUTES[request["model"]]
    providers = {
        kind: open_provider(
            ProviderSettings(kind, kind, f"https://{kind}.test", KEY, "2024-10-21"), client
        )
        for kind in kinds
    }
    route = Route("m", tuple(Target(kind, "some-model") for kind in kinds), timeouts=timeouts)
    asked = dispatched(ChatRequest(request), route, providers, outcome.trail, health=outcome.health)
    try:
        async with asked as content:
            if isinstance(content, Whole):
                outcome.body = content.body
            else:
                async for chunk in content.events:
                    outcome.chunks.append(chunk)
    except GatewayError as error:
        outcome.error = error
    return outcome
