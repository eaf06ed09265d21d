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
from controlplane.providers.fields import fit, with_usage
from controlplane.providers.http import ProviderClient, finish, json_object, last_events, read
from controlplane.providers.kind import Kind
from controlplane.providers.openai_stream import ChunkReader, is_error
from controlplane.providers.parameters import Fitted
from controlplane.providers.sse import data_of_events

DONE = b"[DONE]"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What differs between those who speak the format: addresses and headers."""

    url: Callable[[str, str], str]
    headers: Mapping[str, str] = field(repr=False)
    api_key: str = field(repr=False)


def provider(kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> OpenAIProvider:
    """A server that speaks OpenAI's format as a Provider of the gateway."""
    return OpenAIProvider(kind, settings, openai_endpoint(settings), client)


def openai_endpoint(settings: ProviderSettings) -> Endpoint:
    """`{base_url}/chat/completions`, the key as a bearer token."""
    base = settings.base_url.rstrip("/")
    headers = {"Authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    return Endpoint(lambda path, _model: f"{base}/{path}", headers, settings.api_key)


class OpenAIProvider:
    """One endpoint over one shared HTTP client."""

    def __init__(
        self, kind: Kind, settings: ProviderSettings, endpoint: Endpoint, client: httpx.AsyncClient
    ) -> None:
        self.images = kind.images
        self._kind = kind
        self._settings = settings
        self._endpoint = endpoint
        self._caller = ProviderClient(
            client, endpoint.headers, failures=kind.failures, api_key=endpoint.api_key
        )

    def check(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        """The parameters that are left out. Raises UnsupportedParameter."""
        return self._fit(request).left_out

    async def complete(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> ChatCompletion:
        """One whole answer; a 200 that is no completion is a failure. Raises ProviderError."""
        body = {**self._fit(request).body, "model": model}
        url = self._endpoint.url("chat/completions", model)
        async with self._caller.post(url, body, timeouts) as response:
            return self._completion(await read(response, timeouts))

    async def embed(self, request: EmbeddingRequest, model: str, timeouts: Timeouts) -> Embeddings:
        """One embedding for each input; anything else is a failure. Raises ProviderError."""
        body = {**request.body, "model": model}
        url = self._endpoint.url("embeddings", model)
        async with self._caller.post(url, body, timeouts) as response:
            return self._embeddings(await read(response, timeouts), request.input_count)

    async def stream(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks, the usage always among them where the provider tells it; ends only on a finished
        answer."""
        asked = with_usage(self._fit(request).body, self._settings)
        body = {**asked, "model": model}
        url = self._endpoint.url("chat/completions", model)
        async with self._caller.post(url, body, timeouts, streamed=True) as response:
            reader = ChunkReader(request.body.get("n") or 1, self._caller.failure)
            events = data_of_events(response.aiter_bytes())
            async for data in events:
                if data == DONE:
                    await finish(events)
                    break
                yield reader.feed(data)
                if reader.finished:
                    for chunk in await last_events(events, DONE, reader.feed, timeouts):
                        yield chunk
                    break
            if not reader.ended_well:
                raise ProviderError("protocol", "the stream ended before the answer did")

    def _fit(self, request: ChatRequest) -> Fitted:
        return fit(self._kind.parameters, self._settings, request)

    def _completion(self, body: bytes) -> ChatCompletion:
        answer = self._success(body)
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices or not all(map(_is_answered, choices)):
            raise ProviderError("protocol", "the answer is not a completion")
        return answer

    def _embeddings(self, body: bytes, count: int) -> Embeddings:
        answer = self._success(body)
        data = answer.get("data")
        if not isinstance(data, list) or len(data) != count or not all(map(_is_embedding, data)):
            raise ProviderError("protocol", "the answer is not an embedding for each input")
        return answer

    def _success(self, body: bytes) -> dict[str, Any]:
        answer = json_object(body)
        if is_error(answer):
            raise self._caller.failure(answer)
        return answer


def _is_answered(choice: Any) -> bool:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return False
    return choice.get("finish_reason") != "error"


def _is_embedding(item: Any) -> bool:
    # Text where the request asks for base64.
    return isinstance(item, dict) and isinstance(item.get("embedding"), list | str)
