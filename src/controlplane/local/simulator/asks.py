"""What a user asks the simulated model for in words.

`call Bash {"command": "ls"}` calls that tool with these arguments, `call apply_patch` and a text
a custom one; several calls are made at once. `search for cats` searches, where that is offered.
REFUSED in the text is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.local.simulator.schemas import example_of

# The types of tools that the caller runs.
CALLED = ("function", "custom")
# Anthropic's own word for it, up to its number.
REFUSED = "ANTHROPIC_MAGIC_STRING_TRIGGER_REFUSAL"
_CALL = re.compile(r"\bcall\s+`?(?P<name>[A-Za-z_][\w.:-]*)`?[ \t]*", re.IGNORECASE)
_SEARCH = re.compile(r"\bsearch(?: the web)? for(?: the query:?)?[ \t]+(?P<query>[^\n]+)", re.I)
_DECODER = json.JSONDecoder()

Tool = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolUse:
    """One tool call; `payload` is a function's arguments or the input of a custom tool."""

    kind: str
    name: str
    payload: str
    namespace: str | None = None


def asked_calls(text: str, tools: Sequence[Tool]) -> tuple[ToolUse, ...]:
    """The calls that `text` asks for, of those tools that are offered."""
    by_name = {name: tool for tool in tools for name in _names(tool)}
    asked = []
    for match in _CALL.finditer(text):
        if tool := by_name.get(match["name"]):
            asked.append(_use(tool, _asked_payload(tool, text[match.end() :])))
    return tuple(asked)


def asked_search(text: str) -> str | None:
    """What `text` wants searched."""
    match = _SEARCH.search(text)
    return match["query"].strip() if match else None


def example_call(tool: Tool) -> ToolUse:
    """A call with the plainest arguments that fit."""
    return _use(tool, None)


def name_of(tool: Tool) -> str:
    """The name of a tool that the caller runs."""
    name: str = tool[tool["type"]]["name"]
    return name


def _names(tool: Tool) -> tuple[str, ...]:
    name, namespace = name_of(tool), tool.get("namespace")
    return (name, f"{namespace}.{name}") if namespace else (name,)


def _use(tool: Tool, payload: str | None) -> ToolUse:
    details = tool[tool["type"]]
    if payload is None and tool["type"] == "custom":
        payload = "simulated input"
    if payload is None:
        schema = details.get("parameters") or {"type": "object"}
        payload = orjson.dumps(example_of(schema)).decode()
    return ToolUse(tool["type"], details["name"], payload, tool.get("namespace"))


def _asked_payload(tool: Tool, rest: str) -> str | None:
    try:
        value, _ = _DECODER.raw_decode(rest)
    except json.JSONDecodeError:
        return rest.strip() or None if tool["type"] == "custom" else None
    if tool["type"] == "function":
        return orjson.dumps(value).decode() if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(value.get("input"), str):
        value = value["input"]
    return value if isinstance(value, str) else rest.strip()
