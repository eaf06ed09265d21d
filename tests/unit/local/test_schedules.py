"""Events that come by themselves."""

from __future__ import annotations

import queue
from collections import Counter
from typing import Any

from controlplane.events import EVENTS
from controlplane.local.schedules import SCHEDULES, start_schedules


def test_each_comes_as_often_as_its_row_says() -> None:
    came: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start_schedules(came.put, {"often": 0.01, "seldom": 0.1})
    counts = Counter(came.get(timeout=5)["type"] for _ in range(22))
    assert counts["often"] >= 5 * counts["seldom"] >= 5


def test_every_scheduled_event_is_one_of_the_functions() -> None:
    assert set(SCHEDULES) <= set(EVENTS)
