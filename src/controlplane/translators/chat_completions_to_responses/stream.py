"""The events of a streamed Response -> chunks.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.domain.inference import Event
from controlplane.errors import ProviderError
from controlplane.translators.chat_completions_to_responses.response import (
    finish_reason,
    frame,
    translate_usage,
)
from controlplane.translators.chat_completions_to_responses.thoughts import DETAILS, detail
from controlplane.translators.chat_completions_to_responses.told import Place, Told
from controlplane.translators.tokens import translate_token

_BEGINNINGS = ("response.created", "response.in_progress", "response.queued")
_ENDS = ("response.completed", "response.incomplete")
_ITEMS = ("response.output_item.added", "response.output_item.done")
# Which member an event is of, which of its own members holds the text, and whether that is all.
_TEXTS = {
    "response.output_text.delta": ("content", "delta", False),
    "response.output_text.done": ("content", "text", True),
    "response.refusal.delta": ("refusal", "delta", False),
    "response.refusal.done": ("refusal", "refusal", True),
    "response.reasoning_summary_text.delta": ("reasoning_content", "delta", False),
    "response.reasoning_summary_text.done": ("reasoning_content", "text", True),
    "response.reasoning_text.delta": ("reasoning_content", "delta", False),
    "response.reasoning_text.done": ("reasoning_content", "text", True),
}
_ARGUMENTS = {
    "response.function_call_arguments.delta": ("delta", False),
    "response.function_call_arguments.done": ("arguments", True),
    "response.custom_tool_call_input.delta": ("delta", False),
    "response.custom_tool_call_input.done": ("input", True),
}
# What a call is there: its kind here, and the member of its text.
_CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}
_PARAGRAPH = "\n\n"


class ResponseTranslation:
    """One stream: feed it each event, in order, and end it where they end. `maker` thinks."""

    def __init__(self, maker: str) -> None:
        self._maker = maker
        self._frame: dict[str, Any] = {}
        self._out: list[Event] = []
        self._spoken = self._finished = False
        self._told = Told()
        # How many sources of a text were told.
        self._sources: dict[Place, int] = {}
        # Output index of a call -> its index among the calls, its kind, the member of its text.
        self._calls: dict[int, tuple[int, str, str]] = {}
        # Reasoning that waits for what comes behind it.
        self._thoughts: list[Mapping[str, Any]] = []
        self._sealed = 0

    def feed(self, event: Mapping[str, Any]) -> list[Event]:
        """The chunks that `event` becomes; none for one that is not known.

        Raises ProviderError for events that are no Response.
        """
        kind = event.get("type")
        try:
            if not isinstance(kind, str) or self._finished:
                return []
            if kind in _BEGINNINGS:
                self._frame = frame(event["response"])
            elif kind in _ENDS:
                self._finish(event["response"])
            elif kind in _ITEMS:
                self._item(event["item"], event["output_index"], whole=kind == _ITEMS[1])
            elif kind in _TEXTS:
                self._text(event, *_TEXTS[kind])
            elif kind in _ARGUMENTS and event["output_index"] in self._calls:
                member, whole = _ARGUMENTS[kind]
                self._argue(event["output_index"], event[member], whole=whole)
            elif kind == "response.output_text.annotation.added":
                place = ("content", event["output_index"], event["content_index"])
                self._source(place, event["annotation"])
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ProviderError("protocol", "an event of the stream is malformed") from None
        out, self._out = self._out, []
        return out

    def end(self) -> list[Event]:
        """Nothing more. Raises ProviderError where the answer is not complete."""
        if not self._finished:
            raise ProviderError("protocol", "the stream ended before the answer did")
        return []

    def _finish(self, response: Mapping[str, Any]) -> None:
        self._frame = frame(response)
        self._seal(None)
        self._say({}, finish=finish_reason(response, calls=bool(self._calls)))
        if isinstance(usage := response.get("usage"), Mapping):
            chunk = {**self._frame, "choices": [], "usage": translate_usage(usage)}
            self._out.append(chunk)
        self._finished = True

    def _item(self, item: Mapping[str, Any], index: int, *, whole: bool) -> None:
        kind = item["type"]
        if kind == "reasoning" and whole:
            self._reasoning(item, index)
        elif kind == "message":
            self._seal(None)
            for at, part in enumerate(item["content"]):
                self._part(part, index, at)
        elif kind in _CALLS:
            self._call(item, index)
            self._argue(index, item[_CALLS[kind][1]], whole=True)

    def _reasoning(self, item: Mapping[str, Any], index: int) -> None:
        for member in ("summary", "content"):
            for at, part in enumerate(item.get(member) or ()):
                place = ("reasoning_content", index, member, at)
                self._tell(place, part["text"], whole=True)
        self._thoughts.append(item)

    def _part(self, part: Mapping[str, Any], index: int, at: int) -> None:
        if part["type"] == "refusal":
            self._tell(("refusal", index, at), part["refusal"], whole=True)
            return
        place = ("content", index, at)
        self._tell(place, part["text"], part.get("logprobs"), whole=True)
        for source in (part.get("annotations") or ())[self._sources.get(place, 0) :]:
            self._source(place, source)

    def _text(self, event: Mapping[str, Any], member: str, source: str, whole: bool) -> None:
        place: Place = (member, event["output_index"])
        if member != "reasoning_content":
            place += (event["content_index"],)
        elif "summary_index" in event:
            place += ("summary", event["summary_index"])
        else:
            place += ("content", event["content_index"])
        self._tell(place, event[source], event.get("logprobs"), whole=whole)

    def _tell(self, place: Place, text: str, tokens: Any = None, *, whole: bool) -> None:
        piece = self._told.piece(place, text, whole=whole)
        if not piece:
            return
        member = place[0]
        if member == "reasoning_content":
            first = self._told.begins(place, piece) and self._told.before(place) > 0
            self._say({member: _PARAGRAPH + piece if first else piece})
        else:
            self._seal(None)
            self._say({member: piece}, tokens)

    def _source(self, place: Place, source: Mapping[str, Any]) -> None:
        self._sources[place] = self._sources.get(place, 0) + 1
        if source["type"] == "url_citation":
            before = self._told.before(place)
            cited = {
                "start_index": source["start_index"] + before,
                "end_index": source["end_index"] + before,
                "url": source["url"],
                "title": source["title"],
            }
            self._say({"annotations": [{"type": "url_citation", "url_citation": cited}]})

    def _call(self, item: Mapping[str, Any], index: int) -> None:
        if index in self._calls:
            return
        name, id_ = item["name"], item["call_id"]
        if not isinstance(name, str) or not isinstance(id_, str):
            raise TypeError
        self._seal(id_)
        kind, member = _CALLS[item["type"]]
        number = len(self._calls)
        self._calls[index] = (number, kind, member)
        said = {kind: {"name": name, member: ""}}
        call = {"index": number, "id": id_, "type": kind, **said}
        self._say({"tool_calls": [call]})

    def _argue(self, index: int, text: str, *, whole: bool) -> None:
        if piece := self._told.piece(("arguments", index), text, whole=whole):
            number, kind, member = self._calls[index]
            self._say({"tool_calls": [{"index": number, kind: {member: piece}}]})

    def _seal(self, before: str | None) -> None:
        """The reasoning that waited for what comes now, `before` a call or something else."""
        for item in self._thoughts:
            if kept := detail(item, self._sealed, self._maker, before):
                self._sealed += 1
                self._say({DETAILS: [kept]})
        self._thoughts = []

    def _say(self, delta: dict[str, Any], tokens: Any = None, finish: str | None = None) -> None:
        if not self._frame:
            raise ProviderError("protocol", "the stream does not begin with a response")
        if not self._spoken:
            self._spoken = True
            self._say({"role": "assistant", "content": "", "refusal": None})
        logprobs = {"content": [*map(translate_token, tokens)], "refusal": None} if tokens else None
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
        self._out.append({**self._frame, "choices": [choice]})
