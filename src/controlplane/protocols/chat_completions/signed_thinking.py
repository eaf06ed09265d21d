"""Thinking that its provider signed: changed by a character, it is refused when it comes back.

Clients keep it in the form of LiteLLM (`thinking_blocks`) or of OpenRouter (`reasoning_details`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

SIGNED = ("thinking_blocks", "reasoning_details")
# All the names under which an answer has what the model thought.
THOUGHTS = ("reasoning_content", "reasoning", *SIGNED)
# What signs an entry, or is all of it in a form that only the provider reads.
SEALS = ("signature", "data")


def unsigned_where_changed(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """The messages `after` without the signature of each entry that is not as it was `before`."""
    return [
        new if new is old or new == old else _message(old, new)
        for old, new in zip(before, after, strict=True)
    ]


def _message(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = {
        name: [
            _unsigned(new) if isinstance(new, Mapping) and new != old else new
            for old, new in zip(before[name], after[name], strict=True)
        ]
        for name in (*SIGNED, "content")
        if isinstance(after.get(name), list)
    }
    return {**after, **changed}


def _unsigned(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in SEALS}
