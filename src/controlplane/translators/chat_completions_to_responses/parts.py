"""Content parts of a message -> those of an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.reading import Reading

Part = dict[str, Any]

# Only Claude reads it.
CACHE_CONTROL = "cache_control"
_MARK = "prompt_cache_breakpoint"
_IMAGE = frozenset({"url", "detail"})
_FILE = frozenset({"file_data", "file_id", "filename"})


def translate_content(
    content: Any, place: str, allowed: frozenset[str], reading: Reading
) -> str | list[Part]:
    """The parts of `content`, a string as it is. Raises UnsupportedParameter, naming the part."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    parts: list[Part] = []
    for index, each in enumerate(reading.a_list(content, place)):
        where = f"{place}.{index}"
        part = reading.an_object(each, where)
        kind = part.get("type")
        if kind not in allowed:
            reading.refuse(where, "a part of this type cannot be sent there")
        unmarked(part, frozenset({"type", kind, _MARK}), where, reading)
        found = _translated(part, kind, f"{where}.{kind}", reading)
        if part.get(_MARK) is not None:
            found[_MARK] = part[_MARK]
        parts.append(found)
    return parts


def text_of(content: Any, place: str, reading: Reading) -> str:
    """What an assistant said, in one: its parts were one text."""
    allowed = frozenset({"text", "refusal"})
    parts = translate_content(content, place, allowed, reading)
    if isinstance(parts, str):
        return parts
    for index, part in enumerate(parts):
        if _MARK in part:
            reading.leave_out(f"{place}.{index}.{_MARK}")
    return "".join(part["text"] for part in parts)


def unmarked(value: Mapping[str, Any], known: frozenset[str], place: str, reading: Reading) -> None:
    """Nothing but what is known may say something; where a prompt is cached up to is left out."""
    if value.get(CACHE_CONTROL) is not None:
        reading.leave_out(f"{place}.{CACHE_CONTROL}")
    reading.only(value, known | {CACHE_CONTROL}, place)


def _translated(part: Mapping[str, Any], kind: str, place: str, reading: Reading) -> Part:
    said = part.get(kind)
    if kind in ("text", "refusal"):
        return {"type": "input_text", "text": reading.a_text(said, place)}
    inside = reading.an_object(said, place)
    if kind == "image_url":
        reading.only(inside, _IMAGE, place)
        url = reading.a_text(inside.get("url"), f"{place}.url")
        return {"type": "input_image", "image_url": url, "detail": inside.get("detail") or "auto"}
    reading.only(inside, _FILE, place)
    return {"type": "input_file", **{n: v for n, v in inside.items() if v is not None}}
