"""Detect: run all detectors over folded text. One pass says which of them match at all."""

from __future__ import annotations

import base64
import binascii
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from threading import get_ident
from typing import Any, NamedTuple

import re2

from controlplane.errors import InvalidRequest
from controlplane.screening import pii, secrets
from controlplane.screening.detector import Detector

DETECTORS: tuple[Detector, ...] = (*pii.DETECTORS, *secrets.DETECTORS)
_TOGETHER = tuple(detector for detector in DETECTORS if detector.hint is None)
# How much one detector finds in one text; what is beyond is not counted (see redact.py).
MAX_HITS = 1000
# Bytes of text times the weight of custom patterns: 10 s of CPU where all of it is hostile.
MAX_BURDEN = 10**9
# Of the search for all matches of custom patterns, each of which may look as far as the end.
_MAX_CPU_SECONDS = 3.0
_CONTEXT_BYTES = 48
_SET_BYTES = 16 * 1024 * 1024
# What all patterns together take for a byte, one after the other, and what is looked at to know.
_SECONDS_A_BYTE = 1e-6
_LEAST_SAMPLED, _PIECE, _MOST_PIECES = 2048, 256, 16
_random = random.SystemRandom()
# Shorter runs hold no key; a longer one is a file, and binary.
_BASE64 = r"[A-Za-z0-9+/_-]{28,}={0,2}"
_MAX_BASE64, _MAX_RUNS = 16 * 1024, 2000
_TEXT = bytes(range(32, 127)) + b"\t\r\n"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Hit(NamedTuple):
    """A stretch of folded text that a detector found."""

    detector: Detector
    start: int
    end: int


Wanted = Callable[[Detector], bool]


def detect(data: bytes, custom: Sequence[Detector] = (), wanted: Wanted | None = None) -> list[Hit]:
    """What the detectors find in folded text, at most MAX_HITS each; stretches may overlap.

    Text in base64 is searched for secrets; what is found there is all of the base64.
    """
    return detect_all(data, custom, wanted)[0]


def detect_all(
    data: bytes, custom: Sequence[Detector] = (), wanted: Wanted | None = None
) -> tuple[list[Hit], bool]:
    """What `detect` finds, and whether that is all: no limit was met."""
    matching, has_base64 = _matching(data)
    hits = [hit for each in matching if wanted is None or wanted(each) for hit in _hits(each, data)]
    deadline = time.thread_time() + _MAX_CPU_SECONDS if custom else 0.0
    for each in custom:
        if (wanted is None or wanted(each)) and _alone(each.pattern).search(data):
            hits += _custom_hits(each, data, deadline)
    runs = _runs(data) if has_base64 else []
    hits += _encoded(data, runs, wanted)
    counts = Counter(hit.detector.name for hit in hits)
    whole = len(runs) < _MAX_RUNS and max(counts.values(), default=0) < MAX_HITS
    return _without_phones(hits), whole


def _hits(detector: Detector, data: bytes) -> Iterator[Hit]:
    context = detector.context
    if context is not None and not _alone(context.removesuffix(r"\z")).search(data):
        return
    regex, left = _alone(detector.pattern), MAX_HITS
    for match in regex.finditer(data):
        start, end = match.span(regex.groups)
        spans = detector.refine(data, start, end) if detector.refine else ((start, end),)
        for span in spans:
            if context is None or _in_context(data, span[0], context):
                yield Hit(detector, *span)
                left -= 1
            if left <= 0:
                return


def _in_context(data: bytes, start: int, context: str) -> bool:
    window = data[max(start - _CONTEXT_BYTES, 0) : start]
    # Only the same string, or its key, speaks for a value.
    return _alone(context).search(window[window.rfind(b"\x00") + 1 :]) is not None


def too_slow() -> InvalidRequest:
    """The error of a text that custom patterns would look at for too long."""
    return InvalidRequest(
        "The text is too long for the custom patterns of the policy. Send less at once, or have an "
        "administrator simplify the patterns under 'screening.custom'.",
        code="input_not_screenable",
    )


def _custom_hits(detector: Detector, data: bytes, deadline: float) -> list[Hit]:
    """String by string: a custom pattern may match U+0000."""
    hits: list[Hit] = []
    start = 0
    for text in data.split(b"\x00"):
        for match in _alone(detector.pattern).finditer(text) if text else ():
            if match.end() > match.start():
                hits.append(Hit(detector, start + match.start(), start + match.end()))
            if time.thread_time() > deadline:
                raise too_slow()
            if len(hits) >= MAX_HITS:
                return hits
        start += len(text) + 1
    return hits


