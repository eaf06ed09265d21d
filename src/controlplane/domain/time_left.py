"""How long this invocation of the function may still run: stated by the entry point, read by what
could hang. A long-lived server states nothing."""

from __future__ import annotations

import time
from contextvars import ContextVar

_ends_at: ContextVar[float | None] = ContextVar("ends_at", default=None)


def state_seconds_left(seconds: float | None) -> None:
    """For the tasks that are made from now on in this context; None where there is no end."""
    _ends_at.set(None if seconds is None else time.monotonic() + seconds)


def seconds_left() -> float | None:
    """Until the function is ended, None where it is not."""
    ends_at = _ends_at.get()
    return None if ends_at is None else ends_at - time.monotonic()
