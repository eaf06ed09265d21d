"""A request as one text: every string of it, each knowing where it stands.

One text means one pass of the detectors, however many strings there are. U+0000 stands between two
strings, and U+001F between a key and its value, so that no value is found across them and a key
(`phone`) can still speak for its value.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from controlplane.errors import InvalidRequest
from controlplane.screening.fold import Offsets, unescape

# Shorter numbers are neither cards nor social security numbers.
_SMALLEST_NUMBER, _LARGEST_NUMBER = 10**8, 10**20
# More objects of Python's than these are a pause for all when they are freed.
MAX_VALUES = 100_000
# JSON in a string of JSON (tool-call arguments), and once more in one of its strings.
_ESCAPE_LEVELS = 2
_IMAGE = re.compile(r"data:image/[a-z0-9.+-]{1,32};base64,")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="

# What stands for the digest of a unit that is known to hold nothing.
KNOWN = b""
_UNIT = 512

# A step of a path: the step before it, a member's name or an item's index, and its place there.
# A tuple without names, because a request has thousands and findings are few.
Node = tuple["Node | None", str | int, int]


class Piece(NamedTuple):
    """A stretch of the document: one value after its key, or several texts that are adjacent.

    `starts` says where each of `nodes` begins; what is before `key_length` is the key. `escapes`
    lead back to before decoding, innermost first.
    """

    nodes: tuple[Node, ...]
    starts: tuple[int, ...] = (0,)
    key_length: int = 0
    escapes: tuple[Offsets, ...] = ()


class Path(NamedTuple):
    """The way to a string: `keys` to find it with, `positions` to order it by."""

    keys: tuple[str | int, ...]
    positions: tuple[int, ...]
    is_key: bool


class Located(NamedTuple):
    """A stretch of one string of the request.

    It may run on into the text parts that follow, then `length` counts on there, and `last` and
    `last_end` say where it ends. `decoded` says how often escapes were decoded before it showed.
    """

    path: Path
    offset: int
    length: int
    last: Path
    last_end: int
    decoded: int


class Document:
    """The strings of `body` in order, keys and long numbers included.

    Raises InvalidRequest for a body of more than MAX_VALUES.
    """

    def __init__(
        self, body: Mapping[str, Any], is_known: Callable[[Any], bytes | None] | None = None
    ) -> None:
        self._is_known = is_known
        self._units: list[tuple[int, bytes | None]] = []
        self._texts: list[str] = []
        self._length = self._values = 0
        self._starts: list[int] = []
        self._pieces: list[Piece] = []
        self._paths: dict[tuple[int, int], Path] = {}
        self._gather(body)
        self.text = "\x00".join(self._texts)

    def locate(self, start: int, end: int) -> Located:
        """Where `text[start:end]` stands in the request."""
        index = bisect_right(self._starts, start) - 1
        piece = self._pieces[index]
        start, end = start - self._starts[index], end - self._starts[index]
        for escapes in piece.escapes:
            start, end = escapes.start(start), escapes.end(end)
        first, offset = self._in_string(index, start)
        last, last_offset = self._in_string(index, end - 1)
        return Located(first, offset, end - start, last, last_offset + 1, len(piece.escapes))

    def clean_units(self, starts: Iterable[int]) -> Iterator[bytes]:
        """The digests of units in which none of `starts` lies."""
        bounds = [start for start, _ in self._units]
        dirty = {bisect_right(bounds, start) - 1 for start in starts}
        for index, (_, digest) in enumerate(self._units):
            if digest is not None and index not in dirty:
                yield digest

    def _passes(self, node: Node | None, value: Any) -> bool:
        """Begins a unit where one begins. True where the unit is known to hold nothing.

        A unit is a long string or an item of a list, right under the top: a message, a tool. All
        of it stands together in the text, and no value runs over its bounds, but one that runs
        over adjacent text parts, which are a text of their own.
        """
        if node is None or self._is_known is None:
            return False
        above = node[0]
        if above is None:
            unit = [node[1], value] if isinstance(value, str) and len(value) >= _UNIT else None
        elif above[0] is None and isinstance(node[1], int):
            unit = value
        else:
            return False
        digest = None if unit is None else self._is_known(unit)
        if digest == KNOWN:
            return True
        self._units.append((self._length, digest))
        return False

    def _in_string(self, index: int, position: int) -> tuple[Path, int]:
        nodes, starts, key_length, _ = self._pieces[index]
        part = -1 if position < key_length else bisect_right(starts, position) - 1
        path = self._paths.get((index, part))
        if path is None:
            path = self._paths[index, part] = _path(nodes[max(part, 0)], is_key=part < 0)
        return path, position if part < 0 else position - starts[part]

    def _gather(self, body: Mapping[str, Any]) -> None:
        pending: list[tuple[Node | None, Any]] = [(None, dict(body))]
        while pending:
            node, value = pending.pop()
            if self._passes(node, value):
                continue
            text = ""
            if isinstance(value, dict):
                self._count(len(value))
                members = [((node, key, i), value[key]) for i, key in enumerate(value)]
                if value.get("type") == "base64" and "media_type" in value:
                    members = [member for member in members if not _is_payload(*member)]
                pending += members[::-1]
            elif isinstance(value, list | tuple):
                telling = [(i, each) for i, each in enumerate(value) if _may_tell(each)]
                self._count(len(telling))
                items: list[tuple[Node, Any]] = [((node, i, i), each) for i, each in telling]
                self._add_adjacent(items)
                pending += items[::-1]
            elif node is not None:
                text = _text(value, node[1])
            if node is not None:
                key = node[1]
                if isinstance(key, str):
                    self._add(f"{key}\x1f{text}", Piece((node,), (len(key) + 1,), len(key)))
                elif text:
                    self._add(text, Piece((node,)))

    def _count(self, more: int) -> None:
        self._values += more
        if self._values > MAX_VALUES:
            raise InvalidRequest(
                f"The request has more than {MAX_VALUES:,} strings and objects, too many to be "
                "screened. Send it in parts.",
                code="input_not_screenable",
            )

    def _add(self, text: str, piece: Piece) -> None:
        self._starts.append(self._length)
        self._pieces.append(piece)
        self._texts.append(text)
        self._length += len(text) + 1
        if (
            "\\" in text
            and len(piece.escapes) < _ESCAPE_LEVELS
            and (decoded := unescape(text)) is not None
        ):
            plain, escapes = decoded
            self._add(plain, piece._replace(escapes=(escapes, *piece.escapes)))

    def _add_adjacent(self, items: list[tuple[Node, Any]]) -> None:
        """Text parts side by side also as one text: a value may begin in one and end in another."""
        for has_text, run in groupby(items, key=_is_text_part):
            parts = list(run) if has_text else []
            if len(parts) > 1:
                texts = [part["text"] for _, part in parts]
                nodes = [(node, "text", list(part).index("text")) for node, part in parts]
                starts = accumulate((len(text) for text in texts[:-1]), initial=0)
                self._add("".join(texts), Piece(tuple(nodes), tuple(starts)))


def _path(node: Node | None, *, is_key: bool) -> Path:
    steps: list[Node] = []
    while node is not None:
        steps.append(node)
        node = node[0]
    steps.reverse()
    return Path(tuple(step[1] for step in steps), tuple(step[2] for step in steps), is_key)


def _is_text_part(item: tuple[Node, Any]) -> bool:
    return isinstance(item[1], dict) and isinstance(item[1].get("text"), str)


def _may_tell(value: Any) -> bool:
    """False for what is neither text nor a number as long as a card's: lists have many."""
    return not isinstance(value, int) or abs(value) >= _SMALLEST_NUMBER


def _text(value: Any, key: str | int) -> str:
    """What of a scalar is text: strings, and the digits of numbers that could be a card's."""
    if isinstance(value, str):
        return value if not value.startswith("data:image/") else _without_image(value, key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and _SMALLEST_NUMBER <= abs(value) < _LARGEST_NUMBER:
        return str(value)
    return ""


def _is_payload(node: Node, value: Any) -> bool:
    """A picture or a file as Messages has it: `{"type": "base64", "media_type", "data"}`."""
    return node[1] == "data" and isinstance(value, str) and _is_base64(value)


def _is_base64(value: str) -> bool:
    return value.isascii() and not value.encode().translate(None, _BASE64)


def _without_image(value: str, key: str | int) -> str:
    """An inline image is no text, and too long to be read as one."""
    header = _IMAGE.match(value) if key in ("url", "image_url") else None
    payload = value[header.end() :] if header else ""
    if header and _is_base64(payload):
        return header.group()
    return value
