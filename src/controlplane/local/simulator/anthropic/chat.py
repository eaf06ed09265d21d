"""A Messages request in OpenAI's words, so that all wires get the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.local.simulator.anthropic.messages import Block, blocks_of
from controlplane.local.simulator.generation import tokens

_CHOICES = {"auto": "auto", "any": "required", "none": "none"}


def as_chat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The chat request that a checked Messages request means."""
    chat: dict[str, Any] = {
        "messages": list(_messages(body)),
        "max_tokens": body["max_tokens"],
        "stop": body.get("stop_sequences"),
        "tools": [_tool(tool) for tool in body.get("tools") or ()],
    }
    choice = body.get("tool_choice") or {"type": "auto"}
    if choice["type"] == "tool":
        chat["tool_choice"] = {"type": "function", "function": {"name": choice["name"]}}
    else:
        chat["tool_choice"] = _CHOICES[choice["type"]]
    if wanted := (body.get("output_config") or {}).get("format"):
        schema = {"name": "answer", "schema": wanted["schema"]}
        chat["response_format"] = {"type": "json_schema", "json_schema": schema}
    return chat


def cached_tokens(body: Mapping[str, Any]) -> int:
    """What is read from the cache: each text that is marked with `cache_control`."""
    contents = [body.get("system") or [], *(m["content"] for m in body["messages"])]
    blocks = [block for content in contents for block in blocks_of(content)]
    return sum(tokens(b["text"]) for b in blocks if b.get("cache_control") and "text" in b)


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


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("input_schema") or {"type": "object"}
    return {"type": "function", "function": {"name": tool["name"], "parameters": schema}}
