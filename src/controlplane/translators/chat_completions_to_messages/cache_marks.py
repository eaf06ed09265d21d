"""Where a prompt is to be cached up to: `cache_control`, as Anthropic's own clients set it.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.translators.chat_completions_to_messages.places import an_object, refuse

Block = dict[str, Any]

CACHE_CONTROL = "cache_control"
_LIFETIMES = ("5m", "1h")
_THOUGHTS = ("thinking", "redacted_thinking")


def cache_mark(value: Mapping[str, Any], place: str) -> Block:
    """The member `cache_control` of `value` at `place`, none where it has none.

    Raises UnsupportedParameter for a mark that is not known.
    """
    mark = value.get(CACHE_CONTROL)
    if mark is None:
        return {}
    place = f"{place}.{CACHE_CONTROL}" if place else CACHE_CONTROL
    mark = an_object(mark, place)
    if mark.get("type") != "ephemeral":
        refuse(f"{place}.type", "it must be ephemeral")
    lifetime = mark.get("ttl")
    if lifetime is None:
        return {CACHE_CONTROL: {"type": "ephemeral"}}
    if lifetime not in _LIFETIMES:
        refuse(f"{place}.ttl", f"it must be {' or '.join(_LIFETIMES)}")
    return {CACHE_CONTROL: {"type": "ephemeral", "ttl": lifetime}}


def mark_last(blocks: list[Block], message: Mapping[str, Any], place: str) -> None:
    """A mark of a whole message is one of its last block; that of the block itself goes first."""
    mark = cache_mark(message, place)
    if mark and blocks and blocks[-1]["type"] not in _THOUGHTS:
        blocks[-1] = {**mark, **blocks[-1]}


def hoisted(blocks: list[Block]) -> tuple[list[Block], Block]:
    """The blocks inside another one, and their last mark: it can only be one of the outer block."""
    mark: Block = {}
    for block in blocks:
        if CACHE_CONTROL in block:
            mark = {CACHE_CONTROL: block.pop(CACHE_CONTROL)}
    return blocks, mark
