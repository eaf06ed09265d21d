"""Scan: what of a request is personal data or a secret, and where. Never what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import re2

from controlplane.screening import pii, place, secrets
from controlplane.screening.detector import Detector
from controlplane.screening.document import Document, Located
from controlplane.screening.fold import fold

DETECTORS: tuple[Detector, ...] = (*pii.DETECTORS, *secrets.DETECTORS)
_CONTEXT_BYTES = 48


@dataclass(frozen=True, slots=True)
class Finding:
    """Something was found; what it says is not in here.

    `place` is a dotted path (`messages.2.content`, see `place.py`), `offset` and `length` count
    characters of the string there. A value that runs over two adjacent text parts is reported at
    the first, and its length counts on into the second.
    """

    kind: str
    family: str
    place: str
    offset: int
    length: int
    detector: str


Found = tuple[Detector, Located]


class Hit(NamedTuple):
    """A stretch of folded text that a detector found."""

    detector: Detector
    start: int
    end: int


def scan(body: Mapping[str, Any]) -> list[Finding]:
    """All findings in `body` (decoded JSON), in the order in which it reads.

    Every string is looked at, names of members and long numbers too, escapes of JSON in a string
    (tool-call arguments) decoded as well. Of findings of one kind that overlap the longest stays.
    """
    document = Document(body)
    data, offsets = fold(document.text)
    found = [
        (hit.detector, document.locate(offsets.start(hit.start), offsets.end(hit.end)))
        if offsets
        else (hit.detector, document.locate(hit.start, hit.end))
        for hit in detect(data)
    ]
    telling = {place.positions(where.path) for _, where in found if where.is_key}
    return [
        Finding(
            detector.kind,
            detector.family,
            place.write(where.path, where.is_key, telling),
            where.offset,
            where.length,
            detector.name,
        )
        for detector, where in _longest(found)
    ]


def detect(data: bytes) -> Iterator[Hit]:
    """What the detectors find in folded text; stretches may overlap."""
    for index in _together().Match(data) or ():
        detector = DETECTORS[index]
        regex = _alone(detector.pattern)
        for match in regex.finditer(data):
            start, end = match.span(regex.groups)
            spans = detector.refine(data, start, end) if detector.refine else ((start, end),)
            for span in spans:
                if detector.context is None or _in_context(data, span[0], detector.context):
                    yield Hit(detector, *span)


def _in_context(data: bytes, start: int, context: str) -> bool:
    window = data[max(start - _CONTEXT_BYTES, 0) : start]
    # Only the same string, or its key, speaks for a value.
    return _alone(context).search(window[window.rfind(b"\x00") + 1 :]) is not None


def _longest(found: Iterable[Found]) -> list[Found]:
    """In reading order, without those that a longer one of the same kind overlaps."""
    kept: list[Found] = []
    last: dict[tuple[str, place.Positions, bool], int] = {}
    for detector, where in sorted(found, key=_reading_order):
        string = (detector.kind, place.positions(where.path), where.is_key)
        index = last.get(string)
        if index is not None:
            other = kept[index][1]
            if where.offset < other.offset + other.length:
                if where.length > other.length:
                    kept[index] = detector, where
                continue
        last[string] = len(kept)
        kept.append((detector, where))
    return kept


def _reading_order(found: Found) -> tuple[place.Positions, bool, int, int]:
    where = found[1]
    return place.positions(where.path), not where.is_key, where.offset, -where.length


@cache
def _options() -> Any:
    options = re2.Options()
    # Folded text is ASCII: no need to think in UTF-8.
    options.encoding = re2.Options.Encoding.LATIN1
    # A set that runs out of memory says "no match"; the default is too close to that.
    options.max_mem = 128 * 1024 * 1024
    options.log_errors = False
    return options


@cache
def _alone(pattern: str) -> Any:
    return re2.compile(pattern.encode(), _options())


@cache
def _together() -> Any:
    """All patterns at once: says which of them match somewhere, in one pass."""
    every = re2.Set.SearchSet(_options())
    for detector in DETECTORS:
        every.Add(detector.pattern.encode())
    every.Compile()
    return every
