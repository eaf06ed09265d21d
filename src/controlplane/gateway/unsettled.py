"""What the ledger could not be told goes with the audit event; `audit/unsettled.py` reads it."""

from __future__ import annotations

from typing import Any

from controlplane.domain.limits import Hold


def unsettled(hold: Hold, *, tokens: int, cost_microusd: int) -> dict[str, Any] | None:
    """A settlement that is still to come. None where nothing is held."""
    limits = [
        [limit.measure, limit.scope, limit.capacity, limit.window, limit.shadow]
        for limit in hold.limits
        if limit.holds
    ]
    if not limits:
        return None
    return {
        "limits": limits,
        "tokens": hold.tokens,
        "cost_microusd": hold.cost_microusd,
        "admitted_at": hold.admitted_at and hold.admitted_at.isoformat(),
        "used_tokens": tokens,
        "used_cost_microusd": cost_microusd,
    }
