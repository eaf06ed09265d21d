"""What a detector is: one row of a table (`pii.DETECTORS`, `secrets.DETECTORS`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from controlplane.screening.generated import has_sequence, is_wordy, stands_for

Span = tuple[int, int]
Refine = Callable[[bytes, int, int], Iterable[Span]]


class Detector(NamedTuple):
    """One format.

    `pattern` is RE2 syntax over folded text (`fold.py`); where it has a group, the group is what
    is found. It must not match U+0000 (which separates the strings of a request) nor look further
    ahead than a few hundred characters without consuming them, which would make the scan
    quadratic. `refine(data, start, end)` gives the spans that really are one, none to refuse.
    `context` is a pattern that must be found shortly before, in the same string or its key; with
    `\\z` at its end it must stand right before. `matches` and `ignores` are examples.
    `hint` is a simpler pattern that is found wherever `pattern` is. Such a row is looked for by
    itself: it would make the pass over all patterns at once several times slower.
    """

    name: str
    kind: str
    family: str
    pattern: str
    matches: tuple[str, ...]
    ignores: tuple[str, ...]
    refine: Refine | None = None
    context: str | None = None
    hint: str | None = None


# A key may follow a letter of another alphabet, an underscore or a URL-encoded character.
_BEFORE = r"(?:\b|_|%[0-9A-Fa-f]{2})"
_FEWEST_CHARACTERS = 4
# `hf_tokenizerFast...`: the names of code that begin like a key are all words.
_WORDY_KEY = 0.66
# Words have fewer digits than a sixth.
_MANY_DIGITS = 6
_PARTS, _DIGIT = re.compile(rb"[^A-Za-z0-9]"), re.compile(rb"\d")


def secret(name: str, pattern: str, *matches: str, ignores: tuple[str, ...] = ()) -> Detector:
    """A key that names its issuer. `pattern` begins with the issuer's prefix and has no group."""
    return Detector(name, "secret", "secrets", f"{_BEFORE}({pattern})", matches, ignores, genuine)


def genuine(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses what only stands for a key."""
    value = data[start:end]
    # The prefix is a word often enough: what was drawn is the longest part with a digit.
    parts = _PARTS.split(value)
    drawn = max(parts, key=lambda part: (_DIGIT.search(part) is not None, len(part)))
    many_digits = _MANY_DIGITS * len(_DIGIT.findall(drawn)) > len(drawn)
    if (
        len(set(value[-16:])) >= _FEWEST_CHARACTERS
        and not stands_for(value)
        and not has_sequence(drawn[-16:])
        and (many_digits or not is_wordy(drawn, _WORDY_KEY))
    ):
        yield start, end
