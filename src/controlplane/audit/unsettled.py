"""Holds that the ledger could not be told about when their request ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane.domain.audit import AuditEvent
from controlplane.domain.limits import Hold, Limit, Measure, Period
from controlplane.errors import Unreachable
from controlplane.gateway.ports import Ledger
from controlplane.telemetry import count, log

# The ledger knows for an hour which requests it has settled. Beyond that a second settlement would
# count twice, so older ones are left to the event that counts everything anew.
MAX_AGE = timedelta(minutes=50)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A hold and what its request really used."""

    hold: Hold
    used_tokens: int
    used_cost_microusd: int

    @classmethod
    def of_event(cls, event: AuditEvent) -> Settlement | None:
        """Read `event.unsettled`, which `gateway/settle.py` wrote; None where all is settled.

        It is charged to the day that the sums of usage take too, also where no ledger admitted it.
        Raises ValueError where it is not of that shape.
        """
        unsettled = event.unsettled
        if unsettled is None:
            return None
        try:
            admitted_at = _instant(unsettled["admitted_at"]) or event.admitted_at
            hold = Hold(
                request_id=event.request_id,
                org_id=event.org_id,
                limits=tuple(_limit(row) for row in unsettled["limits"]),
                tokens=_amount(unsettled["tokens"]),
                cost_microusd=_amount(unsettled["cost_microusd"]),
                admitted_at=admitted_at or event.occurred_at,
            )
            used = _amount(unsettled["used_tokens"]), _amount(unsettled["used_cost_microusd"])
        except (KeyError, TypeError, ValueError, OverflowError):
            raise ValueError("not a hold") from None
        return cls(hold, *used)


async def settle_unsettled(events: Iterable[AuditEvent], ledger: Ledger) -> list[AuditEvent]:
    """Tell the ledger what it has missed; answers the events that are to come again.

    Telling it a second time changes nothing. What is too old, or not to be understood, is counted
    and left alone.
    """
    waiting = [event for event in events if event.unsettled is not None]
    for index, event in enumerate(waiting):
        settlement = _settlement(event)
        if settlement is None:
            continue
        try:
            warned = await ledger.settle(
                settlement.hold,
                tokens=settlement.used_tokens,
                cost_microusd=settlement.used_cost_microusd,
            )
        except Unreachable:
            # It will not answer for the rest either.
            count("audit_settlement_postponed", len(waiting) - index)
            return waiting[index:]
        for limit in warned:
            count("budget_warning", org_id=event.org_id, limit=limit.name)
    return []


def _settlement(event: AuditEvent) -> Settlement | None:
    try:
        settlement = Settlement.of_event(event)
    except ValueError:
        log.error("audit_hold_unreadable", extra={"org_id": event.org_id})
        count("audit_hold_unreadable")
        return None
    oldest = min(event.occurred_at, event.admitted_at or event.occurred_at)
    if datetime.now(UTC) - oldest > MAX_AGE:
        count("audit_hold_too_old", org_id=event.org_id)
        return None
    return settlement


def _limit(row: Any) -> Limit:
    measure, scope, capacity, window, shadow = row
    if not isinstance(scope, str) or not isinstance(shadow, bool):
        raise TypeError
    return Limit(Measure(measure), scope, _amount(capacity), _window(window), shadow)


def _window(value: Any) -> int | Period | None:
    return Period(value) if isinstance(value, str) else value and _amount(value)


def _instant(value: Any) -> datetime | None:
    at = value and datetime.fromisoformat(value)
    if at is not None and at.tzinfo is None:
        raise ValueError
    return at


def _amount(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value
