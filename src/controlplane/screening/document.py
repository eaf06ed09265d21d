"""A request as one text: every string of it, each knowing where it stands.

One text means one pass of the detectors, however many strings there are. U+0000 stands between two
strings, and U+001F between a key and its value, so that no value is found across them and a key
(`phone`) can still speak for its value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from controlplane.screening.fold import Offsets, unescape

# Shorter numbers are neither cards nor social security numbers.
_SMALLEST_NUMBER, _LARGEST_NUMBER = 10**8, 10**20
# JSON in a string of JSON (tool-call arguments), and once more in one of its strings.
_ESCAPE_LEVELS = 2
_IMAGE = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="


class Node(NamedTuple):
    """A step of a path: `key` is a member's name or an item's index, `position` its place."""

    parent: Node | None
    key: str | int
    position: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the document: one string, or several that stand side by side.

    `starts` says where in it each of `nodes` begins, `escapes` lead back to before decoding,
    innermost first.
    """

    nodes: tuple[Node, ...]
    starts: tuple[int, ...] = (0,)
    escapes: tuple[Offsets, ...] = ()
    is_key: bool = False


class Located(NamedTuple):
    """A stretch of one string of the request; `path` leads to it from the top.

    It may run on into the text part that follows, then `length` counts on there.
    """

    path: tuple[Node, ...]
    is_key: bool
    offset: int
    length: int


class Document:
    """The strings of `body` in order, keys and long numbers included."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._texts: list[str] = []
        self._length = 0
        self._starts: list[int] = []
        self._pieces: list[Piece] = []
        self._gather(body)
        self.text = "".join(self._texts)

    def locate(self, start: int, end: int) -> Located:
        """Where `text[start:end]` stands in the request."""
        index = bisect_right(self._starts, start) - 1
        piece = self._pieces[index]
        start, end = start - self._starts[index], end - self._starts[index]
        for escapes in piece.escapes:
            start, end = escapes.start(start), escapes.end(end)
        part = bisect_right(piece.starts, start) - 1
        path = tuple(_steps(piece.nodes[part]))[::-1]
        return Located(path, piece.is_key, start - piece.starts[part], end - start)

    def _gather(self, body: Mapping[str, Any]) -> None:
        pending: list[tuple[Node | None, Any]] = [(None, body)]
        while pending:
            node, value = pending.pop()
            if node is not None and isinstance(node.key, str):
                self._add(node.key, Piece((node,), is_key=True), "\x1f")
            if isinstance(value, Mapping):
                members = enumerate(value.items())
                pending += [(Node(node, key, i), member) for i, (key, member) in members][::-1]
            elif isinstance(value, list | tuple):
                nodes = [Node(node, i, i) for i in range(len(value))]
                self._add_adjacent(nodes, value)
                pending += list(zip(nodes, value, strict=True))[::-1]
            elif node is not None and (text := _text(node, value)):
                self._add(text, Piece((node,)))

    def _add(self, text: str, piece: Piece, separator: str = "\x00") -> None:
        self._starts.append(self._length)
        self._pieces.append(piece)
        self._texts += (text, separator)
        self._length += len(text) + 1
        if "\\" in text and len(piece.escapes) < _ESCAPE_LEVELS and (decoded := unescape(text)):
            plain, escapes = decoded
            self._add(plain, replace(piece, escapes=(escapes, *piece.escapes)), separator)

    def _add_adjacent(self, nodes: Sequence[Node], items: Sequence[Any]) -> None:
        """Text parts side by side also as one text: a value may begin in one and end in another."""
        for has_text, run in groupby(zip(nodes, items, strict=True), key=_is_text_part):
            parts = list(run) if has_text else []
            if len(parts) > 1:
                texts = [item["text"] for _, item in parts]
                starts = accumulate((len(text) for text in texts[:-1]), initial=0)
                inner = tuple(Node(node, "text", list(item).index("text")) for node, item in parts)
                self._add("".join(texts), Piece(inner, tuple(starts)))


def _steps(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent


def _is_text_part(part: tuple[Node, Any]) -> bool:
    return isinstance(part[1], Mapping) and isinstance(part[1].get("text"), str)


def _text(node: Node, value: Any) -> str:
    """What of a scalar is text: strings, and the digits of numbers that could be a card's."""
    if isinstance(value, str):
        return _without_image(node, value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _SMALLEST_NUMBER <= abs(value) < _LARGEST_NUMBER:
        return str(value)
    return ""


def _without_image(node: Node, value: str) -> str:
    """An inline image is no text, and too long to be read as one."""
    if not value.startswith("data:image/") or node.key not in ("url", "image_url"):
        return value
    header = _IMAGE.match(value)
    payload = value[header.end() :] if header else ""
    if header and payload.isascii() and not payload.encode().translate(None, _BASE64):
        return header.group()
    return value
