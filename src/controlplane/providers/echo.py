"""A provider that answers by itself: no network, no key, and always the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from controlplane.domain.inference import Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.price import Billing
from controlplane.domain.routing import Timeouts
from controlplane.domain.usage import ImageTokens
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.embeddings.request import EmbeddingRequest

_SPOKEN = (ProtocolName.CHAT_COMPLETIONS, ProtocolName.EMBEDDINGS)


class EchoProvider:
    """Answers with the last message; counts one token a word. `calls` is how often it was asked."""

    images = ImageTokens(at_most=1_000)
    billing = Billing()

    def __init__(self) -> None:
        self.calls = 0

    def prepare(self, request: InferenceRequest, model: str) -> EchoCall:
        """Nothing is left out. Raises UnsupportedParameter for another protocol."""
        if request.protocol not in _SPOKEN:
            raise UnsupportedParameter("model", "echo", f"they have no {request.protocol}")
        return EchoCall(self, request, model)


@dataclass
class EchoCall:
    """One call of it."""

    provider: EchoProvider
    request: InferenceRequest
    model: str
    left_out: tuple[str, ...] = ()

    async def complete(self, timeouts: Timeouts) -> Body:
        """The whole echo; the place of each input as its embedding."""
        self.provider.calls += 1
        if isinstance(self.request, EmbeddingRequest):
            return self._embeddings(self.request)
        message = {"role": "assistant", "content": _text(self.request.body), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            **_frame("chat.completion", self.model),
            "choices": [choice],
            "usage": _usage(self.request.body),
        }

    async def stream(self, timeouts: Timeouts) -> AsyncGenerator[Event, None]:
        """The echo word by word, then the usage."""
        assert self.request.protocol is ProtocolName.CHAT_COMPLETIONS
        self.provider.calls += 1
        frame = _frame("chat.completion.chunk", self.model)
        for word in _text(self.request.body).split(" "):
            yield {**frame, "choices": [_delta({"content": f"{word} "}, None)]}
        yield {**frame, "choices": [_delta({}, "stop")]}
        yield {**frame, "choices": [], "usage": _usage(self.request.body)}

    def _embeddings(self, request: EmbeddingRequest) -> Body:
        data = [
            {"object": "embedding", "index": index, "embedding": [float(index)]}
            for index in range(request.input_count)
        ]
        tokens = request.asked_characters(0)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": self.model, "usage": usage}


def _frame(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-echo", "object": kind, "created": 0, "model": model}


def _delta(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}


def _text(body: Mapping[str, Any]) -> str:
    content = body["messages"][-1].get("content")
    return content if isinstance(content, str) else "(no text)"


def _usage(body: Mapping[str, Any]) -> dict[str, int]:
    asked = sum(len(str(m.get("content")).split()) for m in body["messages"])
    answered = len(_text(body).split())
    return {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "total_tokens": asked + answered,
    }
