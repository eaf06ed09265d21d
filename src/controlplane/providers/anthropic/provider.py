"""Anthropic as a Provider of the gateway.

https://platform.claude.com/docs/en/api/overview
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

import httpx

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.routing import Timeouts
from controlplane.providers.anthropic.digits import exact_object
from controlplane.providers.anthropic.fit import Sent, fit
from controlplane.providers.anthropic.request import wants_json_object
from controlplane.providers.anthropic.response import completion
from controlplane.providers.anthropic.stream import StreamTranslation
from controlplane.providers.http import ProviderClient, json_object, last_events, read
from controlplane.providers.kind import Kind
from controlplane.providers.sse import data_of_events

# Later versions of the API have no sampling parameters: under this one, each model decides.
API_VERSION = "2023-06-01"
END = b"message_stop"


def provider(
    kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient
) -> AnthropicProvider:
    """Anthropic as a Provider of the gateway."""
    return AnthropicProvider(kind, settings, client)


class AnthropicProvider:
    """`POST {base_url}/v1/messages` over one shared HTTP client."""

    def __init__(self, kind: Kind, settings: ProviderSettings, client: httpx.AsyncClient) -> None:
        self.images = kind.images
        self._kind = kind
        headers = {"anthropic-version": API_VERSION}
        if settings.api_key:
            headers["x-api-key"] = settings.api_key
        self._caller = ProviderClient(
            client, headers, failures=kind.failures, api_key=settings.api_key
        )
        self._url = f"{settings.base_url.rstrip('/')}/v1/messages"

    def check(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        """The parameters that are left out; some depend on the model.

        Raises UnsupportedParameter for a parameter, or a place in one, that cannot be translated.
        """
        return self._fit(request, model).left_out

    async def complete(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> ChatCompletion:
        """One whole answer; a 200 that is no message is a failure. Raises ProviderError."""
        body = self._fit(request, model).body
        async with self._caller.post(self._url, body, timeouts) as response:
            message = exact_object(await read(response, timeouts))
        if message.get("error"):
            raise self._caller.failure(message)
        return completion(
            message, created=int(time.time()), json_object=wants_json_object(request.body)
        )

    async def stream(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> AsyncGenerator[Chunk, None]:
        """Chunks, the usage always the last; ends only on a finished answer."""
        body = self._fit(request, model, stream=True).body
        translation = StreamTranslation(
            created=int(time.time()),
            failure=self._caller.failure,
            json_object=wants_json_object(request.body),
        )

        def read_event(data: bytes) -> list[Chunk]:
            event = json_object(data)
            if event.get("type") == "content_block_start":
                # The one event that may hold the arguments of a call as an object.
                event = exact_object(data)
            return translation.feed(event)

        async with self._caller.post(self._url, body, timeouts, streamed=True) as response:
            events = data_of_events(response.aiter_bytes())
            async for data in events:
                chunks = read_event(data) if data else []
                for chunk in chunks:
                    yield chunk
                if translation.stopped:
                    for late in await last_events(events, END, read_event, timeouts):
                        for chunk in late:
                            yield chunk
                    break
                if not chunks:
                    # A sign of life.
                    yield {}
            for chunk in () if translation.finished else translation.end():
                yield chunk

    def _fit(self, request: ChatRequest, model: str, *, stream: bool = False) -> Sent:
        return fit(self._kind.parameters, self._kind.name, request, model, stream=stream)
