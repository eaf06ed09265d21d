"""A Responses request in the words of chat completions, so that all wires get the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlplane.local.simulator.asks import CALLED

Item = Mapping[str, Any]


def items_of(body: Mapping[str, Any], serial: int) -> list[Item]:
    """The input as items with ids: a text is one message of the user."""
    given = body.get("input") or ()
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    return [_item(item, f"msg_{serial:040x}in{index:06d}") for index, item in enumerate(given)]


def as_chat(body: Mapping[str, Any], items: Sequence[Item]) -> dict[str, Any]:
    """The chat request that a checked Responses request and its items mean."""
    chat: dict[str, Any] = {
        "messages": [*_instructions(body), *_messages(items)],
        "max_completion_tokens": body.get("max_output_tokens"),
        "parallel_tool_calls": body.get("parallel_tool_calls"),
        "tools": list(_tools(tools_of(body, items))),
    }
    chat["tool_choice"] = _choice(body.get("tool_choice"), chat)
    wanted = (body.get("text") or {}).get("format") or {"type": "text"}
    if wanted["type"] == "json_schema":
        chat["response_format"] = {"type": "json_schema", "json_schema": wanted}
    elif wanted["type"] == "json_object":
        chat["response_format"] = wanted
    return chat


def tools_of(body: Mapping[str, Any], items: Sequence[Item]) -> list[Mapping[str, Any]]:
    """The tools that the request offers, and those that items of it add."""
    added = [item for item in items if item.get("type") == "additional_tools"]
    return [*(body.get("tools") or ()), *(tool for item in added for tool in item["tools"])]


def _item(item: Item, id_: str) -> Item:
    if item.get("type", "message") != "message":
        return item
    content, status = item.get("content"), {"status": "completed"}
    if isinstance(content, str):
        if item.get("role") == "assistant":
            content = [{"type": "output_text", "text": content, "annotations": []}]
        else:
            content = [{"type": "input_text", "text": content}]
    return {"id": id_, **status, "type": "message", **item, "content": content}


def _instructions(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}


def _messages(items: Sequence[Item]) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    for item in items:
        kind = item["type"]
        if kind == "message":
            messages.append({"role": item["role"], "content": item["content"]})
        elif kind.endswith("_call_output"):
            messages.append({"role": "tool", "content": item.get("output")})
        elif kind.endswith("_call") and (not messages or messages[-1]["role"] != "assistant"):
            messages.append({"role": "assistant", "content": ""})
    return messages


def _tools(tools: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for tool in tools:
        kind = tool["type"]
        if kind == "namespace":
            for inner in tool["tools"]:
                yield {**_tool(inner), "namespace": tool["name"]}
        elif kind in CALLED:
            yield _tool(tool)
        elif kind.startswith("web_search"):
            yield {"type": "web_search"}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    details = {"name": tool["name"], "parameters": tool.get("parameters")}
    deferred = {"deferred": True} if tool.get("defer_loading") else {}
    return {"type": tool["type"], tool["type"]: details, **deferred}


def _choice(choice: Any, chat: dict[str, Any]) -> Any:
    if not isinstance(choice, dict):
        return choice
    if choice["type"] in CALLED:
        return {"type": choice["type"], choice["type"]: {"name": choice["name"]}}
    if choice["type"] == "allowed_tools":
        names = {tool.get("name") for tool in choice["tools"]}
        hosted = {tool["type"] for tool in choice["tools"]}
        chat["tools"] = [
            tool
            for tool in chat["tools"]
            if (tool[tool["type"]]["name"] in names if tool["type"] in CALLED else hosted)
        ]
        return choice["mode"]
    return {"type": "web_search"} if choice["type"].startswith("web_search") else "auto"
