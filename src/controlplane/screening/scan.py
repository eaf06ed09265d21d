"""Scan: what of a request is personal data or a secret, and where. Never what it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import re2

from controlplane.screening import pii, place, secrets
from controlplane.screening.detector import Detector
from controlplane.screening.document import Document, Located, Path
from controlplane.screening.fold import fold

DETECTORS: tuple[Detector, ...] = (*pii.DETECTORS, *secrets.DETECTORS)
_CONTEXT_BYTES = 48
_SET_BYTES = 32 * 1024 * 1024


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
    (tool-call arguments) decoded as well.
    """
    document = Document(body)
    data, offsets = fold(document.text)
    found = []
    for detector, start, end in detect(data):
        stretch = (offsets.start(start), offsets.end(end)) if offsets else (start, end)
        found.append((detector, document.locate(*stretch)))
    telling = {where.path.positions for _, where in found if where.path.is_key}
    written = cache(lambda path: place.write(path, telling))
    return [
        Finding(
            detector.kind,
            detector.family,
            written(where.path),
            where.offset,
            where.length,
            detector.name,
        )
        for detector, where in _best_readings(found)
    ]


def detect(data: bytes) -> Iterator[Hit]:
    """What the detectors find in folded text; stretches may overlap."""
    for detector in _matching(data):
        if detector.context is not None and not _alone(detector.context).search(data):
            continue
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


def _best_readings(found: Iterable[Found]) -> list[Found]:
    """In reading order; of two of one kind, one inside the other, the better reading.

    That is the one that decoded more (`\\nuser@...` is no `nuser@...`), then the longer one. But
    one that is whole in its text part does not grow by the end of the part before.
    """
    found = list(found)
    whole = {(d.kind, w.path, w.offset + w.length) for d, w in found if w.path == w.last}
    kept: list[Found] = []
    last: dict[tuple[str, Path], int] = {}
    for detector, where in sorted(found, key=_reading_order):
        string = (detector.kind, where.path)
        if where.path != where.last and (detector.kind, where.last, where.last_end) in whole:
            continue
        if string in last:
            other = kept[last[string]][1]
            inside = where.offset + where.length <= other.offset + other.length
            if inside and where.decoded <= other.decoded:
                continue
            if inside or (where.offset == other.offset and where.decoded >= other.decoded):
                kept[last[string]] = detector, where
                continue
        last[string] = len(kept)
        kept.append((detector, where))
    return kept


def _reading_order(found: Found) -> tuple[tuple[int, ...], bool, int, int]:
    where = found[1]
    return where.path.positions, not where.path.is_key, where.offset, -where.length


def _options() -> Any:
    options = re2.Options()
    # Folded text is ASCII: no need to think in UTF-8.
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


@cache
def _alone(pattern: str) -> Any:
    return re2.compile(pattern.encode(), _options())


@cache
def _together() -> Any:
    """All patterns at once, the last one (which matches anything) included."""
    options = _options()
    options.max_mem = _SET_BYTES
    every = re2.Set.SearchSet(options)
    for detector in DETECTORS:
        every.Add(detector.pattern.encode())
    every.Add(b"")
    every.Compile()
    return every


def _matching(data: bytes) -> Iterable[Detector]:
    """The detectors that match somewhere in `data`, found in one pass."""
    indices = _together().Match(data)
    if not indices:
        # Out of memory looks like no match: then each has to look for itself.
        return DETECTORS
    return [DETECTORS[index] for index in sorted(indices) if index < len(DETECTORS)]
