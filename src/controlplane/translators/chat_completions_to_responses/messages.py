"""Messages -> the items of an input."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.translators.chat_completions_to_responses.parts import (
    CACHE_CONTROL,
    text_of,
    translate_content,
    unmarked,
)
from controlplane.translators.chat_completions_to_responses.thoughts import DETAILS, thoughts_of
from controlplane.translators.reading import Reading

Item = dict[str, Any]

MAX_CALL_ID = 64
_TEXT = frozenset({"text"})
_ASKED = frozenset({"text", "image_url", "file"})
_MESSAGE = frozenset({"role", "content", "name"})
_RESULT = _MESSAGE | {"tool_call_id", "is_error"}
# Of an answer that a client repeats. Annotations and parsed forms repeat the text, and what was
# thought in words is no input to a model.
_ASSISTANT = _MESSAGE | frozenset(
    {
        *("refusal", "tool_calls", "annotations", "parsed", "reasoning", "reasoning_content"),
        *("thinking_blocks", "reasoning_details", "provider_specific_fields", "extra_content"),
        *("audio", "function_call", CACHE_CONTROL),
    }
)
_ECHOED = frozenset({"extra_content", "provider_specific_fields", "thought_signature"})
_CALL = frozenset({"id", "type", "function", "custom", "index", CACHE_CONTROL}) | _ECHOED
_FUNCTION = frozenset({"name", "arguments", "parsed_arguments"}) | _ECHOED
_CUSTOM = frozenset({"name", "input"}) | _ECHOED


def translate_messages(messages: Sequence[Mapping[str, Any]], reading: Reading) -> list[Item]:
    """The items, in the order of the messages. Raises UnsupportedParameter, naming the place."""
    items: list[Item] = []
    # Of each call id, the type of the item that holds its result.
    results: dict[str, str] = {}
    for index, message in enumerate(messages):
        place = f"messages.{index}"
        role = message["role"]
        if role == "assistant":
            items += _assistant(message, place, results, reading)
        elif role == "tool":
            items.append(_result(message, place, results, reading))
        elif role == "function":
            reading.refuse(f"{place}.role", "use 'tools' in place of 'functions'")
        else:
            allowed = _ASKED if role == "user" else _TEXT
            unmarked(message, _MESSAGE, place, reading)
            _leave_name(message, place, reading)
            content = translate_content(
                message.get("content"), f"{place}.content", allowed, reading
            )
            items.append({"type": "message", "role": role, "content": content})
    return items


def call_id(id_: str) -> str:
    """An id of a call as Responses takes it: others have longer ones."""
    return (
        id_ if len(id_) <= MAX_CALL_ID else f"call_{hashlib.sha256(id_.encode()).hexdigest()[:32]}"
    )


def _leave_name(message: Mapping[str, Any], place: str, reading: Reading) -> None:
    if message.get("name") is not None:
        reading.leave_out(f"{place}.name")


def _assistant(
    message: Mapping[str, Any],
    place: str,
    results: dict[str, str],
    reading: Reading,
) -> list[Item]:
    for name in ("audio", "function_call"):
        if message.get(name) is not None:
            reading.refuse(f"{place}.{name}")
    reading.echoed(message, _ASSISTANT, place)
    if message.get(CACHE_CONTROL) is not None:
        reading.leave_out(f"{place}.{CACHE_CONTROL}")
    _leave_name(message, place, reading)
    thoughts = thoughts_of(message, place, reading)
    texts = [text_of(message.get("content"), f"{place}.content", reading)]
    if message.get("refusal"):
        texts.append(reading.a_text(message["refusal"], f"{place}.refusal"))
    said = [{"type": "message", "role": "assistant", "content": text} for text in texts if text]
    listed = reading.a_list(message.get("tool_calls"), f"{place}.tool_calls")
    calls = [
        _call(call, f"{place}.tool_calls.{index}", results, reading)
        for index, call in enumerate(listed)
    ]
    if not said and not calls:
        if thoughts:
            # Alone they are no turn.
            reading.leave_out(f"{place}.{DETAILS}")
        return []
    ids = {call["call_id"] for call in calls}
    items = [item for before, item in thoughts if before not in ids]
    items += said
    for call in calls:
        items += [item for before, item in thoughts if before == call["call_id"]]
        items.append(call)
    return items


def _call(call: Any, place: str, results: dict[str, str], reading: Reading) -> Item:
    call = reading.an_object(call, place)
    kind = call.get("type", "function")
    if kind not in ("function", "custom"):
        reading.refuse(place, "only calls of functions and custom tools can be sent")
    if call.get(CACHE_CONTROL) is not None:
        reading.leave_out(f"{place}.{CACHE_CONTROL}")
    reading.echoed(call, _CALL, place)
    id_ = call_id(reading.a_text(call.get("id"), f"{place}.id"))
    place = f"{place}.{kind}"
    inside = reading.an_object(call.get(kind), place)
    reading.echoed(inside, _FUNCTION if kind == "function" else _CUSTOM, place)
    name = reading.a_text(inside.get("name"), f"{place}.name")
    if kind == "custom":
        results[id_] = "custom_tool_call_output"
        text = reading.a_text(inside.get("input"), f"{place}.input")
        return {"type": "custom_tool_call", "call_id": id_, "name": name, "input": text}
    results[id_] = "function_call_output"
    arguments = reading.a_text(inside.get("arguments") or "{}", f"{place}.arguments")
    return {"type": "function_call", "call_id": id_, "name": name, "arguments": arguments}


def _result(
    message: Mapping[str, Any], place: str, results: Mapping[str, str], reading: Reading
) -> Item:
    unmarked(message, _RESULT, place, reading)
    if message.get("is_error") is True:
        reading.leave_out(f"{place}.is_error")
    id_ = call_id(reading.a_text(message.get("tool_call_id"), f"{place}.tool_call_id"))
    output = translate_content(message.get("content"), f"{place}.content", _ASKED, reading)
    return {"type": results.get(id_, "function_call_output"), "call_id": id_, "output": output}
