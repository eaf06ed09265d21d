"""Scan: what of a request is personal data or a secret, and where. Never what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from controlplane.screening import place
from controlplane.screening.detect import MAX_BURDEN, detect_all, too_slow
from controlplane.screening.detector import Detector
from controlplane.screening.document import KNOWN, Document, Located, Path
from controlplane.screening.fold import fold
from controlplane.screening.scope import EVERYTHING, Scope
from controlplane.screening.seen import fingerprint, seen


class Finding(NamedTuple):
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


def scan(body: Mapping[str, Any], scope: Scope = EVERYTHING) -> list[Finding]:
    """All findings in `body` (decoded JSON) within `scope`, in the order in which it reads.

    Every string is looked at, names of members and long numbers too, escapes of JSON in a string
    (tool-call arguments) decoded as well. Raises InvalidRequest where custom patterns would take
    too long.
    """
    memory, salt = seen(), fingerprint(scope)

    def known(unit: Any) -> bytes | None:
        digest = memory.digest(unit, salt)
        return KNOWN if digest is not None and memory.knows(digest) else digest

    document = Document(body, known)
    data, offsets = fold(document.text)
    if scope.weight * len(data) > MAX_BURDEN:
        raise too_slow()
    found, starts = [], []
    hits, whole = detect_all(data, scope.custom, scope.wanted)
    for detector, start, end in hits:
        stretch = (offsets.start(start), offsets.end(end)) if offsets else (start, end)
        starts.append(stretch[0])
        if not scope.allows(detector.kind, data[start:end]):
            found.append((detector, document.locate(*stretch)))
    for digest in document.clean_units(starts) if whole else ():
        memory.remember(digest)
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
