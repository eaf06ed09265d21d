"""What a detector is: one row of a table (`pii.DETECTORS`, `secrets.DETECTORS`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Span = tuple[int, int]
Refine = Callable[[bytes, int, int], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class Detector:
    """One format.

    `pattern` is RE2 syntax over folded text (`fold.py`); where it has a group, the group is what
    is found. It must not match U+0000 (which separates the strings of a request) nor look further
    ahead than a few hundred characters without consuming them, which would make the scan
    quadratic. `refine(data, start, end)` gives the spans that really are one, none to refuse.
    `context` is a pattern that must be found shortly before, in the same string or its key.
    `matches` and `ignores` are examples.
    """

    name: str
    kind: str
    family: str
    pattern: str
    matches: tuple[str, ...]
    ignores: tuple[str, ...]
    refine: Refine | None = None
    context: str | None = None
