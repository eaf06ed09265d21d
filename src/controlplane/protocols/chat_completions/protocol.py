"""Chat completions as a protocol of the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from controlplane.domain.inference import Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.measure import characters
from controlplane.protocols.chat_completions.reader import DONE, ChunkReader, is_error
from controlplane.protocols.chat_completions.request import ChatRequest, parse_chat_request
from controlplane.protocols.chat_completions.signed_thinking import (
    SIGNED,
    THOUGHTS,
    unsigned_where_changed,
)
from controlplane.protocols.chat_completions.stream_screen import ChunkScreen
from controlplane.protocols.chat_completions.tally import ChunkTally
from controlplane.protocols.chat_completions.usage import usage_of
from controlplane.protocols.protocol import Failure, Protocol, Window, json_object


class ChatCompletions(Protocol):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.CHAT_COMPLETIONS
    operation: ClassVar[str] = "chat.completions"
    json_texts: ClassVar[frozenset[str]] = frozenset({"arguments"})
    sealed: ClassVar[frozenset[str]] = frozenset(SIGNED)

    def parse(self, raw: bytes) -> ChatRequest:
        """See `parse_chat_request`."""
        return parse_chat_request(raw)

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """A completion whose every choice has a message."""
        answer = json_object(body)
        if is_error(answer):
            raise failure(answer)
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices or not all(map(_is_answered, choices)):
            raise ProviderError("protocol", "the answer is not a completion")
        return answer

    def reader(self, request: InferenceRequest, failure: Failure) -> ChunkReader:
        """Of chunks."""
        return ChunkReader(request.answer_count, failure)

    def usage(self, answer: Body) -> Usage:
        """Its member `usage`, and what else it says of it."""
        return usage_of(answer)

    def said(self, answer: Body) -> int:
        """In the messages of all choices."""
        return sum(characters(choice.get("message")) for choice in answer.get("choices", ()))

    def tally(self) -> ChunkTally:
        """Of chunks."""
        return ChunkTally()

    def is_visible(self, event: Event) -> bool:
        """More than a role, empty text or filter results."""
        return any(
            choice.get("finish_reason") or _says_something(choice.get("delta"))
            for choice in event.get("choices", ())
        )

    def shown(self, event: Event, request: InferenceRequest) -> Event | None:
        """The chunk as OpenAI would send it; None where it would send none.

        Only the usage, if asked for, comes without choices (Azure sends its filter results so).
        """
        assert isinstance(request, ChatRequest)
        usage = event.get("usage")
        if not event.get("choices"):
            return event if usage and request.wants_usage_chunk else None
        if "usage" not in event or request.wants_usage_chunk:
            return event
        return {name: value for name, value in event.items() if name != "usage"}

    def texts(self, answer: Body) -> dict[str, Any] | None:
        """The choices, each with what was thought before what was said."""
        if "choices" not in answer:
            return None
        return {"choices": [*map(_thought_first, answer["choices"])]}

    def consistent(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """Without `logprobs`, where the text would be there once more, token by token."""
        choices = [
            {name: value for name, value in choice.items() if name != "logprobs"}
            for choice in _unsigned(before["choices"], after["choices"])
        ]
        return {"choices": choices}

    def stream_screen(self, window: Window) -> ChunkScreen:
        """Of chunks."""
        return ChunkScreen(window)

    def ending(self) -> bytes:
        """`[DONE]`."""
        return b"data: %b\n\n" % DONE


def _is_answered(choice: Any) -> bool:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        return False
    return choice.get("finish_reason") != "error"


def _says_something(delta: object) -> bool:
    return isinstance(delta, Mapping) and any(
        value not in (None, "", [], {}) for name, value in delta.items() if name != "role"
    )


def _thought_first(choice: Any) -> Any:
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(message, Mapping) or message.keys().isdisjoint(THOUGHTS):
        return choice
    # So it comes in a stream, and values are numbered alike.
    thought = {name: message[name] for name in THOUGHTS if name in message}
    return {**choice, "message": {**thought, **message}}


def _unsigned(before: list[Any], after: list[Any]) -> list[Any]:
    """The choices `after`; an entry that differs from `before` has lost its signature."""
    pairs = zip(before, after, strict=True)
    return [
        {**new, "message": unsigned_where_changed([old["message"]], [new["message"]])[0]}
        if isinstance(new.get("message"), Mapping)
        else new
        for old, new in pairs
    ]


PROTOCOL = ChatCompletions()
