"""OpenAI's wire format: OpenAI itself and everything that is compatible with it.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.providers.failures import failure_of_response, failure_of_transport
from controlplane.providers.sse import data_of_events

MAX_ANSWER_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What differs between those who speak the format: the address of a model, and headers."""

    chat_url: Callable[[str], str]
    headers: Mapping[str, str] = field(repr=False)
    api_key: str = field(repr=False)


def openai_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{base_url}/chat/completions`, the key as a bearer token."""
    url = f"{settings.base_url.rstrip('/')}/chat/completions"
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    return Endpoint(lambda _model: url, headers, settings.api_key)


class OpenAIProvider:
    """One endpoint over one shared HTTP client."""

    def __init__(self, endpoint: Endpoint, client: httpx.AsyncClient) -> None:
        self._endpoint = endpoint
        self._client = client

    async def complete(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> ChatCompletion:
        """One whole answer; a 200 that is no completion is a failure. Raises ProviderError."""
        body = {**request.body, "model": model}
        async with self._post(body, model, timeouts) as response:
            return _completion(await _read(response))

    async def stream(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks, the usage always among them; ends only on a finished answer."""
        options = {**(request.body.get("stream_options") or {}), "include_usage": True}
        body = {**request.body, "model": model, "stream_options": options}
        async with self._post(body, model, timeouts) as response:
            begun: set[int] = set()
            finished: set[int] = set()
            async for data in data_of_events(response.aiter_bytes()):
                if data == b"[DONE]":
                    break
                chunk = _chunk(data)
                for choice in chunk["choices"]:
                    begun.add(choice.get("index", 0))
                    if choice.get("finish_reason"):
                        finished.add(choice.get("index", 0))
                yield chunk
            if not begun or begun != finished:
                raise ProviderError("protocol", "the stream ended before the answer did")

    @asynccontextmanager
    async def _post(
        self, body: Mapping[str, Any], model: str, timeouts: Timeouts
    ) -> AsyncIterator[httpx.Response]:
        request = self._client.build_request(
            "POST",
            self._endpoint.chat_url(model),
            content=orjson.dumps(body),
            headers={"Content-Type": "application/json", **self._endpoint.headers},
            timeout=httpx.Timeout(timeouts.first_byte_s, connect=timeouts.connect_s),
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.status_code != 200:
                    raise failure_of_response(
                        response, await _read(response), self._endpoint.api_key
                    )
                yield response
            finally:
                await response.aclose()
        except httpx.RequestError as error:
            raise failure_of_transport(error) from error


async def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise ProviderError("protocol", "the answer is too large")
    return bytes(body)


def _completion(body: bytes) -> ChatCompletion:
    answer = _object(body)
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not all(map(_is_answered, choices)):
        raise ProviderError("protocol", "the answer is not a completion")
    return answer


def _is_answered(choice: Any) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def _chunk(data: bytes) -> Chunk:
    chunk = _object(data)
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ProviderError("protocol", "an event of the stream is not a chunk")
    return chunk


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ProviderError("protocol", "the answer is not JSON") from None
    if not isinstance(value, dict):
        raise ProviderError("protocol", "the answer is not a JSON object")
    if "error" in value and not value.get("choices"):
        raise ProviderError("protocol", "the answer is an error inside a success")
    return value
