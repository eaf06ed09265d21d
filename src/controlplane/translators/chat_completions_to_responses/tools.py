"""Tools and the choice among them.

https://platform.openai.com/docs/guides/function-calling
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_responses.parts import unmarked
from controlplane.translators.reading import Reading

Item = dict[str, Any]

_FUNCTION = frozenset({"name", "description", "parameters", "strict"})
_CUSTOM = frozenset({"name", "description", "format"})
_KINDS = ("function", "custom")
_SEARCH = frozenset({"search_context_size", "user_location"})


def translate_tools(body: Mapping[str, Any], reading: Reading) -> Item:
    """The members about tools; none where no tool is offered. Raises UnsupportedParameter."""
    listed = reading.a_list(body.get("tools"), "tools")
    tools = [_tool(tool, f"tools.{index}", reading) for index, tool in enumerate(listed)]
    if body.get("web_search_options") is not None:
        tools.append(_search(body["web_search_options"], reading))
    out: Item = {"tools": tools} if tools else {}
    if body.get("tool_choice") is not None:
        out["tool_choice"] = _choice(body["tool_choice"], reading)
    if body.get("parallel_tool_calls") is not None:
        out["parallel_tool_calls"] = body["parallel_tool_calls"]
    return out


def _tool(tool: Any, place: str, reading: Reading) -> Item:
    tool = reading.an_object(tool, place)
    kind = tool.get("type")
    if kind not in _KINDS:
        reading.refuse(place, "only functions and custom tools can be offered")
    unmarked(tool, frozenset({"type", kind}), place, reading)
    place = f"{place}.{kind}"
    inside = reading.an_object(tool.get(kind), place)
    unmarked(inside, _FUNCTION if kind == "function" else _CUSTOM, place, reading)
    out: Item = {"type": kind, "name": reading.a_text(inside.get("name"), f"{place}.name")}
    if inside.get("description") is not None:
        out["description"] = inside["description"]
    if kind == "custom":
        if inside.get("format") is not None:
            out["format"] = _format(inside["format"], f"{place}.format", reading)
        return out
    # Where nothing is said, chat completions are not strict and Responses are.
    out["strict"] = inside.get("strict") is True
    out["parameters"] = inside.get("parameters") or {"type": "object", "properties": {}}
    return out


def _format(value: Any, place: str, reading: Reading) -> Item:
    format_ = reading.an_object(value, place)
    if format_.get("type") != "grammar":
        reading.only(format_, frozenset({"type"}), place)
        return {"type": "text"}
    reading.only(format_, frozenset({"type", "grammar"}), place)
    grammar = reading.an_object(format_.get("grammar"), f"{place}.grammar")
    reading.only(grammar, frozenset({"syntax", "definition"}), f"{place}.grammar")
    return {"type": "grammar", **grammar}


def _choice(choice: Any, reading: Reading) -> Any:
    if isinstance(choice, str):
        return choice
    choice = reading.an_object(choice, "tool_choice")
    if choice.get("type") != "allowed_tools":
        return _chosen(choice, "tool_choice", reading)
    place = "tool_choice.allowed_tools"
    allowed = reading.an_object(choice.get("allowed_tools"), place)
    reading.only(allowed, frozenset({"mode", "tools"}), place)
    tools = reading.a_list(allowed.get("tools"), f"{place}.tools")
    return {
        "type": "allowed_tools",
        "mode": allowed.get("mode"),
        "tools": [_chosen(each, f"{place}.tools.{i}", reading) for i, each in enumerate(tools)],
    }


def _chosen(value: Any, place: str, reading: Reading) -> Item:
    choice = reading.an_object(value, place)
    kind = choice.get("type")
    if kind not in _KINDS:
        reading.refuse(place, "only a function or a custom tool can be chosen")
    inside = reading.an_object(choice.get(kind), f"{place}.{kind}")
    return {"type": kind, "name": reading.a_text(inside.get("name"), f"{place}.{kind}.name")}


def _search(value: Any, reading: Reading) -> Item:
    options = reading.an_object(value, "web_search_options")
    reading.only(options, _SEARCH, "web_search_options")
    tool: Item = {"type": "web_search"}
    if options.get("search_context_size") is not None:
        tool["search_context_size"] = options["search_context_size"]
    if options.get("user_location") is not None:
        place = "web_search_options.user_location"
        location = reading.an_object(options["user_location"], place)
        reading.only(location, frozenset({"type", "approximate"}), place)
        where = reading.an_object(location.get("approximate") or {}, f"{place}.approximate")
        tool["user_location"] = {"type": "approximate", **where}
    return tool
