"""A limiter for one process alone: what serves while Redis does not answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

from controlplane.domain.access import Decision, Hold, LimitStatus, WindowLimit

MAX_WINDOWS = 10_000

_Window = deque[tuple[float, str]]


class LocalLimiter:
    """The same decisions as the shared limiter, over the requests that this process saw."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[tuple[str, WindowLimit], _Window] = {}

    async def reserve(
        self, org_id: str, request_id: str, limits: Sequence[WindowLimit]
    ) -> Decision:
        """Admit the request under all limits, or under none."""
        now = self._clock()
        windows = [self._window(org_id, limit, now) for limit in limits]
        refused_by, retry_after = None, 0.0
        for limit, window in zip(limits, windows, strict=True):
            if len(window) < limit.capacity or _holds(window, request_id):
                continue
            leaving = window[-limit.capacity][0] if limit.capacity else now
            wait = leaving + limit.window_seconds - now
            if refused_by is None or wait > retry_after:
                refused_by, retry_after = limit, wait
        if refused_by is None:
            for window in windows:
                if not _holds(window, request_id):
                    window.append((now, request_id))
        statuses = tuple(
            _status(limit, window, now) for limit, window in zip(limits, windows, strict=True)
        )
        return Decision(Hold(request_id, org_id), statuses, refused_by, retry_after)

    def _window(self, org_id: str, limit: WindowLimit, now: float) -> _Window:
        key = (org_id, limit)
        window = self._windows.pop(key, None) or deque()
        while window and window[0][0] <= now - limit.window_seconds:
            window.popleft()
        self._windows[key] = window  # the least recently used stands first
        if len(self._windows) > MAX_WINDOWS:
            del self._windows[next(iter(self._windows))]
        return window


def _holds(window: _Window, request_id: str) -> bool:
    return any(entry == request_id for _, entry in window)


def _status(limit: WindowLimit, window: _Window, now: float) -> LimitStatus:
    reset = window[0][0] + limit.window_seconds - now if window else 0.0
    return LimitStatus(limit, max(0, limit.capacity - len(window)), reset)
