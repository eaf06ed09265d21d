"""How providers are called: one request, its answer whole or as it comes, bounded and named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import orjson

from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.providers.failures import (
    failure_of_event,
    failure_of_response,
    failure_of_transport,
)
from controlplane.providers.kind import Failures

MAX_ANSWER_BYTES = 32 * 1024 * 1024
FINISH_SECONDS = 0.05


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
        self._headers = {"Content-Type": "application/json", **headers}
        self._failures = failures
        self._api_key = api_key

    @asynccontextmanager
    async def post(
        self, url: str, asked: Mapping[str, Any], timeouts: Timeouts, *, streamed: bool = False
    ) -> AsyncIterator[httpx.Response]:
        """The response to `asked`, a 200 whose content is still to be read.

        The reader of a stream bounds each wait; here a timer for every piece would cost too much.

        Raises ProviderError for another status and for a connection that fails, then or while the
        content is read inside the context.
        """
        request = self._client.build_request(
            "POST",
            url,
            content=orjson.dumps(asked),
            headers=self._headers,
            timeout=httpx.Timeout(
                timeouts.first_byte_s,
                connect=timeouts.connect_s,
                read=None if streamed else timeouts.first_byte_s,
            ),
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    body = await read(response)
                    raise failure_of_response(response, body, self._failures, self._api_key)
                yield response
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise failure_of_transport(error) from error

    def failure(self, event: Mapping[str, object]) -> ProviderError:
        """The error of an event inside a stream."""
        return failure_of_event(event, self._failures, self._api_key)


async def read(response: httpx.Response) -> bytes:
    """The whole content. Raises ProviderError beyond MAX_ANSWER_BYTES."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise ProviderError("protocol", "the answer is too large")
    return bytes(body)


async def finish(events: AsyncIterator[bytes]) -> None:
    """Read what follows the last event, which is nothing: then the connection serves the next call.

    A provider that does not end its answer at once loses the connection instead.
    """
    with suppress(TimeoutError, ProviderError, httpx.RequestError):
        async with asyncio.timeout(FINISH_SECONDS):
            async for _ in events:
                pass


def json_object(data: bytes) -> dict[str, Any]:
    """`data` as a JSON object. Raises ProviderError where it is none."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ProviderError("protocol", "the answer is not JSON") from None
    if not isinstance(value, dict):
        raise ProviderError("protocol", "the answer is not a JSON object")
    return value
