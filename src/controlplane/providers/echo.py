"""A provider that answers by itself: no network, no key, and always the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from controlplane.domain.chat import ChatCompletion, ChatRequest, Chunk
from controlplane.domain.embeddings import EmbeddingRequest, Embeddings
from controlplane.domain.routing import Timeouts
from controlplane.domain.usage import ImageTokens


class EchoProvider:
    """Answers with the last message; counts one token a word. `calls` is how often it was asked."""

    images = ImageTokens(at_most=1_000)

    def __init__(self) -> None:
        self.calls = 0

    def check(self, request: ChatRequest, model: str) -> tuple[str, ...]:
        """Nothing is left out."""
        return ()

    async def complete(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> ChatCompletion:
        """The whole echo."""
        self.calls += 1
        message = {"role": "assistant", "content": _text(request), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **_frame("chat.completion", model),
            "choices": [choice],
            "usage": _usage(request),
        }

    async def embed(self, request: EmbeddingRequest, model: str, timeouts: Timeouts) -> Embeddings:
        """The place of each input as its embedding."""
        self.calls += 1
        data = [
            {"object": "embedding", "index": index, "embedding": [float(index)]}
            for index in range(request.input_count)
        ]
        tokens = request.input_characters
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": model, "usage": usage}

    async def stream(
        self, request: ChatRequest, model: str, timeouts: Timeouts
    ) -> AsyncGenerator[Chunk, None]:
        """The echo word by word, then the usage."""
        self.calls += 1
        frame = _frame("chat.completion.chunk", model)
        for word in _text(request).split(" "):
            yield {**frame, "choices": [_delta({"content": f"{word} "}, None)]}
        yield {**frame, "choices": [_delta({}, "stop")]}
        yield {**frame, "choices": [], "usage": _usage(request)}


def _frame(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-echo", "object": kind, "created": 0, "model": model}


def _delta(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}


def _text(request: ChatRequest) -> str:
    content = request.body["messages"][-1].get("content")
    return content if isinstance(content, str) else "(no text)"


def _usage(request: ChatRequest) -> dict[str, int]:
    asked = sum(len(str(m.get("content")).split()) for m in request.body["messages"])
    answered = len(_text(request).split())
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }
