"""OpenAI's wire format: OpenAI itself and everything that is compatible with it.

https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.embeddings import EmbeddingRequest, Embeddings
from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderError
from controlplane.providers.claude_only import without_claude_only
from controlplane.providers.http import ProviderClient, finish, json_object, read
from controlplane.providers.kind import Kind
from controlplane.providers.sse import data_of_events


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What differs between those who speak the format: addresses and headers."""

    url: Callable[[str, str], str]
    headers: Mapping[str, str] = field(repr=False)
    api_key: str = field(repr=False)


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> OpenAIProvider:
    """A server that speaks OpenAI's format as a Provider of the gateway."""
    return OpenAIProvider(kind, openai_endpoint(settings), client)


def openai_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{base_url}/chat/completions`, the key as a bearer token."""
    base = settings.base_url.rstrip("/")
    headers = {"Authorization": f"Bearer {settings.api_key}"}
    return Endpoint(lambda path, _model: f"{base}/{path}", headers, settings.api_key)


class OpenAIProvider:
    """One endpoint over one shared HTTP client."""

    def __init__(self, kind: Kind, endpoint: Endpoint, client: httpx.AsyncClient) -> None:
        self.images = kind.images
        self._kind = kind
        self._endpoint = endpoint
        self._caller = ProviderClient(
            client, endpoint.headers, failures=kind.failures, api_key=endpoint.api_key
        )

    def check(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        """The parameters that are left out. Raises UnsupportedParameter."""
        plain = without_claude_only(request.body)
        return self._kind.parameters.check(self._kind.name, plain.body) + plain.left_out

    async def complete(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> ChatCompletion:
        """One whole answer; a 200 that is no completion is a failure. Raises ProviderError."""
        body = {**without_claude_only(request.body).body, "model": model}
        url = self._endpoint.url("chat/completions", model)
        async with self._caller.post(url, body, timeouts) as response:
            return _completion(await read(response))

    async def embed(self, request: EmbeddingRequest, model: str, timeouts: Timeouts) -> Embeddings:
        """One embedding for each input; anything else is a failure. Raises ProviderError."""
        body = {**request.body, "model": model}
        url = self._endpoint.url("embeddings", model)
        async with self._caller.post(url, body, timeouts) as response:
            return _embeddings(await read(response), request.input_count)

    async def stream(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks, the usage always among them; ends only on a finished answer.

        The first one has a choice: until it comes, another provider can still take over, and what
        Azure says of its filters before is no answer.
        """
        options = {**(request.body.get("stream_options") or {}), "include_usage": True}
        plain = without_claude_only(request.body).body
        body = {**plain, "model": model, "stream_options": options}
        url = self._endpoint.url("chat/completions", model)
        async with self._caller.post(url, body, timeouts, streamed=True) as response:
            begun: set[int] = set()
            finished: set[int] = set()
            events = data_of_events(response.aiter_bytes())
            async for data in events:
                if data == b"[DONE]":
                    await finish(events)
                    break
                chunk = _chunk(data)
                for choice in chunk["choices"]:
                    begun.add(choice.get("index", 0))
                    if choice.get("finish_reason"):
                        finished.add(choice.get("index", 0))
                if begun:
                    yield chunk
            if not begun or begun != finished:
                raise ProviderError("protocol", "the stream ended before the answer did")


def _completion(body: bytes) -> ChatCompletion:
    answer = _success(body)
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not all(map(_is_answered, choices)):
        raise ProviderError("protocol", "the answer is not a completion")
    return answer


def _is_answered(choice: Any) -> bool:
    return isinstance(choice, dict) and isinstance(choice.get("message"), dict)


def _embeddings(body: bytes, count: int) -> Embeddings:
    answer = json_object(body)
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != count or not all(map(_is_embedding, data)):
        raise ProviderError("protocol", "the answer is not an embedding for each input")
    return answer


def _is_embedding(item: Any) -> bool:
    # Text where the request asks for base64.
    return isinstance(item, dict) and isinstance(item.get("embedding"), list | str)


def _chunk(data: bytes) -> Chunk:
    chunk = _success(data)
    choices = chunk.get("choices")
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise ProviderError("protocol", "an event of the stream is not a chunk")
    return chunk


def _success(data: bytes) -> dict[str, Any]:
    value = json_object(data)
    if "error" in value and not value.get("choices"):
        raise ProviderError("protocol", "the answer is an error inside a success")
    return value
