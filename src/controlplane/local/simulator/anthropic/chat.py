"""A Messages request in OpenAI's words, so that all wires get the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.local.simulator.anthropic.messages import Block, blocks_of

_CHOICES: Mapping[str, Any] = {"auto": "auto", "any": "required", "none": "none"}

_RUN_BY_ANTHROPIC = ("web_fetch_", "code_execution_", "tool_search_tool_", "mcp_toolset")


def as_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The chat request that a checked Messages request means."""
    chat: dict[str, Any] = {
        "messages": list(_messages(body)),
        "max_tokens": body.get("max_tokens"),
        "stop": body.get("stop_sequences"),
        "tools": [known for tool in body.get("tools") or () for known in _tool(tool)],
    }
    choice = body.get("tool_choice") or {"type": "auto"}
    chat["parallel_tool_calls"] = not choice.get("disable_parallel_tool_use")
    if choice["type"] == "tool" and choice["name"] == "web_search":
        chat["tool_choice"] = {"type": "web_search"}
    elif choice["type"] == "tool":
        chat["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    else:
        chat["tool_choice"] = _CHOICES[choice["type"]]
    if wanted := (body.get("output_config") or {}).get("format"):
        schema = {"name": "answer", "schema": wanted["schema"]}
        chat["response_format"] = {"type": "json_schema", "json_schema": schema}
    return chat


def says(body: Mapping[str, Any], word: str) -> bool:
    """True where the last message of the user has `word` in it."""
    users = [message for message in body["messages"] if message["role"] == "user"]
    blocks = blocks_of(users[-1]["content"]) if users else ()
    return any(word in block.get("text", "") for block in blocks)


def _messages(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for block in blocks_of(body.get("system") or []):
        yield {"role": "system", "content": block["text"]}
    for message in body["messages"]:
        blocks = blocks_of(message["content"])
        results = [block for block in blocks if block["type"] == "tool_result"]
        for result in results:
            yield {"role": "tool", "content": _text_parts(blocks_of(result.get("content") or []))}
        if len(results) < len(blocks):
            yield {"role": message["role"], "content": _text_parts(blocks)}


def _text_parts(blocks: Any) -> list[Block]:
    return [block for block in blocks if block["type"] == "text"]


def _tool(tool: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kind = tool.get("type") or "custom"
    if kind.startswith("web_search_"):
        yield {"type": "web_search"}
    elif not kind.startswith(_RUN_BY_ANTHROPIC):
        schema = tool.get("input_schema") or {"type": "object"}
        function = {"name": tool["name"], "parameters": schema}
        deferred = {"deferred": True} if tool.get("defer_loading") else {}
        yield {"type": "function", "function": function, **deferred}
