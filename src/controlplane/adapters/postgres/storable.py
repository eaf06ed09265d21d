"""Which texts PostgreSQL takes."""

from __future__ import annotations


def is_storable(text: str) -> bool:
    """PostgreSQL has no place for U+0000, and UTF-8 none for half a surrogate pair."""
    return "\x00" not in text and text.encode(errors="ignore").decode() == text
