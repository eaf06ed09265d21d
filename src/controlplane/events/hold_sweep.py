"""`{"type": "hold-sweep"}`: every hold that was not settled within its lease gets an audit event.

The ledger let go of what it held when the lease ended. Two sweeps at a time write the same events,
which the audit trail keeps once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from controlplane.adapters.redis.ledger_books import DeadHold
from controlplane.domain.audit import AuditEvent
from controlplane.telemetry import count

if TYPE_CHECKING:
    from controlplane.wiring import Container

CODE = "hold_expired"


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
    return AuditEvent(
        request_id=hold.request_id,
        occurred_at=hold.expired_at,
        org_id=hold.org_id,
        subject=note.get("subject", "unknown"),
        role=note.get("role", "unknown"),
        status=500,
        application_id=note.get("application_id"),
        operation=note.get("operation", "unknown"),
        model_requested=note.get("model_requested"),
        code=CODE,
        admitted_at=hold.admitted_at,
    )
