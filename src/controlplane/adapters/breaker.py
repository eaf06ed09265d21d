"""A store that fails is left alone for a while, so that it costs its callers nothing."""

from __future__ import annotations

import time
from math import inf


class Breaker:
    """Open after `failures` in a row, for `seconds`; then one caller at a time may look again."""

    def __init__(self, failures: int, seconds: float) -> None:
        self._failures_to_open = failures
        self._seconds = seconds
        self._failures = 0
        self._open_until = 0.0
        self._answered_at: float | None = None
        self._failed_at: float | None = None

    @property
    def seconds_since_answer(self) -> float:
        """How long ago the store answered last; infinite where it has not."""
        return inf if self._answered_at is None else time.monotonic() - self._answered_at

    @property
    def last_known(self) -> str | None:
        """`ok` or `down`, and how long ago that was seen; None where nothing was."""
        seen = max(filter(None, (self._answered_at, self._failed_at)), default=None)
        if seen is None:
            return None
        state = "ok" if seen == self._answered_at else "down"
        return f"{state} {time.monotonic() - seen:.0f} s ago"

    def lets_pass(self) -> bool:
        """Whether to try; where it was open, the one who may is given as long as it stays open."""
        if self._failures < self._failures_to_open:
            return True
        if time.monotonic() < self._open_until:
            return False
        self._open_until = time.monotonic() + self._seconds
        return True

    def failed(self) -> None:
        """The store did not answer."""
        self._failures += 1
        self._failed_at = time.monotonic()
        if self._failures >= self._failures_to_open:
            self.open()

    def open(self) -> None:
        """It is surely down."""
        self._failures = max(self._failures, self._failures_to_open)
        self._open_until = time.monotonic() + self._seconds

    def succeeded(self) -> None:
        """It did."""
        self._failures = 0
        self._answered_at = time.monotonic()
