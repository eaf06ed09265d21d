"""What the model may call: `tools` and `tool_choice`.

https://platform.openai.com/docs/guides/function-calling
https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.places import (
    CACHE_CONTROL,
    Losses,
    a_list,
    a_text,
    an_object,
    cache_mark,
    refuse,
)
from controlplane.translators.messages_to_chat_completions.schema import is_closed

_TOOL = frozenset(
    {
        *("type", "name", "description", "input_schema", "strict", CACHE_CONTROL),
        *("allowed_callers", "defer_loading", "eager_input_streaming", "input_examples"),
    }
)
_CHOICE = frozenset({"type", "name", "disable_parallel_tool_use"})
_MODES = {"auto": "auto", "any": "required", "none": "none"}
# Tools that the client runs, and that Claude was made for: without their schema no other model
# knows how to call them.
_KNOWN_TO_CLAUDE = ("bash_", "text_editor_", "memory_", "computer_", "browser_")


def translate_tools(body: Mapping[str, Any], names: ToolNames, losses: Losses) -> dict[str, Any]:
    """The members `tools`, `tool_choice` and `parallel_tool_calls`; none where no tool is offered.

    Raises UnsupportedParameter for a tool that is not a function, and for a choice without tools.
    """
    listed = a_list(body.get("tools"), "tools")
    tools = []
    for index, tool in enumerate(listed):
        place = f"tools.{index}"
        if is_tool_search(an_object(tool, place).get("type")):
            # There is nothing to search for: all tools are offered from the beginning.
            losses.add(f"{place}.type")
        else:
            tools.append(_tool(tool, place, names, losses))
    choice = an_object(body.get("tool_choice") or {"type": "auto"}, "tool_choice")
    losses.others(choice, _CHOICE, "tool_choice")
    if not tools:
        if choice.get("type") not in ("auto", "none"):
            refuse("tool_choice", "there are no tools to choose from")
        return {}
    asked: dict[str, Any] = {"tools": tools}
    if choice.get("type") != "auto":
        asked["tool_choice"] = _choice(choice, names)
    if choice.get("disable_parallel_tool_use") is True:
        asked["parallel_tool_calls"] = False
    return asked


def is_tool_search(kind: Any) -> bool:
    """True for the type, or the name, of a search for tools that runs at Anthropic."""
    return isinstance(kind, str) and kind.startswith("tool_search_tool_")


def eager_tools(body: Mapping[str, Any]) -> frozenset[str]:
    """The names of tools whose input is wanted as it comes, though it may turn out to be no JSON.

    https://platform.claude.com/docs/en/agents-and-tools/tool-use/fine-grained-tool-streaming
    """
    tools = (tool for tool in body.get("tools") or () if tool.get("eager_input_streaming"))
    return frozenset(name for tool in tools if isinstance(name := tool.get("name"), str))


def _tool(tool: Mapping[str, Any], place: str, names: ToolNames, losses: Losses) -> dict[str, Any]:
    kind = tool.get("type")
    if kind not in (None, "custom"):
        if str(kind).startswith(_KNOWN_TO_CLAUDE):
            refuse(place, "only Claude knows its schema: it can be offered as a custom tool")
        refuse(place, "it runs at Anthropic: only custom tools can be offered")
    losses.others(tool, _TOOL, place)
    losses.named(tool, frozenset({"defer_loading"}), place)
    callers = a_list(tool.get("allowed_callers"), f"{place}.allowed_callers")
    if callers and "direct" not in callers:
        refuse(f"{place}.allowed_callers", "no code runs there that could call it")
    if any(caller != "direct" for caller in callers):
        losses.add(f"{place}.allowed_callers")
    schema = an_object(tool.get("input_schema"), f"{place}.input_schema")
    function: dict[str, Any] = {"name": names.there(a_text(tool.get("name"), f"{place}.name"))}
    if description := _description(tool, place):
        function["description"] = description
    function["parameters"] = schema
    if tool.get("strict") is True:
        if is_closed(schema):
            function["strict"] = True
        else:
            losses.add(f"{place}.strict")
    return {"type": "function", "function": function, **cache_mark(tool)}


def _description(tool: Mapping[str, Any], place: str) -> str:
    said = a_text(tool.get("description") or "", f"{place}.description")
    examples = a_list(tool.get("input_examples"), f"{place}.input_examples")
    if not examples:
        return said
    shown = "\n".join(orjson.dumps(example).decode() for example in examples)
    return "\n\n".join(filter(None, (said, f"Examples of its input:\n{shown}")))


def _choice(choice: Mapping[str, Any], names: ToolNames) -> str | dict[str, Any]:
    kind = choice.get("type")
    if kind == "tool":
        name = names.there(a_text(choice.get("name"), "tool_choice.name"))
        return {"type": "function", "function": {"name": name}}
    if not isinstance(kind, str) or kind not in _MODES:
        refuse("tool_choice.type", f"it must be tool, {', '.join(_MODES)}")
    return _MODES[kind]