def _runs(data: bytes) -> list[tuple[int, int]]:
    """Where base64 stands, at most _MAX_RUNS."""
    return [match.span() for match in islice(_alone(_BASE64).finditer(data), _MAX_RUNS)]


def _encoded(data: bytes, found: Sequence[tuple[int, int]], wanted: Wanted | None) -> Iterator[Hit]:
    runs: list[tuple[int, int]] = []
    texts: list[bytes] = []
    for start, end in found:
        text = _decoded(data[start : min(end, start + _MAX_BASE64)])
        if text:
            runs.append((start, end))
            texts.append(text)
    if not texts:
        return
    joined = b"\x00".join(texts)
    starts, position = [], 0
    for text in texts:
        starts.append(position)
        position += len(text) + 1
    for detector in _matching(joined)[0]:
        if detector.family == "secrets" and (wanted is None or wanted(detector)):
            for hit in _hits(detector, joined):
                index = joined.count(b"\x00", 0, hit.start)
                yield Hit(detector, *runs[index])


def _decoded(run: bytes) -> bytes | None:
    """The text that `run` encodes; None where it is no text."""
    run = run.rstrip(b"=").translate(_URL_SAFE)
    run = run[: len(run) - (len(run) % 4 == 1)]
    # Most runs are hashes, paths and pictures: the first bytes tell.
    head = binascii.a2b_base64(run[:16])
    if head.translate(None, _TEXT):
        return None
    text = base64.b64decode(run + b"=" * (-len(run) % 4))
    return None if text.translate(None, _TEXT) else text


def _without_phones(hits: list[Hit]) -> list[Hit]:
    """An identity number or an account that could be dialled is no phone number."""
    by_kind = {hit.detector.kind for hit in hits}
    if "phone" not in by_kind or len(by_kind) == 1:
        return hits
    others = [hit for hit in hits if hit.detector.kind not in ("phone", "email")]
    others.sort(key=lambda hit: hit.start)
    kept = []
    index, reach = 0, -1
    for hit in sorted(hits, key=lambda hit: hit.start):
        while index < len(others) and others[index].start <= hit.start:
            reach = max(reach, others[index].end)
            index += 1
        if hit.detector.kind != "phone" or hit.end > reach:
            kept.append(hit)
    return kept


def _options() -> Any:
    options = re2.Options()
    # Folded text has one byte a character: no need to think in UTF-8.
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return options


def _alone(pattern: str) -> Any:
    return _compiled(pattern, get_ident())


# One for each thread: a search that makes states keeps others of the same pattern waiting.
@lru_cache(maxsize=4096)
def _compiled(pattern: str, _thread: int) -> Any:
    return re2.compile(pattern.encode(), _options())


@lru_cache(maxsize=8)
def _together(_thread: int) -> Any:
    """All patterns at once, the last one (which matches anything) included."""
    options = _options()
    options.max_mem = _SET_BYTES
    every = re2.Set.SearchSet(options)
    for detector in _TOGETHER:
        every.Add(detector.pattern.encode())
    every.Add(_BASE64.encode())
    every.Add(b"")
    every.Compile()
    return every


def _is_strange(every: Any, data: bytes) -> bool:
    """True where samples say that searching for all patterns at once takes longer than for one
    after the other: in rows of digits, for one, hardly a byte meets a state that is known."""
    if len(data) <= _LEAST_SAMPLED:
        return False
    pieces = min(len(data) // _LEAST_SAMPLED, _MOST_PIECES) * 4
    places = [_random.randrange(len(data) - _PIECE) for _ in range(pieces)]
    sample = b"".join([data[at : at + _PIECE] for at in places])
    begin = time.thread_time()
    every.Match(sample)
    return time.thread_time() - begin > _SECONDS_A_BYTE * len(sample)


def _matching(data: bytes) -> tuple[Sequence[Detector], bool]:
    """The detectors that match somewhere in `data`, and whether base64 does, found in one pass."""
    every = _together(get_ident())
    indices = () if _is_strange(every, data) else every.Match(data) or ()
    # Out of memory looks like no match, too: then each has to look for itself, in the same order.
    matching = [_TOGETHER[index] for index in sorted(indices) if index < len(_TOGETHER)]
    if not indices:
        matching = list(_TOGETHER)
    for detector in DETECTORS:
        if detector.hint is not None and _alone(detector.hint).search(data):
            matching.append(detector)
    return matching, not indices or len(_TOGETHER) in indices
