"""Calls of tools and their results: the `tool_use` and `tool_result` blocks of a conversation."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.translators.chat_completions_to_messages.cache_marks import (
    CACHE_CONTROL,
    cache_mark,
    hoisted,
)
from controlplane.translators.chat_completions_to_messages.parts import Block, translate_content
from controlplane.translators.chat_completions_to_messages.places import (
    LeftOut,
    a_text,
    an_object,
    only,
    refuse,
)
from controlplane.translators.digits import exact_text

_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
# What clients keep of an answer of another provider, and send back. None is input to a model.
_ECHOED = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
_CALL = frozenset({"id", "type", "function", "index", CACHE_CONTROL}) | _ECHOED
_FUNCTION = frozenset({"name", "arguments", "parsed_arguments"}) | _ECHOED
# The name of a tool message repeats the one of the call that its id names.
_RESULT = frozenset({"role", "content", "tool_call_id", "name", "is_error", CACHE_CONTROL})
_RESULT_PARTS = frozenset({"text", "image_url", "file"})
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
INVALID_JSON = "INVALID_JSON"


class Calls:
    """The calls of one conversation, in order. Each gets an id of its own, and its results too.

    Other providers use more characters in an id, and the same ones again in later turns.
    """

    def __init__(self, left_out: LeftOut) -> None:
        self._left_out = left_out
        self._used: set[str] = set()
        # Of each id there: its ids here that wait for a result, and the last that has got one.
        self._waiting: defaultdict[str, deque[str]] = defaultdict(deque)
        self._answered: dict[str, str] = {}

    def tool_use(self, call: Any, place: str) -> Block:
        """The block of a call. Raises UnsupportedParameter for one that is not of a function."""
        call = an_object(call, place)
        if call.get("type", "function") != "function":
            refuse(place, "only calls of functions can be sent")
        self._left_out.others(call, _CALL, place)
        id_ = a_text(call.get("id"), f"{place}.id")
        mark = cache_mark(call, place)
        place = f"{place}.function"
        function = an_object(call.get("function"), place)
        self._left_out.others(function, _FUNCTION, place)
        return {
            "type": "tool_use",
            "id": self._new_id(id_),
            "name": a_text(function.get("name"), f"{place}.name"),
            "input": _arguments(function.get("arguments"), f"{place}.arguments"),
            **mark,
        }

    def tool_result(self, message: Mapping[str, Any], place: str) -> Block:
        """The block of a tool message."""
        only(message, _RESULT, place)
        id_ = a_text(message.get("tool_call_id"), f"{place}.tool_call_id")
        block: Block = {"type": "tool_result", "tool_use_id": self._id_of_result(id_)}
        where = f"{place}.content"
        content = translate_content(message.get("content"), where, _RESULT_PARTS, self._left_out)
        content, mark = hoisted(content)
        if content:
            block["content"] = content
        if message.get("is_error") is True:
            block["is_error"] = True
        return block | mark | cache_mark(message, place)

    def _new_id(self, id_: str) -> str:
        plain = unique = _plain_id(id_)
        number = 2
        while unique in self._used:
            unique = f"{plain}_{number}"
            number += 1
        self._used.add(unique)
        self._waiting[id_].append(unique)
        return unique

    def _id_of_result(self, id_: str) -> str:
        if waiting := self._waiting.get(id_):
            self._answered[id_] = waiting.popleft()
        return self._answered.get(id_) or _plain_id(id_)


def _plain_id(id_: str) -> str:
    return _NOT_IN_AN_ID.sub("_", id_) or "call"


def _arguments(value: Any, place: str) -> dict[str, Any] | orjson.Fragment:
    """An object, as `input` must be one; what is none is wrapped, so that a session goes on."""
    text = "" if value is None else a_text(value, place)
    if not text.strip() or text.strip() == "null":
        return {}
    # Cut by a maximum of tokens, for one.
    arguments = exact_text(text)
    return {INVALID_JSON: text} if arguments is None else arguments
