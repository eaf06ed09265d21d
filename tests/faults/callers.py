"""Callers that ask without pause, and note what each request came to."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

# Longer than any bound of the gateway: what takes this long was not bounded.
PATIENCE_SECONDS = 30.0
REQUEST = {
    "model": "gpt-5.5",
    "messages": [{"role": "user", "content": "Say hello."}],
    "max_tokens": 32,
}
WHOLE, STREAMED = REQUEST, REQUEST | {"stream": True}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `status` is None where no response began, `ended` True where it came whole."""

    key: str
    status: int | None
    seconds: float
    at: float
    request_id: str | None = None
    ended: bool = False
    code: str | None = None


@dataclass
class Callers:
    """`keys` take turns; each of `number` callers has one request under way at a time."""

    url: str
    keys: Sequence[str]
    number: int
    pause_seconds: float = 0.05
    asked: list[Asked] = field(default_factory=list)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """They ask as long as the context is open; leaving it waits for what is under way."""
        done = asyncio.Event()
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, limits=_UNLIMITED) as client:
            tasks = [asyncio.create_task(self._ask(client, n, done)) for n in range(self.number)]
            try:
                yield
            finally:
                done.set()
                await asyncio.gather(*tasks)

    async def _ask(self, client: httpx.AsyncClient, number: int, done: asyncio.Event) -> None:
        keys = itertools.cycle([*self.keys[number % len(self.keys) :], *self.keys])
        for body in itertools.cycle((WHOLE, STREAMED)):
            if done.is_set():
                return
            self.asked.append(await ask(client, self.url, next(keys), body))
            await asyncio.sleep(self.pause_seconds)

    def since(self, moment: float) -> list[Asked]:
        """What was asked after a moment of `time.monotonic`."""
        return [each for each in self.asked if each.at >= moment]


_UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=None)


async def ask(client: httpx.AsyncClient, url: str, key: str, body: Mapping[str, Any]) -> Asked:
    """One chat completion, read to its end."""
    at = time.monotonic()
    status, request_id, ended, code = None, None, False, None
    try:
        async with client.stream(
            "POST",
            f"{url}/v1/chat/completions",
            json=body,
            headers={"Authorization": f"Bearer {key}"},
        ) as response:
            status, request_id = response.status_code, response.headers.get("x-request-id")
            text = await response.aread()
        ended = status != 200 or not body.get("stream") or b"[DONE]" in text
        code = None if status == 200 else _code(response)
    except httpx.TransportError as error:
        code = type(error).__name__
    return Asked(key, status, time.monotonic() - at, at, request_id, ended, code)


def _code(response: httpx.Response) -> str | None:
    error = response.json()["error"]
    code: str | None = error["code"] or error["type"]
    return code


def told(asked: Sequence[Asked]) -> str:
    """`200: 143, 503 redis_unavailable: 12`, the most frequent first."""
    kinds = Counter(f"{each.status or 'no response'} {each.code or ''}".strip() for each in asked)
    return ", ".join(f"{kind}: {count}" for kind, count in kinds.most_common())
