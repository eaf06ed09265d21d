"""Tokens into one string; where the string is JSON, it stays JSON."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

_STRING_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_NUMERIC = "-+.0123456789eE"

Tokenize = Callable[[str, str], str]


class Edit(NamedTuple):
    """`text[start:end]` has to go. An empty `value` continues one that began in another string."""

    start: int
    end: int
    kind: str
    value: str
    quoted: bool = False


def splice(text: str, edits: Iterable[Edit], tokenize: Tokenize) -> str:
    """`text` with `tokenize(kind, value)` in place of each edit; edits that overlap become one."""
    if not _is_json(text):
        return _splice(text, _merged(edits), tokenize)
    edits = _merged(_fitted(text, edits))
    spliced = _splice(text, edits, tokenize)
    if _is_json(spliced):
        return spliced
    # A value ran over the bounds of a string in there: nothing of it can stay.
    tokens = " ".join(tokenize(edit.kind, edit.value) for edit in edits)
    return orjson.dumps(tokens).decode()


def _splice(text: str, edits: Iterable[Edit], tokenize: Tokenize) -> str:
    pieces: list[str] = []
    position = 0
    for edit in edits:
        token = tokenize(edit.kind, edit.value) if edit.value else ""
        pieces += (text[position : edit.start], f'"{token}"' if edit.quoted else token)
        position = edit.end
    return "".join([*pieces, text[position:]])


def _merged(edits: Iterable[Edit]) -> list[Edit]:
    """In order, none overlapping; the longest of those that did gives the token."""
    merged: list[Edit] = []
    for edit in sorted(edits):
        if not merged or edit.start >= merged[-1].end:
            merged.append(edit)
            continue
        other = merged.pop()
        longest = max(other, edit, key=lambda each: len(each.value))
        merged.append(longest._replace(start=other.start, end=max(other.end, edit.end)))
    return merged


def _fitted(text: str, edits: Iterable[Edit]) -> list[Edit]:
    """Edits that respect JSON: no half of an escape stays, a number becomes a string."""
    literals = [match.span() for match in _STRING_LITERAL.finditer(text)]
    starts = [start for start, _ in literals]
    fitted = []
    for edit in edits:
        index = bisect_right(starts, edit.start) - 1
        if index >= 0 and starts[index] < edit.start and edit.end < literals[index][1]:
            fitted.append(_widened(text, edit, before="\\"))
        else:
            number = _widened(text, edit, before=_NUMERIC, after=_NUMERIC)
            fitted.append(number._replace(quoted=True))
    return fitted


def _widened(text: str, edit: Edit, *, before: str, after: str = "") -> Edit:
    """`edit` and the characters of these kinds that it touches."""
    start, end = edit.start, edit.end
    while start > 0 and text[start - 1] in before:
        start -= 1
    while end < len(text) and text[end] in after:
        end += 1
    return edit._replace(start=start, end=end)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return False
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True
