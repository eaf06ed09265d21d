"""Calls of tools and their results: items -> calls of functions, and messages of tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.protocols.parameters import Fate
from controlplane.translators.reading import Reading
from controlplane.translators.responses_to_chat_completions.client_tools import (
    BY_CALL,
    OUTPUTS,
    custom_arguments,
)
from controlplane.translators.responses_to_chat_completions.names import Names, Tool
from controlplane.translators.responses_to_chat_completions.parts import (
    Part,
    compact,
    is_text,
    translate_parts,
)
from controlplane.translators.responses_to_chat_completions.tools import offered_names, tool_of

Item = dict[str, Any]

_TEXTS = {"function_call": "arguments", "custom_tool_call": "input"}
CALLS = frozenset({*_TEXTS, *BY_CALL})
_PLAIN_RESULTS = ("function_call_output", "custom_tool_call_output")
RESULTS = frozenset({*_PLAIN_RESULTS, *OUTPUTS})

_ITEM = frozenset({"type", "id", "call_id", "status", "created_by", "caller", "async"})
_NAMED = _ITEM | {"name", "namespace"}
_RESULT = _NAMED | {"output"}
_ELSEWHERE = frozenset({"environment", "execution", "max_output_length", "tools"})
_SHOWN_ELSEWHERE = "It is in the next message."


def called(item: Mapping[str, Any], place: str, names: Names, reading: Reading) -> Item:
    """The call of a function. Raises UnsupportedParameter, naming what cannot be carried."""
    kind = item["type"]
    _refuse_programs(item, place, reading)
    if kind in _TEXTS:
        member = _TEXTS[kind]
        reading.echoed(item, _NAMED | {member}, place)
        text = reading.a_text(item.get(member), f"{place}.{member}")
        arguments = text if kind == "function_call" else custom_arguments(text)
        tool = tool_of(kind, item, place, reading)
    else:
        row = BY_CALL[kind]
        if item.get("environment") not in (None, {"type": "local"}):
            reading.leave_out(f"{place}.environment")
        reading.echoed(item, _ITEM | _ELSEWHERE | {row.member}, place)
        arguments, tool = row.arguments(item), Tool(kind, row.name)
    id_ = reading.a_text(item.get("call_id"), f"{place}.call_id")
    return {
        "id": id_,
        "type": "function",
        "function": {"name": names.there(tool), "arguments": arguments},
    }


def result_id(item: Mapping[str, Any], place: str, reading: Reading) -> str:
    """Which call it is the result of."""
    id_ = item.get("call_id")
    if id_ is None and item["type"] == "local_shell_call_output":
        id_ = item.get("id")
    return reading.a_text(id_, f"{place}.call_id")


def result(
    item: Mapping[str, Any], place: str, names: Names, reading: Reading
) -> tuple[str | list[Part], list[Part]]:
    """The text of a result, and what else is in it: pictures and files."""
    _refuse_programs(item, place, reading)
    if item["type"] not in _PLAIN_RESULTS:
        return _client_result(item, place, names, reading), []
    reading.echoed(item, _RESULT, place)
    parts = translate_parts(item.get("output"), f"{place}.output", reading)
    texts = [part for part in parts if is_text(part)]
    rest = [part for part in parts if not is_text(part)]
    if texts or not rest:
        return compact(texts) if texts else "", rest
    return _SHOWN_ELSEWHERE, rest


def _client_result(item: Mapping[str, Any], place: str, names: Names, reading: Reading) -> str:
    reading.echoed(item, _RESULT | _ELSEWHERE, place)
    if item["type"] == "tool_search_output":
        # What was found is offered; here it is said what that is.
        return orjson.dumps({"tools": [*offered_names(item.get("tools"), names)]}).decode()
    output = item.get("output")
    if isinstance(output, list):
        return orjson.dumps(output).decode()
    said = output if isinstance(output, str) else ""
    failed = item["type"] == "apply_patch_call_output" and item.get("status") == "failed"
    return f"failed: {said}" if failed else said


def _refuse_programs(item: Mapping[str, Any], place: str, reading: Reading) -> None:
    caller = item.get("caller")
    if isinstance(caller, Mapping) and caller.get("type") != "direct":
        reading.refuse(f"{place}.caller", "tools can only be called directly")
    if item.get("async") is True:
        reading.lack(f"{place}.async", Fate.DETAIL)
