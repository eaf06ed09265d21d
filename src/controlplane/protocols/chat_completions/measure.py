"""How much a chat request and its answer say, and what of it cannot be counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

# Besides the messages, what a model reads.
_READ = ("tools", "functions", "response_format", "prediction")
# Models that think before they speak: what they thought is billed, and seen in the usage alone.
REASONING = re.compile(r"(?:^|[-/])(?:o[1-9]|gpt-[5-9])")
# Two names for one text: some servers send both.
_THOUGHTS = ("reasoning_content", "reasoning")
# What these add to the bill is not counted in tokens of the model's price.
_UNPRICED = ("web_search_options", "audio")


def parts(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The content parts of all messages, each with its place."""
    for index, message in enumerate(body["messages"]):
        content = message.get("content")
        if isinstance(content, list):
            for position, part in enumerate(content):
                yield f"messages.{index}.content.{position}", part


def first_part(body: Mapping[str, Any], kind: str) -> str | None:
    """The place of the first part of that type."""
    return next((place for place, part in parts(body) if part.get("type") == kind), None)


def image_count(body: Mapping[str, Any]) -> int:
    """How many pictures the messages hold."""
    return sum(1 for _, part in parts(body) if part.get("type") == "image_url")


def unpriced(body: Mapping[str, Any]) -> str | None:
    """The name of something that costs more than tokens."""
    name = next((name for name in _UNPRICED if body.get(name) is not None), None)
    modalities = body.get("modalities")
    if name is None and isinstance(modalities, list) and "audio" in modalities:
        name = "modalities"
    return name or first_part(body, "input_audio")


def keeps_for_an_hour(body: Mapping[str, Any]) -> bool:
    """True where some `cache_control` asks for an hour: of the request, a message, a part, a call
    or a tool."""
    messages, tools = body["messages"], body.get("tools") or ()
    content = (part for _, part in parts(body))
    calls = (call for each in messages for call in each.get("tool_calls") or ())
    functions = (tool.get("function") for tool in tools)
    marked = (
        each.get("cache_control")
        for each in chain((body,), messages, content, calls, tools, functions)
        if isinstance(each, Mapping)
    )
    return any(mark.get("ttl") == "1h" for mark in marked if isinstance(mark, Mapping))


def reasons(body: Mapping[str, Any], model: str) -> bool:
    """True where the model may think before it speaks."""
    effort = body.get("reasoning_effort")
    return effort not in (None, "none", "minimal") or bool(REASONING.search(model))


def asked_characters(body: Mapping[str, Any], of_image: int) -> int:
    """How much a request says, in characters."""
    rest = {name: body[name] for name in _READ if body.get(name) is not None}
    size = len(orjson.dumps(rest)) if rest else 0
    return size + sum(characters(message, of_image) for message in body["messages"])


def characters(message: Any, of_image: int = 0) -> int:
    """How much a message or delta says, roughly: its text, parts, thoughts and tool calls."""
    if not isinstance(message, Mapping):
        return 0
    content = message.get("content")
    size = len(content) if isinstance(content, str) else 0
    if len(message) == 1 and size:
        return size  # nearly every delta
    if isinstance(content, list):
        size += sum(_part(part, of_image) for part in content)
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            size += len(str(function.get("arguments", "")))
    thought, refusal = max(map(_length, map(message.get, _THOUGHTS))), message.get("refusal")
    return size + thought + _length(refusal)


def _length(text: object) -> int:
    return len(text) if isinstance(text, str) else 0


def _part(part: Any, of_image: int) -> int:
    if not isinstance(part, Mapping):
        return 0
    if part.get("type") == "image_url":
        return of_image
    return len(str(part.get("text", "")))
