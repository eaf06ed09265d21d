"""How much a request and its answer say, and what of it cannot be counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.domain.price import ServerTool
from controlplane.protocols.chat_completions.measure import REASONING

# How ids of reasoning items begin.
_OF_THOUGHTS = "rs_"
Placed = tuple[str, Mapping[str, Any]]
# Besides the input, what a model reads.
_READ = ("instructions", "tools", "text", "prompt")
# These run at the caller. What all others add, in tokens and in fees, is not known beforehand.
_TOOLS_OF_CALLERS = frozenset(
    {"function", "custom", "namespace", "tool_search", "local_shell", "apply_patch"}
)
# Those among them whose fee for a call is known. Of the preview it depends on the model, too.
_WITH_FEES = {
    "web_search": "web_search",
    "web_search_2025_08_26": "web_search",
    "web_search_preview": "web_search_preview",
    "web_search_preview_2025_03_11": "web_search_preview",
    "file_search": "file_search",
}
_IMAGES = frozenset({"input_image", "computer_screenshot"})
# Kept for no longer than this, the cache costs what it costs without being asked for.
_SHORT_CACHE = "30m"


def items(body: Mapping[str, Any]) -> Iterator[Placed]:
    """The items of the input, each with its place."""
    given = body.get("input")
    for index, item in enumerate(given if isinstance(given, list) else ()):
        if isinstance(item, Mapping):
            yield f"input.{index}", item


def parts(body: Mapping[str, Any]) -> Iterator[Placed]:
    """The items of the input and the parts that they hold, each with its place."""
    for place, item in items(body):
        yield place, item
        for name in ("content", "output"):
            held = item.get(name)
            if isinstance(held, Mapping):
                yield f"{place}.{name}", held
            for index, part in enumerate(held if isinstance(held, list) else ()):
                if isinstance(part, Mapping):
                    yield f"{place}.{name}.{index}", part


def tools(body: Mapping[str, Any]) -> Iterator[Placed]:
    """The tools of the request and of items of its input, each with its place."""
    yield from _tools(body, "tools")
    for place, item in items(body):
        yield from _tools(item, f"{place}.tools")


def _tools(holder: Mapping[str, Any], place: str) -> Iterator[Placed]:
    held = holder.get("tools")
    for index, tool in enumerate(held if isinstance(held, list) else ()):
        if isinstance(tool, Mapping):
            yield f"{place}.{index}", tool
            yield from _tools(tool, f"{place}.{index}.tools")


def image_count(body: Mapping[str, Any]) -> int:
    """How many pictures the input holds."""
    return sum(1 for _, part in parts(body) if part.get("type") in _IMAGES)


def is_reference(item: Mapping[str, Any]) -> bool:
    """True for an item that only names another one; its type may be left out."""
    kind = item.get("type")
    return kind == "item_reference" or (kind is None and item.keys() == {"id"})


def is_thought_by_name(item: Any) -> bool:
    """True for a reference to what a model thought: it adds no word to the conversation."""
    return (
        isinstance(item, Mapping)
        and is_reference(item)
        and str(item.get("id")).startswith(_OF_THOUGHTS)
    )


def unbounded(body: Mapping[str, Any]) -> str | None:
    """The place of the first thing that brings what is not known here."""
    for name in ("previous_response_id", "conversation", "prompt"):
        if body.get(name) is not None:
            return name
    return next(
        (
            place
            for place, part in parts(body)
            if part.get("type") == "input_file" or is_reference(part)
        ),
        None,
    )


def unpriced(body: Mapping[str, Any]) -> str | None:
    """The name of something that costs more than tokens."""
    for place, tool in tools(body):
        if not _runs_at_the_caller(tool) and tool.get("type") not in _WITH_FEES:
            return place
    return next((place for place, part in parts(body) if part.get("type") == "input_audio"), None)


def server_tools(body: Mapping[str, Any]) -> tuple[ServerTool, ...]:
    """The tools whose calls have a known fee; `max_tool_calls` bounds them all together."""
    most = body.get("max_tool_calls")
    at_most = most if type(most) is int and most >= 0 else None
    return tuple(
        ServerTool(place, _WITH_FEES[kind], at_most, "max_tool_calls")
        for place, tool in tools(body)
        if (kind := tool.get("type")) in _WITH_FEES
    )


def _runs_at_the_caller(tool: Mapping[str, Any]) -> bool:
    if tool.get("type") == "shell":
        environment = tool.get("environment")
        return isinstance(environment, Mapping) and environment.get("type") == "local"
    return tool.get("type") in _TOOLS_OF_CALLERS


def keeps_for_an_hour(body: Mapping[str, Any]) -> bool:
    """True where the cache is asked to keep for longer than it does of itself."""
    options = body.get("prompt_cache_options")
    return isinstance(options, Mapping) and options.get("ttl") not in (None, _SHORT_CACHE)


def reasons(body: Mapping[str, Any], model: str) -> bool:
    """True where the model may think before it speaks."""
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, Mapping) else None
    return effort not in (None, "none", "minimal") or bool(REASONING.search(model))


def asked_characters(body: Mapping[str, Any], of_image: int) -> int:
    """How much a request says, in characters."""
    return sum(characters(body.get(name), of_image) for name in ("input", *_READ))


def characters(value: Any, of_image: int = 0) -> int:
    """How much an item or another part of a request or answer says, roughly: all its texts."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list):
        return sum(characters(each, of_image) for each in value)
    if not isinstance(value, Mapping):
        return 0
    if value.get("type") in _IMAGES:
        return of_image
    return sum(characters(each, of_image) for each in value.values())
