"""A part that fails is left alone for a while, so that it costs its callers nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from controlplane.errors import Unreachable

# For the one that looks whether the part is back: a caller waits for it.
PROBE_SECONDS = 0.5


class BreakerOpen(Unreachable):
    """The part was not even asked."""


class Breaker:
    """Open after `failures` in a row, for `seconds`; then one caller at a time may look again.

    Each look that fails doubles the pause, up to `most_seconds`.
    """

    def __init__(
        self,
        failures: int,
        seconds: float,
        most_seconds: float = 0.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._failures_to_open = failures
        self._seconds = seconds
        self._most_seconds = max(seconds, most_seconds)
        self._clock = clock
        self._failures = 0
        self._pause = seconds
        self._open_until = 0.0
        self._answered_at: float | None = None
        self._failed_at: float | None = None

    @property
    def seconds_since_answer(self) -> float:
        """How long ago the part answered last; infinite where it has not."""
        return inf if self._answered_at is None else self._clock() - self._answered_at

    @property
    def last_known(self) -> str | None:
        """`ok` or `down`, and how long ago that was seen; None where nothing was."""
        seen = max(filter(None, (self._answered_at, self._failed_at)), default=None)
        if seen is None:
            return None
        state = "ok" if seen == self._answered_at else "down"
        return f"{state} {self._clock() - seen:.0f} s ago"

    @property
    def _is_open(self) -> bool:
        return self._failures >= self._failures_to_open

    @contextmanager
    def attempt(self, part: str, seconds: float) -> Iterator[float]:
        """Yields the seconds that the attempt may take: `seconds` at most, few for a look.

        Inside, TimeoutError says that the part hangs, which opens at once, and Unreachable is a
        failure; both leave as Unreachable. Any other exception says that it answered. Raises
        BreakerOpen.
        """
        looks = self._is_open
        if not self.lets_pass():
            raise BreakerOpen(part)
        try:
            yield min(seconds, PROBE_SECONDS) if looks else seconds
        except (TimeoutError, Unreachable) as error:
            hangs = isinstance(error, TimeoutError)
            # What began before the breaker opened says nothing new.
            if looks or not self._is_open:
                self._pause = min(2 * self._pause, self._most_seconds) if looks else self._seconds
                self.failed()
                if hangs:
                    self.open()
            if hangs:
                raise Unreachable(part) from error
            raise
        except Exception:
            self.succeeded()
            raise
        self.succeeded()

    def lets_pass(self) -> bool:
        """Whether to try; where it was open, the one who may is given as long as it stays open."""
        if not self._is_open:
            return True
        if self._clock() < self._open_until:
            return False
        self._open_until = self._clock() + self._pause
        return True

    def failed(self) -> None:
        """The part did not answer."""
        self._failures += 1
        self._failed_at = self._clock()
        if self._is_open:
            self.open()

    def open(self) -> None:
        """It is surely down."""
        self._failures = max(self._failures, self._failures_to_open)
        self._open_until = self._clock() + self._pause

    def succeeded(self) -> None:
        """It did."""
        self._failures, self._pause = 0, self._seconds
        self._answered_at = self._clock()
