"""What a model thought, encrypted: given out with an answer, and taken back with the next request.

In OpenRouter's form, which clients keep. Two members are ours: who made it, and which call it came
before. A client that drops them is believed.
https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.reading import Reading

Item = dict[str, Any]

FORMAT = "openai-responses-v1"
DETAILS = "reasoning_details"
_OTHERS = ("thinking_blocks",)


def detail(item: Mapping[str, Any], index: int, maker: str, before: str | None) -> Item | None:
    """A reasoning item, as a client keeps it; None where nothing of it is encrypted."""
    data = item.get("encrypted_content")
    if not isinstance(data, str) or not data:
        return None
    kept: Item = {
        "type": "reasoning.encrypted",
        "data": data,
        "id": item.get("id"),
        "format": FORMAT,
        "index": index,
        "maker": maker,
    }
    return kept if before is None else {**kept, "before": before}


def thoughts_of(
    message: Mapping[str, Any], place: str, reading: Reading
) -> list[tuple[str | None, Item]]:
    """The reasoning items of a message, each with the call that it came before, if known."""
    for name in _OTHERS:
        if message.get(name):
            reading.leave_out(f"{place}.{name}")
    found: list[tuple[str | None, Item]] = []
    details = message.get(DETAILS)
    for each in details if isinstance(details, list) else ():
        if not isinstance(each, Mapping) or not _is_of(each, reading.maker):
            reading.leave_out(f"{place}.{DETAILS}")
            continue
        item: Item = {"type": "reasoning", "summary": [], "encrypted_content": each["data"]}
        if isinstance(each.get("id"), str):
            item["id"] = each["id"]
        before = each.get("before")
        found.append((before if isinstance(before, str) else None, item))
    return found


def _is_of(detail: Mapping[str, Any], maker: str) -> bool:
    sealed = isinstance(detail.get("data"), str) and detail.get("format") == FORMAT
    return sealed and detail.get("maker") in (None, maker)
