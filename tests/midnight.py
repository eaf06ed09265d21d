"""Tests whose beginning and end have to lie on one day."""

from __future__ import annotations

import time

_DAY_SECONDS = 86_400


def leave_time_before_midnight(seconds: float) -> None:
    """Return at once while the day (UTC) has so many seconds left, and else as the next one begins.

    PostgreSQL and Valkey run on this machine: their day is the same one.
    """
    left = _DAY_SECONDS - time.time() % _DAY_SECONDS
    if left < seconds:
        time.sleep(left + 0.01)
