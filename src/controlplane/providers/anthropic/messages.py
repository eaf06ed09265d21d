"""Chat messages -> the system prompt and the turns of a conversation.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from controlplane.providers.anthropic.parts import Block, translate_content
from controlplane.providers.anthropic.places import a_list, a_text, an_object, only, refuse

_TEXT = frozenset({"text"})
_ASKED = frozenset({"text", "image_url", "file"})
_SAID = frozenset({"text", "refusal"})

_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_CALL = frozenset({"id", "type", "function", "index"})
_FUNCTION = frozenset({"name", "arguments", "parsed_arguments"})
_PLAIN_MEMBERS = frozenset({"role", "content"})
# Reasoning, annotations and parsed forms come back with an answer that a client repeats. None is
# input: earlier thinking is dropped by the model too, the others repeat what the text says.
_ASSISTANT_MEMBERS = _PLAIN_MEMBERS | frozenset(
    {"refusal", "tool_calls", "reasoning_content", "annotations", "parsed"}
)
# The name of a tool message repeats the one of the call that its id names.
_TOOL_MEMBERS = _PLAIN_MEMBERS | {"tool_call_id", "name", "is_error"}


def translate_messages(
    messages: Sequence[Mapping[str, Any]],
) -> tuple[list[Block], list[dict[str, Any]]]:
    """The blocks of the system prompt, and the turns; turns of one role in a row are one.

    System and developer messages all go to the system prompt, in their order, wherever they stand:
    most models take instructions nowhere else. Raises UnsupportedParameter, naming the place.
    """
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        place = f"messages.{index}"
        role = message["role"]
        if role in ("system", "developer"):
            only(message, _PLAIN_MEMBERS, place)
            system += translate_content(message.get("content"), f"{place}.content", _TEXT)
        elif role == "user":
            only(message, _PLAIN_MEMBERS, place)
            blocks = translate_content(message.get("content"), f"{place}.content", _ASKED)
            _say(turns, "user", blocks)
        elif role == "assistant":
            _say(turns, "assistant", _assistant(message, place))
        elif role == "tool":
            _say(turns, "user", [_tool_result(message, place)])
        else:
            refuse(f"{place}.role", "use 'tools' in place of 'functions'")
    if not turns:
        refuse("messages", "at least one message of a user must say something")
    return system, turns


def in_tool_loop(messages: Sequence[Mapping[str, Any]]) -> bool:
    """True where the answer is to go on from the results of tools."""
    for message in reversed(messages):
        if message["role"] in ("tool", "assistant"):
            return bool(message["role"] == "tool")
    return False


def _say(turns: list[dict[str, Any]], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _assistant(message: Mapping[str, Any], place: str) -> list[Block]:
    only(message, _ASSISTANT_MEMBERS, place)
    blocks = translate_content(message.get("content"), f"{place}.content", _SAID)
    if message.get("refusal"):
        refusal = a_text(message["refusal"], f"{place}.refusal")
        blocks.append({"type": "text", "text": refusal})
    calls = a_list(message.get("tool_calls"), f"{place}.tool_calls")
    for index, call in enumerate(calls):
        blocks.append(_tool_use(call, f"{place}.tool_calls.{index}"))
    return blocks


def _tool_use(call: Any, place: str) -> Block:
    call = an_object(call, place)
    if call.get("type", "function") != "function":
        refuse(place, "only calls of functions can be sent")
    only(call, _CALL, place)
    function = an_object(call.get("function"), f"{place}.function")
    only(function, _FUNCTION, f"{place}.function")
    return {
        "type": "tool_use",
        "id": _call_id(call.get("id"), f"{place}.id"),
        "name": a_text(function.get("name"), f"{place}.function.name"),
        "input": _arguments(function.get("arguments"), f"{place}.function.arguments"),
    }


def _call_id(value: Any, place: str) -> str:
    # Other providers use more characters, and a conversation may have begun at one of them.
    return _NOT_IN_AN_ID.sub("_", a_text(value, place))


def _arguments(value: Any, place: str) -> dict[str, Any]:
    text = a_text(value, place)
    try:
        arguments = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        refuse(place, "it must be a JSON object")
    if not isinstance(arguments, dict):
        refuse(place, "it must be a JSON object")
    return arguments


def _tool_result(message: Mapping[str, Any], place: str) -> Block:
    only(message, _TOOL_MEMBERS, place)
    block: Block = {
        "type": "tool_result",
        "tool_use_id": _call_id(message.get("tool_call_id"), f"{place}.tool_call_id"),
    }
    if content := translate_content(message.get("content"), f"{place}.content", _ASKED):
        block["content"] = content
    if message.get("is_error") is True:
        block["is_error"] = True
    return block
