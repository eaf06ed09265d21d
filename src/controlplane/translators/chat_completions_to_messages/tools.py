"""Tools and the choice among them.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_messages.cache_marks import (
    CACHE_CONTROL,
    cache_mark,
)
from controlplane.translators.chat_completions_to_messages.places import (
    a_list,
    a_text,
    an_object,
    only,
    refuse,
)
from controlplane.translators.chat_completions_to_messages.schema import closed_schema

_FUNCTION = frozenset({"name", "description", "parameters", "strict", CACHE_CONTROL})
_MODES = {"auto": "auto", "required": "any"}


def translate_tools(body: Mapping[str, Any]) -> dict[str, Any]:
    """The members `tools` and `tool_choice`; none where no tool is offered.

    Raises UnsupportedParameter for a tool that is not a function, and for a choice without tools.
    """
    tools = [_tool(t, f"tools.{i}") for i, t in enumerate(a_list(body.get("tools"), "tools"))]
    choice = body.get("tool_choice")
    if not tools:
        if choice not in (None, "none", "auto"):
            refuse("tool_choice", "there are no tools to choose from")
        return {}
    if isinstance(choice, Mapping) and choice.get("type") == "allowed_tools":
        tools, translated = _allowed(tools, choice)
    else:
        translated = _choice(choice)
    if body.get("parallel_tool_calls") is False and translated["type"] != "none":
        translated["disable_parallel_tool_use"] = True
    asked = {"tools": tools}
    return asked if translated == {"type": "auto"} else {**asked, "tool_choice": translated}


def is_forced(body: Mapping[str, Any]) -> bool:
    """True where the answer has to be a call of a tool."""
    choice = body.get("tool_choice")
    if isinstance(choice, Mapping):
        allowed = choice.get("allowed_tools")
        return not isinstance(allowed, Mapping) or allowed.get("mode") == "required"
    return choice == "required"


def _tool(tool: Any, place: str) -> dict[str, Any]:
    tool = an_object(tool, place)
    if tool.get("type") != "function":
        refuse(place, "only functions can be offered")
    only(tool, frozenset({"type", "function", CACHE_CONTROL}), place)
    mark = cache_mark(tool, place)
    place = f"{place}.function"
    function = an_object(tool.get("function"), place)
    only(function, _FUNCTION, place)
    schema = an_object(function.get("parameters") or {}, f"{place}.parameters")
    translated: dict[str, Any] = {"name": a_text(function.get("name"), f"{place}.name")}
    if function.get("description") is not None:
        translated["description"] = a_text(function["description"], f"{place}.description")
    translated["input_schema"] = {"type": "object", **schema}
    if function.get("strict") is True:
        translated["strict"] = True
        # Where no parameters are described, there are none.
        translated["input_schema"] = closed_schema(
            {"properties": {}, **translated["input_schema"]}, f"{place}.parameters"
        )
    return translated | cache_mark(function, place) | mark


def _choice(choice: Any) -> dict[str, Any]:
    if choice is None:
        return {"type": "auto"}
    if choice == "none":
        return {"type": "none"}
    if isinstance(choice, str) and choice in _MODES:
        return {"type": _MODES[choice]}
    named = an_object(choice, "tool_choice")
    if named.get("type") != "function":
        refuse("tool_choice", "only a function can be chosen")
    function = an_object(named.get("function"), "tool_choice.function")
    return {"type": "tool", "name": a_text(function.get("name"), "tool_choice.function.name")}


def _allowed(
    tools: list[dict[str, Any]], choice: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    place = "tool_choice.allowed_tools"
    allowed = an_object(choice.get("allowed_tools"), place)
    names = set()
    for index, tool in enumerate(a_list(allowed.get("tools"), f"{place}.tools")):
        where = f"{place}.tools.{index}"
        function = an_object(an_object(tool, where).get("function"), f"{where}.function")
        names.add(a_text(function.get("name"), f"{where}.function.name"))
    mode = allowed.get("mode")
    if not isinstance(mode, str) or mode not in _MODES:
        refuse(f"{place}.mode", "it must be 'auto' or 'required'")
    kept = [tool for tool in tools if tool["name"] in names]
    if not kept:
        refuse(f"{place}.tools", "none of them is among the tools")
    return kept, {"type": _MODES[mode]}
