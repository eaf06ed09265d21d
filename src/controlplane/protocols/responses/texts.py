"""Where text stands in a response and in the events of its stream, and what is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The way to a text inside an item of the output.
Path = tuple[str | int, ...]

# For each kind of delta, the way to its text; a step that ends in `_index` stands in the event.
_WAYS: Mapping[str, tuple[str, ...]] = {
    "response.output_text": ("content", "content_index", "text"),
    "response.refusal": ("content", "content_index", "refusal"),
    "response.reasoning_text": ("content", "content_index", "text"),
    "response.reasoning_summary_text": ("summary", "summary_index", "text"),
    "response.function_call_arguments": ("arguments",),
    "response.mcp_call_arguments": ("arguments",),
    "response.custom_tool_call_input": ("input",),
    "response.code_interpreter_call_code": ("code",),
    "response.shell_call_command": ("action", "commands", "command_index"),
}
# For each kind of event that repeats texts: the member with them, and the way to it.
_MEMBERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "response.output_item": ("item", ()),
    "response.content_part": ("part", ("content", "content_index")),
    "response.reasoning_summary_part": ("part", ("summary", "summary_index")),
}
_OWN_NAMES: Mapping[str, str] = {"action": "command"}
# The provider's own words for things, and what only it can read.
_IDS = "id|call_id|approval_request_id|container_id|fingerprint|encrypted_content"
_FIXED = frozenset({*_IDS.split("|"), "type", "status", "role", "phase", "object", "execution"})
_OF_EVENTS = frozenset({"type", "item_id", "partial_image_b64", "obfuscation"})
_SEALED = re.compile(
    rf"\A(?:(?:input|output|data)\.\d+\.(?:content\.\d+\.)?(?:{_IDS})"
    r"|previous_response_id|conversation(?:\.id)?)\Z"
)


def is_sealed(place: str) -> bool:
    """True for ids and encrypted content of items: their maker would not know them again."""
    return _SEALED.match(place) is not None


def is_fixed(path: Path, holder: Mapping[str, Any]) -> bool:
    """True where what stands there is no text: of an item, or of a part of its content."""
    if len(path) == 1:
        image = path[0] == "result" and holder.get("type") == "image_generation_call"
        return image or path[0] in _FIXED
    in_part = len(path) == 3 and path[0] in ("content", "summary")
    return in_part and path[2] in ("type", "encrypted_content")


def is_fixed_in_event(name: str) -> bool:
    """True where a member of an event itself is no text."""
    return name in _OF_EVENTS


def delta_path(kind: str, event: Mapping[str, Any]) -> Path:
    """Where the text of a delta stands in its item; of an unknown kind, a place of its own."""
    way = _WAYS.get(kind)
    return (kind,) if way is None else _filled(way, event)


def repeated(kind: str, event: Mapping[str, Any]) -> tuple[str, Path] | None:
    """The member of an event that repeats texts, and its place in the item; None where the event
    repeats none of which the place is known."""
    name, _, _ = kind.rpartition(".")
    if found := _MEMBERS.get(name):
        return found[0], _filled(found[1], event)
    way = _WAYS.get(name)
    if way is None:
        return None
    member = _OWN_NAMES.get(way[0], way[-1])
    return member, _filled(way, event)


def _filled(way: tuple[str, ...], event: Mapping[str, Any]) -> Path:
    return tuple(_index(event, step) if step.endswith("_index") else step for step in way)


def _index(event: Mapping[str, Any], name: str) -> int:
    value = event.get(name)
    return value if isinstance(value, int) else 0


def without_logprobs(part: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a message without what says its text once more, token by token."""
    return {**part, "logprobs": []} if part.get("logprobs") else dict(part)
