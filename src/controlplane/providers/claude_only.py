"""What of a chat request only Claude reads, taken out for servers that speak OpenAI's own format.

Those refuse a member that they do not know. Nothing of it is part of the question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from controlplane.protocols.parameters import Fitted

CACHE_CONTROL = "cache_control"
# Thoughts that Claude signed, in the form that no other server knows.
THINKING_BLOCKS = "thinking_blocks"


def without_claude_only(body: Mapping[str, Any]) -> Fitted:
    """The body without it, and the place of the first `cache_control`: that one was asked for."""
    marks: list[str] = []
    plain = _members(body, "", marks, {"messages": _message, "tools": _tool})
    return Fitted(plain, tuple(marks[:1]))


Walk = Callable[[Any, str, list[str]], Any]


def _message(value: Any, place: str, marks: list[str]) -> Any:
    return _members(value, place, marks, {"content": _part, "tool_calls": _part})


def _tool(value: Any, place: str, marks: list[str]) -> Any:
    tool = _members(value, place, marks, {})
    if isinstance(tool, Mapping) and isinstance(tool.get("function"), Mapping):
        function = _members(tool["function"], f"{place}.function", marks, {})
        return tool if function is tool["function"] else {**tool, "function": function}
    return tool


def _part(value: Any, place: str, marks: list[str]) -> Any:
    return _members(value, place, marks, {})


def _members(value: Any, place: str, marks: list[str], lists: Mapping[str, Walk]) -> Any:
    """`value` without those members, and what is in its lists; the same object where none is."""
    if not isinstance(value, Mapping):
        return value
    before = f"{place}." if place else ""
    changed: dict[str, Any] = {}
    for name, walk in lists.items():
        items = value.get(name)
        if isinstance(items, list):
            walked = [walk(item, f"{before}{name}.{i}", marks) for i, item in enumerate(items)]
            if any(new is not old for new, old in zip(walked, items, strict=True)):
                changed[name] = walked
    if value.get(CACHE_CONTROL) is not None:
        marks.append(f"{before}{CACHE_CONTROL}")
    if not changed and CACHE_CONTROL not in value and THINKING_BLOCKS not in value:
        return value
    return {
        name: changed.get(name, member)
        for name, member in value.items()
        if name not in (CACHE_CONTROL, THINKING_BLOCKS)
    }
