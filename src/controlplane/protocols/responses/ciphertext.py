"""Encrypted content of items, which is no text: in a few kilobytes of it chance makes what looks
like a key, and a conversation that holds it once would be stopped for good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_MEMBER = "encrypted_content"
# A key or an address by itself is shorter, or not of these characters alone.
_CIPHERTEXT = re.compile(r"[A-Za-z0-9+/_-]{256,}={0,2}")


def without_ciphertext(items: Any) -> Any:
    """The items, each with nothing where it has ciphertext; places in them stay what they are."""
    if not isinstance(items, list) or not any(map(_has_ciphertext, items)):
        return items
    return [{**item, _MEMBER: ""} if _has_ciphertext(item) else item for item in items]


def with_ciphertext(before: Any, after: Any) -> Any:
    """Items `after` values were replaced, with the ciphertext that they had `before`."""
    if not isinstance(before, list) or not any(map(_has_ciphertext, before)):
        return after
    return [
        {**new, _MEMBER: old[_MEMBER]} if _has_ciphertext(old) else new
        for old, new in zip(before, after, strict=True)
    ]


def _has_ciphertext(item: Any) -> bool:
    content = item.get(_MEMBER) if isinstance(item, Mapping) else None
    return isinstance(content, str) and _CIPHERTEXT.fullmatch(content) is not None
