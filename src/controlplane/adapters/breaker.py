"""A part that does not answer is left alone for a while, so that it costs the next nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from controlplane.errors import Unreachable

FAILURES_TO_OPEN = 3
FIRST_OPEN_SECONDS = 2.0
MAX_OPEN_SECONDS = 8.0
# For the one that looks whether the part is back: a caller waits for it.
PROBE_SECONDS = 0.5


class BreakerOpen(Unreachable):
    """The part was not even asked."""


class Breaker:
    """Opens after FAILURES_TO_OPEN failures in a row, and after a single one that took all the time
    that it had. While it is open, one attempt is let through now and then, with little time; each
    that fails doubles the pause, up to MAX_OPEN_SECONDS.
    """

    def __init__(self, part: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._part = part
        self._clock = clock
        self._failures = 0
        self._open_seconds = 0.0
        self._closed_until = 0.0

    @contextmanager
    def attempt(self, seconds: float) -> Iterator[float]:
        """Yields the seconds that the attempt may take: `seconds` at most.

        Inside, TimeoutError is time used up and Unreachable another failure; both leave as
        Unreachable. Any other exception says that the part answered. Raises BreakerOpen.
        """
        probes = self._open_seconds > 0
        if probes:
            if self._clock() < self._closed_until:
                raise BreakerOpen(self._part)
            seconds = min(seconds, PROBE_SECONDS)
            self._closed_until = self._clock() + max(self._open_seconds, PROBE_SECONDS)
        try:
            yield seconds
        except TimeoutError as error:
            self._failed(probes=probes, hung=True)
            raise Unreachable(self._part) from error
        except Unreachable:
            self._failed(probes=probes, hung=False)
            raise
        except Exception:
            self._answered()
            raise
        self._answered()

    def _answered(self) -> None:
        self._failures, self._open_seconds = 0, 0.0

    def _failed(self, *, probes: bool, hung: bool) -> None:
        self._failures += 1
        if probes:
            self._open_seconds = min(2 * self._open_seconds, MAX_OPEN_SECONDS)
        elif self._open_seconds:
            return  # it began before the breaker opened, and says nothing new
        elif hung or self._failures >= FAILURES_TO_OPEN:
            self._open_seconds = FIRST_OPEN_SECONDS
        else:
            return
        self._closed_until = self._clock() + self._open_seconds
