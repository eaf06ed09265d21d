"""The events of a streamed Message -> OpenAI's chunks.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.domain.inference import AsItCame, Event
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.tally import BEGUN
from controlplane.protocols.messages.usage import risen
from controlplane.translators.chat_completions_to_messages.plain_json import ObjectCutter
from controlplane.translators.chat_completions_to_messages.response import (
    finish_reason,
    frame,
    refusal_text,
    refuse_hollow,
    tool_call,
    translate_usage,
)
from controlplane.translators.chat_completions_to_messages.thoughts import sealed
from controlplane.translators.digits import exact_object

_DELTAS = {"thinking_delta": ("thinking", "reasoning_content"), "text_delta": ("text", "content")}


class ChunkTranslation:
    """One stream: feed it each event, in order, and end it where they end."""

    def __init__(self, *, created: int, json_object: bool = False) -> None:
        self._finished = False
        self._created = created
        self._cutter = ObjectCutter() if json_object else None
        self._frame: dict[str, Any] = {}
        self._spoken = self._full = False
        # Block index -> index of the call among the calls; whether any argument has come.
        self._calls: dict[int, int] = {}
        self._argued: set[int] = set()
        # Block index -> a thought that is not complete yet.
        self._thoughts: dict[int, dict[str, Any]] = {}
        self._signed = 0
        self._usage: dict[str, Any] = {}
        self._stop: Mapping[str, Any] = {}

    def feed(self, event: Mapping[str, Any]) -> list[Event]:
        """The chunks that `event` becomes; none for a ping and for an unknown event.

        Raises ProviderError for events that are no Message.
        """
        kind = event.get("type")
        try:
            if kind == "content_block_delta":
                return self._delta(event["index"], event["delta"])
            if kind == "message_start":
                self._frame = frame(event["message"], "chat.completion.chunk", self._created)
                self._usage = dict(event["message"].get("usage") or {})
                return self._begin()
            if kind == "content_block_start":
                # The one event that may hold the arguments of a call as an object.
                exact = exact_object(event.raw) if isinstance(event, AsItCame) else event
                return self._start(exact["index"], exact["content_block"])
            if kind == "content_block_stop":
                return self._end(event["index"])
            if kind == "message_delta":
                self._stop = {**self._stop, **event["delta"]}
                self._usage = risen(self._usage, event.get("usage") or {})
            elif kind == "message_stop":
                return self.end()
        except (KeyError, TypeError, AttributeError):
            raise ProviderError("protocol", "an event of the stream is malformed") from None
        return []

    def _begin(self) -> list[Event]:
        """What was used already, which only the gateway reads: clients add counts up."""
        if not self._usage:
            return []
        return [{**self._frame, "choices": [], BEGUN: translate_usage(self._usage)}]

    def _delta(self, index: int, delta: Mapping[str, Any]) -> list[Event]:
        kind = delta["type"]
        if kind in _DELTAS:
            source, name = _DELTAS[kind]
            text = delta[source]
            if name != "content" and index in self._thoughts:
                self._thoughts[index]["thinking"] += text
            self._full = self._full or bool(text)
            if self._cutter and name == "content":
                text = self._cutter.feed(text)
            return self._say({name: text}) if text else []
        if kind == "input_json_delta" and index in self._calls and delta["partial_json"]:
            self._argued.add(index)
            return self._say(self._arguments(index, delta["partial_json"]))
        if kind == "signature_delta" and index in self._thoughts:
            self._thoughts[index]["signature"] += delta["signature"]
        # Citations have no place in a chunk.
        return []

    def _start(self, index: int, block: Mapping[str, Any]) -> list[Event]:
        # The role is said with the first block and no sooner: until the first chunk another
        # provider can still take over, and an overloaded one often fails right after its greeting.
        chunks = self._greeting()
        self._full = self._full or block["type"] != "text"
        if block["type"] == "tool_use":
            self._calls[index] = len(self._calls)
            call = {"index": self._calls[index], **tool_call(block, "")}
            chunks += self._say({"tool_calls": [call]})
            if block.get("input"):
                self._argued.add(index)
                chunks += self._say(self._arguments(index, orjson.dumps(block["input"]).decode()))
        elif block["type"] == "thinking":
            signature = block.get("signature") or ""
            self._thoughts[index] = {"type": "thinking", "thinking": "", "signature": signature}
            if block.get("thinking"):
                chunks += self._delta(index, {**block, "type": "thinking_delta"})
        elif block["type"] == "redacted_thinking":
            self._thoughts[index] = dict(block)
        elif block["type"] == "text" and block.get("text"):
            chunks += self._delta(index, {"type": "text_delta", "text": block["text"]})
        return chunks

    def _end(self, index: int) -> list[Event]:
        # A call without arguments sends none, and clients parse them as JSON.
        if index in self._calls and index not in self._argued:
            return self._say(self._arguments(index, "{}"))
        if index in self._thoughts and (signed := sealed([self._thoughts[index]], self._signed)):
            self._signed += 1
            return self._say(signed)
        return []

    def end(self) -> list[Event]:
        """The last chunks, once. Raises ProviderError where the message is not complete."""
        if self._finished:
            return []
        stop_reason = self._stop.get("stop_reason")
        if stop_reason is None:
            raise ProviderError("protocol", "the stream ended before the answer did")
        if not self._full:
            refuse_hollow(stop_reason, self._usage)
        chunks = self._greeting()
        if self._cutter and (rest := self._cutter.rest()):
            chunks += self._say({"content": rest})
        if stop_reason == "refusal":
            chunks += self._say({"refusal": refusal_text(self._stop)})
        chunks += self._say({}, finish_reason(stop_reason))
        if self._usage:
            chunks.append({**self._frame, "choices": [], "usage": translate_usage(self._usage)})
        self._finished = True
        return chunks

    def _greeting(self) -> list[Event]:
        if self._spoken:
            return []
        return self._say({"role": "assistant", "content": "", "refusal": None})

    def _say(self, delta: dict[str, Any], finish: str | None = None) -> list[Event]:
        if not self._frame:
            raise ProviderError("protocol", "the stream does not begin with a message")
        self._spoken = True
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return [{**self._frame, "choices": [choice]}]

    def _arguments(self, index: int, text: str) -> dict[str, Any]:
        return {"tool_calls": [{"index": self._calls[index], "function": {"arguments": text}}]}
