"""`{"type": "hold-sweep"}`: every hold that was not settled within its lease gets an audit event.

The ledger let go of what it held when the lease ended. The event says that the outcome is unknown:
the request may have been answered, or still run. Where it tells its outcome, before or after, that
is what the audit trail keeps. Two sweeps at a time write the same events.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from controlplane.adapters.redis.ledger_books import DeadHold
from controlplane.domain.audit import HOLD_EXPIRED, HOLD_EXPIRED_STATUS, AuditEvent
from controlplane.domain.storable import storable
from controlplane.telemetry import count

if TYPE_CHECKING:
    from controlplane.wiring import Container


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Answers how many holds were swept. Raises Unreachable."""
    books = container.ledger.books
    holds = await books.dead_holds()
    for hold in holds:
        await container.audit_queue.append(_audit_event(hold))
        await books.forget(hold)
        count("hold_expired", org_id=hold.org_id)
    return {"ok": True, "type": event["type"], "expired": len(holds)}


def _audit_event(hold: DeadHold) -> AuditEvent:
    note = hold.note
    event = AuditEvent(
        request_id=hold.request_id,
        occurred_at=_began(hold),
        org_id=hold.org_id,
        subject=note.get("subject", "unknown"),
        role=note.get("role", "unknown"),
        status=HOLD_EXPIRED_STATUS,
        application_id=note.get("application_id"),
        operation=note.get("operation", "unknown"),
        model_requested=note.get("model_requested"),
        code=HOLD_EXPIRED,
        admitted_at=hold.admitted_at,
    )
    return storable(event)


def _began(hold: DeadHold) -> datetime:
    """When the request came, as its own event would say; when it was admitted, where that is not
    known."""
    with suppress(KeyError, TypeError, ValueError):
        began = datetime.fromisoformat(hold.note["occurred_at"])
        if began.tzinfo is not None:
            return began
    return hold.admitted_at
