"""Settle: the hold is replaced by what was really used, and the use gets its price."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from controlplane.domain.limits import Decision, Hold
from controlplane.domain.usage import TokenUsage
from controlplane.errors import Unreachable
from controlplane.gateway.ports import Ledgers
from controlplane.gateway.pricing import Pricing
from controlplane.gateway.record import Trail
from controlplane.telemetry import count


@asynccontextmanager
async def settle(
    decision: Decision, ledgers: Ledgers, pricing: Pricing, trail: Trail
) -> AsyncIterator[None]:
    """Leaving the context, however that happens, prices the usage, reported or estimated, and
    replaces the hold by it; without usage, the hold is released.

    What the ledger cannot be told now goes with the audit event: whoever stores that settles it.
    """
    try:
        yield
    finally:
        usage = trail.usage or TokenUsage()
        trail.cost_microusd = _cost(usage, pricing, trail)
        tokens, cost = usage.input + usage.output, trail.cost_microusd or 0
        hold = decision.hold
        try:
            if decision.degraded:
                await ledgers.local.settle(hold, tokens=tokens, cost_microusd=cost)
                trail.unsettled = _unsettled(hold, tokens, cost)
            else:
                for limit in await ledgers.shared.settle(hold, tokens=tokens, cost_microusd=cost):
                    count("budget_warning", org_id=hold.org_id, limit=limit.name)
        except Unreachable:
            count("unsettled", org_id=hold.org_id)
            trail.unsettled = _unsettled(hold, tokens, cost)
        if cost > hold.cost_microusd and any(limit.holds for limit in hold.limits):
            count("hold_exceeded", org_id=hold.org_id, model=trail.model_served)


def _cost(usage: TokenUsage, pricing: Pricing, trail: Trail) -> int | None:
    """None where nothing was used, or the model has no price."""
    if trail.usage is None or not trail.provider:
        return None
    # The name that answered may be one without a price; then what was asked for decides.
    names = [trail.model_served, trail.attempts[-1].model if trail.attempts else None]
    costs = (pricing.cost_microusd(trail.provider, name, usage) for name in names if name)
    return next((cost for cost in costs if cost is not None), None)


def _unsettled(hold: Hold, tokens: int, cost_microusd: int) -> dict[str, Any] | None:
    """What `audit/unsettled.py` reads. None where there is nothing to settle."""
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
