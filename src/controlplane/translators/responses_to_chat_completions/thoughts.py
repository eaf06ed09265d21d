"""What a model thought: given out as the encrypted reasoning of an item, and taken back with it.

Reasoning belongs to the one who made it: an item that another maker sealed says nothing here.
A caller could make an envelope itself, and what is in one is not screened. So it holds only what
its maker signed or encrypted, and will know again; other thoughts are read from the summary.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

Item = dict[str, Any]

# The names under which a message has what was thought as text, and in forms that are signed.
TOLD = ("reasoning_content", "reasoning")
DETAILS, BLOCKS = "reasoning_details", "thinking_blocks"
# As long as what screening knows for encrypted, and of its characters.
_PREFIX = "llm-cp-1-"
_MIN_BYTES = 192
_DIGEST = 16
_SEALS = ("signature", "data")
# What comes in pieces in a stream; of everything else the last value holds.
_GROWING = ("text", "thinking", "summary")


class Thoughts:
    """What a message says that was thought, whole or in pieces."""

    def __init__(self) -> None:
        self._details: list[Item] = []
        self._blocks: list[Item] = []
        self._told: dict[str, str] = {}

    def add(self, message: Mapping[str, Any]) -> str:
        """Take a message or a delta; the text in it that a reader is to see."""
        for detail in _objects(message.get(DETAILS)):
            _merge(self._details, detail, _same_detail)
        for block in _objects(message.get(BLOCKS)):
            _merge(self._blocks, block, _unsigned)
        for name in TOLD:
            if isinstance(text := message.get(name), str) and text:
                self._told[name] = self._told.get(name, "") + text
                return text
        return ""

    @staticmethod
    def are_in(message: Mapping[str, Any]) -> bool:
        """True where a message or a delta says something that was thought."""
        return any(message.get(name) for name in (*TOLD, DETAILS, BLOCKS))

    def sealed(self, maker: str) -> str | None:
        """What goes back, in an envelope; None where there is nothing."""
        # The two signed forms hold the same, and the text as well.
        for name, entries in ((DETAILS, self._details), (BLOCKS, self._blocks)):
            if kept := [each for each in entries if _is_sealed(each)]:
                return _seal({"maker": maker, name: kept})
        told = next(iter(self._told), None)
        return None if told is None else _seal({"maker": maker, "told": told})


def opened(item: Mapping[str, Any], maker: str) -> Item | None:
    """The members of a message for a reasoning item; None for an envelope that is damaged, not ours
    or of another maker."""
    content = _content(item.get("encrypted_content"))
    if content.get("maker") != maker:
        return None
    for name in (DETAILS, BLOCKS):
        if kept := [each for each in _objects(content.get(name)) if _is_sealed(each)]:
            return {name: kept}
    parts = [part.get("text") for part in _objects(item.get("summary"))]
    text = "".join(part for part in parts if isinstance(part, str))
    return {content["told"]: text} if content.get("told") in TOLD and text else None


def _content(envelope: Any) -> Item:
    """What is in an envelope of ours; nothing for another one."""
    if not isinstance(envelope, str) or not envelope.startswith(_PREFIX):
        return {}
    digest, _, body = envelope.removeprefix(_PREFIX).partition("-")
    if _digest(body) != digest:
        return {}
    try:
        content = orjson.loads(base64.b64decode(body.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def joined(before: Mapping[str, Any], thoughts: Mapping[str, Any]) -> Item:
    """The thoughts of several items of one turn."""
    both = dict(before)
    for name, value in thoughts.items():
        known = both.get(name)
        both[name] = known + value if known is not None and type(known) is type(value) else value
    return both


def _seal(content: Item) -> str:
    padded = orjson.dumps(content).ljust(_MIN_BYTES)
    body = base64.urlsafe_b64encode(padded).decode()
    return f"{_PREFIX}{_digest(body)}-{body}"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


def _is_sealed(entry: Item) -> bool:
    return any(isinstance(entry.get(seal), str) and entry[seal] for seal in _SEALS)


def _merge(known: list[Item], piece: Item, continues: Any) -> None:
    last = known[-1] if known else None
    if last is None or not continues(last, piece):
        known.append(dict(piece))
        return
    for name, value in piece.items():
        if name in _GROWING and isinstance(value, str) and isinstance(last.get(name), str):
            last[name] += value
        elif value is not None:
            last[name] = value


def _same_detail(last: Item, piece: Item) -> bool:
    """True for a piece of the detail: one that is signed is complete."""
    same = last.get("type") == piece.get("type") and last.get("index") == piece.get("index")
    return same and last.get("index") is not None and _unsigned(last, piece)


def _unsigned(last: Item, piece: Item) -> bool:
    return last.get("type") == piece.get("type") and not (last.get("signature") or last.get("data"))


def _objects(value: Any) -> list[Item]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]
