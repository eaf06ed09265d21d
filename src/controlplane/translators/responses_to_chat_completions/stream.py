"""Chunks -> the events of a streamed Response.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from controlplane.domain.inference import Event
from controlplane.errors import ProviderError
from controlplane.translators.responses_to_chat_completions.call_items import (
    Call,
    ClientCall,
    new_call,
)
from controlplane.translators.responses_to_chat_completions.frame import Frame
from controlplane.translators.responses_to_chat_completions.items import (
    Message,
    OutputItem,
    Reasoning,
)
from controlplane.translators.responses_to_chat_completions.names import Names
from controlplane.translators.responses_to_chat_completions.thoughts import Thoughts
from controlplane.translators.tokens import translate_token

# Why an answer ends before its end.
_INCOMPLETE: Mapping[str, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}

S = TypeVar("S", Reasoning, Message)


class EventTranslation:
    """One stream: feed it each chunk, in order, and end it where they end. `maker` is who thinks,
    None where the caller takes no sealed thoughts back."""

    def __init__(self, frame: Frame, names: Names, maker: str | None) -> None:
        self._frame = frame
        self._names = names
        self._maker = maker
        self._number = 0
        # A call whose form is not known yet holds back what comes behind it: items begin in order.
        self._out: list[Event | ClientCall] = []
        self._items: list[OutputItem] = []
        self._speaker: Reasoning | Message | None = None
        # Index of a call among the calls -> its id there, and the call.
        self._calls: dict[int, tuple[str, Call]] = {}
        self._open: list[Call] = []
        self._reason: str | None = None
        self._ended = False

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The events that `chunk` becomes. Raises ProviderError for what is no chunk."""
        begun = bool(self._frame.id)
        self._frame.hear(chunk)
        if not begun:
            response = self._frame.response("in_progress", [])
            self._out += [
                {"type": "response.created", "response": response},
                {"type": "response.in_progress", "response": response},
            ]
        try:
            for choice in chunk.get("choices") or ():
                if choice.get("index", 0) == 0 and self._reason is None:
                    self._choice(choice)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ProviderError("protocol", "an event of the stream is malformed") from None
        return self._sent()

    def end(self) -> list[Event]:
        """The last event, once. Raises ProviderError where the answer is not complete."""
        if self._ended:
            return []
        if self._reason is None:
            raise ProviderError("protocol", "the stream ended before the answer did")
        self._ended = True
        incomplete = _INCOMPLETE.get(self._reason)
        status = "completed" if incomplete is None else "incomplete"
        output = [each.item for each in self._items]
        response = self._frame.response(status, output, incomplete)
        self._out.append({"type": f"response.{status}", "response": response})
        return self._sent()

    def _sent(self) -> list[Event]:
        events: list[Event] = []
        for event in self._out:
            if isinstance(event, ClientCall):
                break
            events.append({**event, "sequence_number": self._number + len(events)})
        self._number += len(events)
        self._out = self._out[len(events) :]
        return events

    def _choice(self, choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta") or {}
        if Thoughts.are_in(delta) and self._shows(delta):
            self._out += self._speak(Reasoning).tell(delta)
        if text := delta.get("content"):
            self._out += self._speak(Message).say(text, _tokens(choice.get("logprobs")))
        if refusal := delta.get("refusal"):
            self._out += self._speak(Message).refuse(refusal)
        for annotation in delta.get("annotations") or ():
            self._out += self._speak(Message).annotate(_annotation(annotation))
        for place, call in enumerate(delta.get("tool_calls") or ()):
            self._call(call.get("index", place), call)
        if reason := choice.get("finish_reason"):
            self._reason = str(reason)
            self._close("incomplete" if self._reason in _INCOMPLETE else "completed")

    def _shows(self, delta: Mapping[str, Any]) -> bool:
        """False for what only its maker reads, where the caller does not take it."""
        return self._maker is not None or Thoughts().add(delta) != ""

    def _speak(self, kind: type[S]) -> S:
        """The reasoning or message that goes on, or a new one in place of another speaker."""
        if isinstance(self._speaker, kind):
            return self._speaker
        self._hush()
        index = len(self._items)
        new: Any = (
            Message(self._frame.id, index)
            if kind is Message
            else Reasoning(self._frame.id, index, self._maker)
        )
        self._speaker = new
        self._items.append(new)
        self._out += new.open()
        assert isinstance(new, kind)
        return new

    def _hush(self, status: str = "completed") -> None:
        if self._speaker is not None:
            self._out += self._speaker.close(status)
            self._speaker = None

    def _call(self, index: int, piece: Mapping[str, Any]) -> None:
        function = piece.get("function") or {}
        known = self._calls.get(index)
        if known is None or piece.get("id") not in (None, "", known[0]):
            self._hush()
            place = len(self._items)
            id_ = piece.get("id") or f"call_{self._frame.id}_{place}"
            call = new_call(self._frame.id, place, id_, self._names.here(function["name"]))
            known = self._calls[index] = (id_, call)
            self._items.append(call)
            self._open.append(call)
            self._out += [call] if isinstance(call, ClientCall) else call.open()
        if arguments := function.get("arguments"):
            self._out += known[1].argue(arguments)

    def _close(self, status: str) -> None:
        self._hush(status)
        for call in self._open:
            events = call.close(status)
            if isinstance(call, ClientCall):
                place = self._out.index(call)
                self._out[place : place + 1] = events
            else:
                self._out += events


def _tokens(logprobs: Any) -> list[dict[str, Any]]:
    """How likely the tokens of a text were."""
    return [] if logprobs is None else [*map(translate_token, logprobs.get("content") or ())]


def _annotation(annotation: Mapping[str, Any]) -> dict[str, Any]:
    kind = annotation["type"]
    inside = annotation.get(kind)
    return {"type": kind, **inside} if isinstance(inside, Mapping) else dict(annotation)
