"""Text as detectors see it: one byte a character, with the way back to the original.

RE2's `\\d` and `\\b` know ASCII only, and a zero-width character or a dash from another block would
hide a value. So compatibility forms and accents are decomposed (Unicode NFKD), foreign digits,
dashes and spaces become plain ones, and what cannot be seen is dropped.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from itertools import accumulate

# What stands for a character that has no ASCII form and is no letter.
OTHER = "\x02"

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# Backslashes in a row are one escape, so that a million of them are no work. The first one stands
# alone: `re` then looks for it as fast as `str.find`.
_ESCAPE = re.compile(r'(\\(?:\\(?:\\\\)*|u[0-9a-fA-F]{4}|["/bfnrt]))')
_ESCAPED = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
# Dashes, quotes and blanks that their Unicode category does not give away.
_SPECIAL = {
    "\u02d7": "-",
    "\u2043": "-",
    "\u2212": "-",
    "\u2018": "'",
    "\u2019": "'",
    "\u115f": "",
    "\u1160": "",
    "\u2800": "",
    "\u3164": "",
    "\uffa0": "",
}
_BY_CATEGORY = {"Pd": "-", "Zs": " ", "Zl": "\n", "Zp": "\n", "Cf": "", "Mn": "", "Me": ""}
_ROW = re.compile(r"(?<!\\)\\")
_LONGEST_ESCAPE = 6
# What is done at a time: in between, other threads have their turn.
_PIECE = 64 * 1024
# Up to here one pass per distinct character is faster than one look-up per character.
_FEW = 64


class Offsets:
    """The way back from folded text. `points` are (position there, position here), in order."""

    def __init__(
        self,
        points: Callable[[], list[tuple[int, int]]],
        bisect_end: Callable[[list[int], int], int],
    ) -> None:
        self._points = points
        self._bisect_end = bisect_end

    # Worked out only where something was found.
    @cached_property
    def _table(self) -> tuple[list[int], list[int]]:
        points = [(0, 0), *self._points()]
        return [there for there, _ in points], [here for _, here in points]

    def start(self, position: int) -> int:
        """Where the character at `position` comes from."""
        return self._back(position, bisect_right)

    def end(self, position: int) -> int:
        """Where the character before `position` ends."""
        return self._back(position, self._bisect_end)

    def _back(self, position: int, bisect: Callable[[list[int], int], int]) -> int:
        there, here = self._table
        point = max(bisect(there, position) - 1, 0)
        return here[point] + position - there[point]


def fold(text: str) -> tuple[bytes, Offsets | None]:
    """`text`, one byte per character, and the way back (None where nothing moved).

    ASCII, but for letters that have no ASCII form: these are bytes from 0x80 on.
    """
    if text.isascii():
        return text.encode(), None
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    chars = set[str]().union(*map(set, map(_beyond_ascii, pieces)))
    forms = {char: _form(char) for char in sorted(chars)}
    folded = b"".join([_folded(piece, forms) for piece in pieces])
    moving = {char: len(form) for char, form in forms.items() if len(form) != 1}
    if not moving:
        return folded, None
    return folded, Offsets(lambda: _fold_points(text, moving), bisect_left)


def _beyond_ascii(text: str) -> str:
    return "".join(_BEYOND_ASCII.findall(text))


def _folded(text: str, forms: dict[str, str]) -> bytes:
    if len(forms) <= _FEW:
        # Latin-1 first: what other letters become looks like it, and must not be replaced again.
        for char, form in forms.items():
            text = text.replace(char, form)
    else:
        text = text.translate({ord(char): form for char, form in forms.items()})
    return text.encode("latin-1")


def unescape(text: str) -> tuple[str, Offsets] | None:
    """`text` with JSON's escapes decoded, whether it is JSON or not; None where it has none."""
    if "\\\\" not in text and "\\u" not in text:
        # Every backslash begins an escape of its own: replacing is ten times faster.
        plain = "".join(map(_replaced, _uncut(text)))
        if plain == text:
            return None
        return plain, Offsets(lambda: _escape_points(*_pieces(text)), bisect_right)
    pieces, decoded = _pieces(text)
    if len(pieces) == 1:
        return None
    return "".join(decoded), Offsets(lambda: _escape_points(pieces, decoded), bisect_right)


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """Text and escapes in turn, as they are and decoded."""
    pieces, decoded = [""], [""]
    for piece in _uncut(text):
        first, *split = _ESCAPE.split(piece)
        pieces[-1] += first
        decoded[-1] += first
        pieces += split
        split[::2] = map(_decode, split[::2])
        decoded += split
    return pieces, decoded


def _replaced(text: str) -> str:
    for char, form in _ESCAPED.items():
        text = text.replace(f"\\{char}", form)
    return text


def _uncut(text: str) -> Iterator[str]:
    """`text` in pieces that cut no escape: each ends before a row of backslashes, or well behind
    one."""
    start = 0
    while len(text) - start > 3 * _PIECE:
        end = start + 2 * _PIECE
        if row := _ROW.search(text, start + _PIECE, end):
            end = row.start()
        while "\\" in text[end - _LONGEST_ESCAPE : end] and row is None:
            end += _LONGEST_ESCAPE
        yield text[start:end]
        start = end
    yield text[start:]


@lru_cache(maxsize=8192)
def _form(char: str) -> str:
    """The ASCII form of one character: usually one character, none where it cannot be seen."""
    if char in _SPECIAL:
        return _SPECIAL[char]
    category = unicodedata.category(char)
    if category in _BY_CATEGORY:
        return _BY_CATEGORY[category]
    if category == "Nd":
        return str(unicodedata.decimal(char))
    parts = unicodedata.normalize("NFKD", char)
    if any(part.isascii() for part in parts):
        return "".join(part if part.isascii() else _form(part) for part in parts)
    # One of 128 bytes, so that a word of another alphabet can be told from another word.
    return chr(0x80 | ord(char) & 0x7F) if category.startswith("L") else OTHER


@lru_cache(maxsize=1024)
def _decode(escape: str) -> str:
    if escape[1] == "u":
        return chr(int(escape[2:], 16))
    return _ESCAPED[escape[1]] * (len(escape) // 2)


def _fold_points(text: str, moving: dict[str, int]) -> list[tuple[int, int]]:
    points = []
    shift = 0
    for match in re.finditer(f"[{re.escape(''.join(moving))}]", text):
        here = match.start()
        length = moving[match.group()]
        points += [(here + shift + step, here) for step in range(length)]
        shift += length - 1
        points.append((here + 1 + shift, here + 1))
    return points


def _escape_points(pieces: list[str], decoded: list[str]) -> list[tuple[int, int]]:
    there = accumulate(len(piece) for piece in decoded)
    here = accumulate(len(piece) for piece in pieces)
    # Text and escape alternate; what follows an escape has moved.
    return list(zip(there, here, strict=True))[1::2]
