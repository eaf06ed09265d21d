"""OpenAI's chunks -> the events of a streamed Message.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from controlplane.domain.inference import Event
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.usage import read_usage
from controlplane.translators.messages_to_chat_completions.blocks import Blocks
from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.response import (
    ending,
    lifetimes,
    message_id,
    service_tier,
    usage_of,
)
from controlplane.translators.messages_to_chat_completions.spoken_calls import SpokenCalls
from controlplane.translators.messages_to_chat_completions.spoken_thoughts import SpokenThoughts


class MessageTranslation:
    """One stream: feed it each chunk, in order, and end it where they end.

    Thinking and text are said as they come. A call is said when the answer is complete: only then
    it is known whether its input is JSON, and whether more of it comes between others. Where the
    client asked for it as it comes (`eager`), the first call is.
    """

    def __init__(
        self,
        *,
        provider: str,
        names: ToolNames,
        stop: Sequence[str] = (),
        eager: Collection[str] = (),
    ) -> None:
        self._stop_sequences = stop
        self._blocks = Blocks()
        self._thoughts = SpokenThoughts(self._blocks, provider)
        self._calls = SpokenCalls(self._blocks, names, eager)
        self._frame: dict[str, Any] = {}
        self._started = self._ended = False
        self._late: list[Mapping[str, Any]] = []
        self._refusal = ""
        self._reason: str | None = None
        self._stop: Any = None
        self._usage: Any = None

    def feed(self, event: Mapping[str, Any]) -> list[Event]:
        """The events that a chunk becomes; none where it says nothing.

        Raises ProviderError for what is no chunk.
        """
        try:
            self._hear(event)
            choice = next((c for c in event.get("choices") or () if not c.get("index")), None)
            if choice is None:
                return []
            said = self._said(choice.get("delta") or {})
            if choice.get("finish_reason"):
                self._reason = str(choice["finish_reason"])
                self._stop = choice.get("stop_reason")
        except (KeyError, TypeError, AttributeError):
            raise ProviderError("protocol", "an event of the stream is malformed") from None
        return [*self._greeting(), *said] if said else []

    def end(self) -> list[Event]:
        """The last events, once. Raises ProviderError where the answer is not complete."""
        if self._ended:
            return []
        if self._reason is None:
            raise ProviderError("protocol", "the stream ended before the answer did")
        self._ended = True
        events = [*self._greeting(), *self._thoughts.close()]
        if self._blocks.kind == "tool_use":
            events += self._blocks.close()
        for delta in self._late:
            events += self._spoken(delta)
        events += self._thoughts.close()
        events += self._calls.rest(self._frame["id"])
        events += self._blocks.close()
        delta = ending(
            self._reason,
            self._stop,
            self._stop_sequences,
            called=bool(self._calls),
            refusal=self._refusal,
        )
        events.append({"type": "message_delta", "delta": delta, "usage": usage_of(self._usage)})
        return [*events, {"type": "message_stop"}]

    def _hear(self, chunk: Mapping[str, Any]) -> None:
        if not self._frame:
            id_ = chunk.get("id")
            self._frame = {
                "id": message_id(id_ if isinstance(id_, str) and id_ else uuid4().hex),
                "model": str(chunk.get("model") or ""),
            }
        if chunk.get("usage") and read_usage(chunk["usage"]) is not None:
            self._usage = chunk["usage"]  # servers that end in zeros have counted before
        if not self._started and chunk.get("service_tier"):
            self._frame["service_tier"] = chunk["service_tier"]

    def _said(self, delta: Mapping[str, Any]) -> list[Event]:
        events: list[Event] = []
        if self._blocks.kind == "tool_use":
            # The call may go on: it is open until the end.
            self._late.append(delta)
        else:
            events += self._spoken(delta)
        calls = delta.get("tool_calls") or ()
        if calls:
            events += self._thoughts.close()
        for place, call in enumerate(calls):
            events += self._calls.feed(call, place, self._frame["id"])
        return events

    def _spoken(self, delta: Mapping[str, Any]) -> list[Event]:
        """What a delta says in words."""
        events = self._thoughts.feed(delta)
        if text := _text_of(delta.get("content")):
            events += self._text(text)
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            self._refusal += refusal
            events += self._text(refusal)
        return events

    def _text(self, text: str) -> list[Event]:
        events = self._thoughts.close()
        if self._blocks.kind != "text":
            events += self._blocks.open({"type": "text", "text": ""})
        return events + self._blocks.say({"type": "text_delta", "text": text})

    def _greeting(self) -> list[Event]:
        """Only with the first words: until then, another provider can still take over."""
        if self._started:
            return []
        self._started = True
        message = {
            "id": self._frame["id"],
            "type": "message",
            "role": "assistant",
            "model": self._frame["model"],
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {
                **usage_of(self._usage),
                "cache_creation": lifetimes(self._usage),
                "service_tier": service_tier(self._frame.get("service_tier")),
            },
        }
        return [{"type": "message_start", "message": message}]


def _text_of(content: Any) -> str:
    """A text, or the texts among parts, as Mistral's models that think have them."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    texts = (part.get("text") for part in parts if isinstance(part, Mapping))
    return "".join(text for text in texts if isinstance(text, str))
