"""Holds that the ledger could not be told about when their request ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from controlplane.domain.audit import AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.settlement import Settlement
from controlplane.errors import StoreRefused, Unreachable
from controlplane.gateway.ports import Ledger
from controlplane.gateway.settle import count_warnings
from controlplane.telemetry import count, log

# The ledger knows for an hour which requests it has settled. Beyond that a second settlement would
# count twice, so older ones are left to the event that counts everything anew.
MAX_AGE = timedelta(minutes=50)

Note = Callable[[AuditEvent, Sequence[Charge]], None]


async def settle_unsettled(
    events: Iterable[AuditEvent], ledger: Ledger, charged: Note = lambda _event, _charges: None
) -> list[AuditEvent]:
    """Tell the ledger what it has missed; returns the events that are to come again. `charged` is
    told which cost caps have to do with it.

    Telling it a second time changes nothing. What is too old, not to be understood, or what the
    ledger cannot do with what it holds, is counted and left alone.
    """
    waiting = [event for event in events if event.unsettled is not None]
    for index, event in enumerate(waiting):
        settlement = _settlement(event)
        if settlement is None:
            continue
        try:
            charges = await ledger.settle(
                settlement.hold,
                tokens=settlement.used_tokens,
                cost_microusd=settlement.used_cost_microusd,
            )
        except StoreRefused:
            count("audit_hold_refused", org_id=event.org_id, request=event.request_id)
            continue
        except Unreachable:
            # It will not answer for the rest either.
            count("audit_settlement_postponed", len(waiting) - index)
            return waiting[index:]
        count_warnings(event.org_id, charges)
        charged(event, charges)
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
