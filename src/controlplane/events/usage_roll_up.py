"""`{"type": "usage-roll-up", "from": optional, "seconds": 170}`: sum up usage by session, agent,
end user and tag for the days that were recorded before such sums were kept.

Once, after the version that keeps them serves all traffic. Until then usage of those days is read
from the records: right, and slow where there are millions. `from` is the first of the days that are
to be summed up anew, after a time with a version that does not keep them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from time import monotonic
from typing import TYPE_CHECKING, Any

from controlplane.errors import ControlPlaneError, Unreachable
from controlplane.events.set_aside import setting_aside
from controlplane.telemetry import count, log

if TYPE_CHECKING:
    from controlplane.wiring import Container

# The function has five minutes, and a day of an organisation may take two of them.
SECONDS = 170
MAX_SECONDS = 86_400


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Begins no other day after `seconds`; returns how many were summed up and how many are left:
    then it is to be sent again, without `from`. A day that cannot be summed up is left, and
    keeps no other waiting. Raises ControlPlaneError for a wrong field, and
    Unreachable."""
    seconds = event.get("seconds", SECONDS)
    if type(seconds) is not int or not 0 < seconds <= MAX_SECONDS:
        raise ControlPlaneError(f"'seconds' must be a whole number from 1 to {MAX_SECONDS}.")
    started, summed = monotonic(), 0
    away: Unreachable | None = None
    if "from" in event:
        await container.usage_roll_up.note(_day(event["from"]))
    days = await container.usage_roll_up.days()
    for org_id, day in days:
        if monotonic() - started >= seconds:
            break
        try:
            with setting_aside(event["type"], org_id):
                await container.usage_roll_up.sum_up(org_id, day, day)
                summed += 1
                log.info("usage summed up", extra={"org_id": org_id, "day": day.isoformat()})
        except Unreachable as error:  # or a day that takes too long: others may not
            away = error
            count("usage_roll_up_postponed", org_id=org_id)
    if away is not None and not summed:
        raise away
    left = len(days) - summed
    return {"ok": True, "type": event["type"], "days": summed, "left": left}


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        raise ControlPlaneError("'from' must be a day such as 2026-11-30.") from None
