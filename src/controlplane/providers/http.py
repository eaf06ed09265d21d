"""How providers are called: one request, its answer whole or as it comes, bounded and named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import httpx

from controlplane.domain.memory import hold
from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.providers.content import ACCEPTED, content_of
from controlplane.providers.failures import (
    MAX_REFUSAL_BYTES,
    failure_of_event,
    failure_of_response,
    failure_of_transport,
)
from controlplane.providers.kind import Failures
from controlplane.providers.own_key import answer_without_key

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_STREAM_BYTES = 64 * 1024 * 1024
FINISH_SECONDS = 0.05
# What may follow the reason to stop: the usage, filter results, the closing event.
CLOSING_SECONDS = 1.0

T = TypeVar("T")


class ProviderClient:
    """Calls with the headers of one provider over the shared HTTP client."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        headers: Mapping[str, str],
        *,
        failures: Failures,
        api_key: str,
    ) -> None:
        self._client = client
        self._headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": ACCEPTED,
            **headers,
        }
        self._failures = failures
        self._api_key = api_key

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        *,
        streamed: bool = False,
        keeps_refusals: bool = False,
    ) -> AsyncIterator[httpx.Response]:
        """The response to `content`, a 200 whose content is still to be read.

        A stream's waits are bounded where its chunks are read: a timer for each of its pieces would
        cost too much here.

        Raises ProviderError for another status and for a connection that fails, then or while the
        content is read inside the context.
        """
        request = self._client.build_request(
            method,
            url,
            content=content,
            headers={**self._headers, **headers} if headers else self._headers,
            timeout=httpx.Timeout(
                timeouts.idle_s,
                connect=timeouts.connect_s,
                read=None if streamed else timeouts.idle_s,
            ),
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    body = await _read_refusal(response, timeouts)
                    raise failure_of_response(
                        response,
                        body,
                        self._failures,
                        self._api_key,
                        keeps_refusals=keeps_refusals,
                    )
                yield response
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise failure_of_transport(error) from error

    def cleared(self, data: bytes) -> bytes:
        """What a success says, without our key."""
        return answer_without_key(data, self._api_key)

    def failure(self, event: Mapping[str, object]) -> ProviderError:
        """The error of an event inside a stream."""
        return failure_of_event(event, self._failures, self._api_key)


async def _read_refusal(response: httpx.Response, timeouts: Timeouts) -> bytes:
    """As much of a refusal as is read; what its status says holds without it."""
    body = bytearray()
    with suppress(TimeoutError, ProviderError, httpx.RequestError):
        async with asyncio.timeout(min(timeouts.idle_s, timeouts.total_s / 2)):
            async for piece in content_of(response):
                body += piece[: MAX_REFUSAL_BYTES - len(body)]
                if len(body) == MAX_REFUSAL_BYTES:
                    break
    return bytes(body)


async def read(response: httpx.Response, timeouts: Timeouts) -> bytes:
    """The whole content; white space before it says only that it is still being made.

    Once it has begun it is there, and only has to arrive: it gets half of all the time, so that
    another target has the other half. Raises ProviderError beyond that, and MAX_ANSWER_BYTES.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(None) as arrival:
            async for piece in content_of(response):
                if arrival.when() is None and not piece.isspace():
                    seconds = min(timeouts.idle_s, timeouts.total_s / 2)
                    arrival.reschedule(asyncio.get_running_loop().time() + seconds)
                body += piece
                hold(len(piece))
                if len(body) > MAX_ANSWER_BYTES:
                    raise ProviderError("protocol", "the answer is too large")
    except TimeoutError:
        if not arrival.expired():
            raise
        raise ProviderError("timeout", "the answer did not arrive in time") from None
    return bytes(body)


async def last_events(
    events: AsyncIterator[bytes],
    end: bytes,
    read_event: Callable[[bytes], T],
    timeouts: Timeouts,
) -> list[T]:
    """What follows once an answer is complete, up to the event with `end` in it.

    What is missing or makes no sense there takes nothing from the answer. Raises ProviderError for
    an error that the provider names.
    """
    last: list[bytes] = []
    with suppress(TimeoutError, ProviderError, httpx.RequestError):
        async with asyncio.timeout(min(CLOSING_SECONDS, timeouts.idle_s / 2)):
            async for data in events:
                last.append(data)
                if end in data:
                    break
    await finish(events)
    read_ones: list[T] = []
    for data in filter(None, last):
        try:
            read_ones.append(read_event(data))
        except ProviderError as error:
            if error.kind != "protocol":
                raise
    return read_ones


async def finish(events: AsyncIterator[bytes]) -> None:
    """Read what follows the last event, which is nothing: then the connection serves the next call.

    A provider that does not end its answer at once loses the connection instead.
    """
    with suppress(TimeoutError, ProviderError, httpx.RequestError):
        async with asyncio.timeout(FINISH_SECONDS):
            async for _ in events:
                pass
