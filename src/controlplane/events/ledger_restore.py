"""`{"type": "ledger-restore"}`: count anew what Redis has lost, from the audit trail.

Until then nothing is admitted under a cost cap of that organisation. Meant for every minute: while
nothing is lost it reads one key of Redis, and leaves PostgreSQL asleep.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from controlplane.adapters.redis.ledger_books import Loss
from controlplane.events.set_aside import setting_aside
from controlplane.telemetry import count, log

if TYPE_CHECKING:
    from controlplane.wiring import Container

# SQS counts its messages up to a minute late.
SHORTEST_CLOSED = timedelta(minutes=1)
# On a busy queue the number of messages may never be zero, but nothing waits in it for so long
# while its consumer works.
LONGEST_CLOSED = timedelta(minutes=40)


async def run(event: Mapping[str, Any], container: Container) -> dict[str, Any]:
    """Answers which organisations were restored, and which wait and for what.

    An organisation waits for "holds" until the leases from before the loss have ended, and
    SHORTEST_CLOSED at least, then for "records" until the audit queue is empty, LONGEST_CLOSED at
    most. One that has nothing on record, nor on its way there, is opened at once. What is
    "unreadable" keeps no other waiting. Raises Unreachable.
    """
    books = container.ledger.books
    restored, waiting = [], dict[str, str]()
    lost = await books.lost()
    if lost:
        ledgers = container.ledger_keeper
        now = await books.now()
        is_recorded = await container.audit_queue.depth() == 0
        for org_id, loss in lost.items():
            waiting[org_id] = "unreadable"
            with setting_aside(event["type"], org_id):
                reason = None
                if not (is_recorded and await ledgers.is_new(org_id)):
                    reason = _reason_to_wait(loss, now, is_recorded=is_recorded)
                if reason is not None:
                    waiting[org_id] = reason
                    continue
                counters = await ledgers.restore(org_id)
                del waiting[org_id]
                restored.append(org_id)
                count("ledger_restored", org_id=org_id)
                log.info("ledger restored", extra={"org_id": org_id, "counters": counters})
    return {"ok": True, "type": event["type"], "restored": restored, "waiting": waiting}


def _reason_to_wait(loss: Loss, now: datetime, *, is_recorded: bool) -> str | None:
    if now < max(loss.holds_end_at, loss.noticed_at + SHORTEST_CLOSED):
        return "holds"
    if not is_recorded and now < loss.noticed_at + LONGEST_CLOSED:
        return "records"
    return None
