"""How much memory the requests of a process may hold together, and one of them alone.

What is held is an upper estimate, given back when the request ends: bodies and answers as they came
in, what they are once they are parsed, and what is kept of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from controlplane.errors import Unavailable

MEGABYTE = 1024 * 1024
# Shorter JSON is not looked at, which would take longer than to parse it: four megabytes at most.
UNCOUNTED_BYTES = 128 * 1024
# What CPython makes of it: of each such byte outside of texts, beside the text itself.
_TAKES = {b":": 60, b"{": 64, b"[": 56, b",": 32, b'"': 25}
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
# More is no answer and no question, and too long to look through.
_MAX_TEXTS = 500_000
RETRY_AFTER_SECONDS = 2
DEFAULT_LIMIT_BYTES = 512 * MEGABYTE


class Memory:
    """The budget of one process. A request begins in the first half of it only: the other half is
    for those under way."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.held_bytes = 0

    @property
    def may_begin(self) -> bool:
        """False where the first half is full."""
        return self.held_bytes * 2 <= self.limit_bytes

    @contextmanager
    def share(self) -> Iterator[None]:
        """A request: what is given to `hold` in its context counts until it ends."""
        share = Share(self)
        token = _share.set(share)
        try:
            yield
        finally:
            _share.reset(token)
            share.give_back()


class Share:
    """What one request holds."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.held_bytes = 0

    def hold(self, size: int) -> None:
        """Count `size` more bytes. Raises Unavailable where the process has no room for them."""
        if self._memory.held_bytes + size > self._memory.limit_bytes:
            raise full()
        self._memory.held_bytes += size
        self.held_bytes += size

    def give_back(self) -> None:
        """The request has ended."""
        self._memory.held_bytes -= self.held_bytes
        self.held_bytes = 0


_share: ContextVar[Share | None] = ContextVar("memory_share", default=None)


def hold(size: int) -> None:
    """Count `size` more bytes for the request of this context. Raises Unavailable."""
    share = _share.get()
    if share is not None:
        share.hold(size)


def parsed_size(raw: bytes) -> int:
    """An upper bound of what JSON takes once it is parsed; what stands in texts is counted too."""
    return len(raw) + sum(raw.count(byte) * size for byte, size in _TAKES.items())


def hold_parsed(raw: bytes, limit_bytes: int) -> bool:
    """Count what `raw` will take once it is parsed; False where that is more than `limit_bytes`.

    Raises Unavailable where the process has no room for it.
    """
    if len(raw) <= UNCOUNTED_BYTES:
        return True
    size = parsed_size(raw)
    if size > limit_bytes:
        # A text may be a table, or JSON itself.
        if raw.count(b'"') - raw.count(b'\\"') > 2 * _MAX_TEXTS:
            return False
        size = len(raw) + parsed_size(_TEXT.sub(b'""', raw))
        if size > limit_bytes:
            return False
    hold(size)
    return True


def full() -> Unavailable:
    """How a request is refused that there is no room for."""
    return Unavailable(
        "The gateway is at the limit of its memory. Try again.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
