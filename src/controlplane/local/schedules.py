"""What EventBridge sends the function in AWS: the events that come by themselves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

# Seconds between two of a kind; `infra/components/schedules.py` has the same in AWS.
SCHEDULES: Mapping[str, float] = {"ledger-restore": 60.0, "hold-sweep": 300.0}


def start_schedules(
    submit: Callable[[Mapping[str, Any]], Any], schedules: Mapping[str, float] = SCHEDULES
) -> None:
    """Submit each event as often as its row says, from a thread that ends with the process."""
    threading.Thread(
        target=_run, args=(submit, dict(schedules)), name="schedules", daemon=True
    ).start()


def _run(submit: Callable[[Mapping[str, Any]], Any], schedules: Mapping[str, float]) -> None:
    started = time.monotonic()
    due = {name: started + seconds for name, seconds in schedules.items()}
    while True:
        name = min(due, key=lambda each: due[each])
        time.sleep(max(0.0, due[name] - time.monotonic()))
        submit({"type": name})
        due[name] = time.monotonic() + schedules[name]
