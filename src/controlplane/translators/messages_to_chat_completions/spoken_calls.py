"""Calls in an answer -> `tool_use` blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from controlplane.domain.inference import Event
from controlplane.translators.digits import exact_text
from controlplane.translators.messages_to_chat_completions.blocks import INVALID_JSON, Blocks
from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.response import call_id


@dataclass(slots=True)
class _Call:
    id: str
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    said: bool = False


class SpokenCalls:
    """The calls of one answer, in order."""

    def __init__(self, blocks: Blocks, names: ToolNames, eager: Collection[str]) -> None:
        self._blocks = blocks
        self._names = names
        self._eager = eager
        self._calls: list[_Call] = []
        # Which call the pieces with an index belong to.
        self._at: dict[int, _Call] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def feed(self, piece: Mapping[str, Any], place: int, message: str) -> list[Event]:
        """What may be said now that a piece of a call has come; the call of that `place` in its
        list where it has no index."""
        call = self._call_of(piece, place)
        function = piece.get("function") or {}
        call.name = call.name or _text(function.get("name"))
        given = function.get("arguments")
        arguments = orjson.dumps(given).decode() if isinstance(given, Mapping) else _text(given)
        if arguments:
            call.arguments.append(arguments)
        return self._eagerly(call, arguments, message)

    def rest(self, message: str) -> list[Event]:
        """The calls that are not said yet."""
        events: list[Event] = []
        for place, call in enumerate(self._calls):
            if not call.said:
                events += self._open(call, place, message)
                events += self._say(_input_of("".join(call.arguments)))
        return events

    def _call_of(self, piece: Mapping[str, Any], place: int) -> _Call:
        index = piece.get("index")
        index = place if index is None else index
        id_ = _text(piece.get("id"))
        call = self._at.get(index)
        # Some servers give all calls one index.
        begins = id_ and (piece.get("function") or {}).get("name")
        if call is None or (begins and call.id and call.id != id_):
            call = self._at[index] = _Call(id_)
            self._calls.append(call)
        call.id = call.id or id_
        return call

    def _eagerly(self, call: _Call, arguments: str, message: str) -> list[Event]:
        if call is not self._calls[0] or not call.name:
            return []
        if call.said:
            return self._say(arguments)
        if self._names.here(call.name) not in self._eager:
            return []
        return [*self._open(call, 0, message), *self._say("".join(call.arguments))]

    def _open(self, call: _Call, place: int, message: str) -> list[Event]:
        call.said = True
        block = {
            "type": "tool_use",
            "id": call_id(call.id, message, place),
            "name": self._names.here(call.name),
            "input": {},
        }
        return self._blocks.open(block)

    def _say(self, text: str) -> list[Event]:
        return self._blocks.say({"type": "input_json_delta", "partial_json": text}) if text else []


def _text(value: Any) -> str:
    """A string, which may be missing. Raises TypeError."""
    if not isinstance(value, str | None):
        raise TypeError
    return value or ""


def _input_of(arguments: str) -> str:
    """The arguments as the JSON of an object, as an input must be one."""
    if not arguments.strip() or arguments.strip() == "null":
        return "{}"
    if exact_text(arguments) is None:
        return orjson.dumps({INVALID_JSON: arguments}).decode()
    return arguments
