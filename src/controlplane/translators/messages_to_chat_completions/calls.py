"""Calls of tools and their results: the tool calls and tool messages of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.translators.messages_to_chat_completions.names import (
    MAX_ID,
    ToolNames,
    shortened,
)
from controlplane.translators.messages_to_chat_completions.parts import (
    Block,
    Part,
    blocks_of,
    parts_of,
    text,
)
from controlplane.translators.messages_to_chat_completions.places import (
    CACHE_CONTROL,
    Losses,
    a_text,
    an_object,
    cache_mark,
)

_CALL = frozenset({"type", "id", "name", "input", "caller", "toolset_name", CACHE_CONTROL})
_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "toolset_name", CACHE_CONTROL})
_REFERENCE = frozenset({"type", "tool_name", CACHE_CONTROL})
_TOOLSET = frozenset({"toolset_name"})
FAILED = "The call failed."
IN_THE_NEXT = "The rest of this result is in the next message."


def tool_call(block: Block, place: str, names: ToolNames, losses: Losses) -> dict[str, Any]:
    """The call that a `tool_use` block is. Numbers of its input keep their digits."""
    losses.others(block, _CALL, place)
    losses.named(block, _TOOLSET, place)
    caller = block.get("caller")
    if isinstance(caller, Mapping) and caller.get("type") != "direct":
        losses.add(f"{place}.caller")
    arguments = an_object(block.get("input"), f"{place}.input")
    function = {
        "name": names.there(a_text(block.get("name"), f"{place}.name")),
        "arguments": orjson.dumps(arguments).decode(),
    }
    id_ = shortened(a_text(block.get("id"), f"{place}.id"), MAX_ID)
    return {"id": id_, "type": "function", "function": function, **cache_mark(block)}


def tool_result(
    block: Block, place: str, names: ToolNames, losses: Losses
) -> tuple[dict[str, Any], list[Part]]:
    """The tool message of a `tool_result` block, and what of it a tool message cannot hold.

    That is what is no text; it begins with a part that says whose it is.
    """
    losses.others(block, _RESULT, place)
    losses.named(block, _TOOLSET, place)
    id_ = shortened(a_text(block.get("tool_use_id"), f"{place}.tool_use_id"), MAX_ID)
    said = [FAILED] if block.get("is_error") is True else []
    media: list[Part] = []
    mark: dict[str, Any] = {}
    for where, each in blocks_of(block.get("content"), f"{place}.content"):
        if each["type"] == "tool_reference":
            losses.others(each, _REFERENCE, where)
            name = names.there(a_text(each.get("tool_name"), f"{where}.tool_name"))
            said.append(f"The tool {name} can be called.")
            mark = cache_mark(each) or mark
            continue
        for part in parts_of(each, where, losses):
            mark = {name: part.pop(name) for name in (CACHE_CONTROL,) if name in part} or mark
            if part["type"] == "text":
                said.append(part["text"])
            else:
                media.append(part)
    if media:
        said.append(IN_THE_NEXT)
        media.insert(0, text(f"The rest of the result of {id_}:"))
    message = {"role": "tool", "tool_call_id": id_, "content": "\n\n".join(said)}
    return {**message, **mark, **cache_mark(block)}, media
