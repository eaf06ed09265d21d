"""What Anthropic says to tools that it does not take.

https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from controlplane.local.simulator.anthropic.errors import invalid

_TOOL_NAME = re.compile(r"\A[a-zA-Z0-9_-]{1,128}\Z")
_TOOL_MEMBERS = frozenset(
    {
        *("name", "description", "input_schema", "type", "strict", "cache_control"),
        *("input_examples", "defer_loading", "allowed_callers", "eager_input_streaming"),
    }
)


def check_tools(body: Mapping[str, Any]) -> None:
    """Raise the Refusal of the first tool that is not taken."""
    names = []
    for index, tool in enumerate(body.get("tools") or ()):
        place = f"tools.{index}.custom"
        if tool.get("type", "custom") != "custom":
            continue  # run by Anthropic, or with a schema that it knows
        if not _TOOL_NAME.match(str(tool.get("name", ""))):
            raise invalid(f"{place}.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
        schema = tool.get("input_schema")
        if not isinstance(schema, dict):
            raise invalid(f"{place}.input_schema: Field required")
        if schema.get("type") != "object":
            raise invalid(f"{place}.input_schema.type: Input should be 'object'")
        extra = tool.keys() - _TOOL_MEMBERS
        if extra:
            raise invalid(f"{place}.{min(extra)}: Extra inputs are not permitted")
        if tool.get("strict"):
            check_closed(schema, f"{place}.input_schema")
        names.append(tool["name"])
    if len(set(names)) != len(names):
        raise invalid("tools: Tool names must be unique.")


def check_tool_choice(body: Mapping[str, Any]) -> None:
    """Raise the Refusal of a choice that cannot be made."""
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise invalid(
            f"tool_choice: Input tag '{kind}' found using 'type' does not match any of the "
            "expected tags: 'auto', 'any', 'tool', 'none'"
        )
    extra = choice.keys() - {"type", "disable_parallel_tool_use", "name"}
    if extra or (kind == "none" and "disable_parallel_tool_use" in choice):
        name = min(extra, default="disable_parallel_tool_use")
        raise invalid(f"tool_choice.{kind}.{name}: Extra inputs are not permitted")
    names = [tool.get("name") for tool in body.get("tools") or ()]
    if not names and kind != "none":
        raise invalid("tool_choice: tool_choice may only be specified while providing tools")
    if kind == "tool" and choice.get("name") not in names:
        raise invalid(f"tool_choice.tool.name: Tool '{choice.get('name')}' not found in tools")


def check_closed(schema: Any, place: str) -> None:
    """Structured outputs take closed objects only."""
    if isinstance(schema, list):
        for item in schema:
            check_closed(item, place)
    elif isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            raise invalid(
                f"{place}: For 'object' type, 'additionalProperties' must be explicitly set to "
                "false"
            )
        for value in schema.values():
            check_closed(value, place)
