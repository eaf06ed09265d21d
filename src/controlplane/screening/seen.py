"""What was screened before and held nothing: an agent sends all of its history with every request.

A message, a tool or a long string is remembered by a keyed digest of its JSON and of the scope
under which it was screened: no text is held, and what one policy finds harmless says nothing to
another. What held a finding is never remembered, so it is screened, and found, every time.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache, lru_cache
from threading import Lock
from typing import Any

import orjson

from controlplane.screening.detect import DETECTORS
from controlplane.screening.scope import Scope

# A digest and its place in the table take 150 bytes: 2.5 MB at most.
MOST_REMEMBERED = 16_384
# Below this, screening costs less than remembering.
_FEWEST_BYTES = 64
_STRICT = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
_KINDS = tuple({detector.kind: detector for detector in DETECTORS}.values())


class SeenTexts:
    """Digests of what held nothing, at most `most`; the one not met for longest leaves first."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._digests: dict[bytes, None] = {}
        # Long scans run on threads.
        self._lock = Lock()
        # Without the key, no one can make a text that has the digest of a harmless one.
        self._key = os.urandom(32)

    def __len__(self) -> int:
        return len(self._digests)

    def digest(self, value: Any, scope: bytes) -> bytes | None:
        """The digest of `value` (decoded JSON) under a scope; None where it is not remembered."""
        try:
            written = orjson.dumps(value, option=_STRICT)
        except TypeError:
            # Half of a surrogate pair, a number beyond 64 bits.
            return None
        if len(written) < _FEWEST_BYTES:
            return None
        return hashlib.blake2b(written, digest_size=16, key=self._key, salt=scope).digest()

    def knows(self, digest: bytes) -> bool:
        """True where this digest was remembered; it then counts as the last one met."""
        with self._lock:
            if digest not in self._digests:
                return False
            del self._digests[digest]
            self._digests[digest] = None
            return True

    def remember(self, digest: bytes) -> None:
        """Call only where a whole scan found nothing there."""
        with self._lock:
            self._digests[digest] = None
            if len(self._digests) > self._most:
                del self._digests[next(iter(self._digests))]


@cache
def seen() -> SeenTexts:
    """The memory of this process."""
    return SeenTexts()


@lru_cache(maxsize=256)
def fingerprint(scope: Scope) -> bytes:
    """16 bytes for everything in `scope` that decides what is found."""
    wanted = scope.wanted
    looked_for = "" if wanted is None else "".join("01"[wanted(each)] for each in _KINDS)
    custom = [(each.kind, each.pattern) for each in scope.custom]
    said = repr((custom, sorted(scope.domains), sorted(scope.values), looked_for))
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
