"""Settle: the hold is replaced by what was really used, and the use gets its price."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from controlplane.domain.budget import Charge
from controlplane.domain.limits import WARNING_PERCENT, Decision, Hold
from controlplane.domain.price import Price
from controlplane.domain.settlement import Settlement
from controlplane.domain.usage import MAX_STORED, Usage
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

    What the ledger cannot be told now goes with the audit event, whose consumer settles it.
    """
    try:
        yield
    finally:
        usage = trail.usage or Usage()
        price = _price(pricing, trail)
        trail.cost_microusd = _storable(_cost(price, usage), trail)
        trail.price = price and price.applied(usage)
        _bound_unknown(trail, decision.hold)
        tokens, cost = usage.input + usage.output, trail.cost_microusd or 0
        hold = decision.hold
        # Until it is done: a caller who leaves at this moment may end it half way.
        trail.unsettled = Settlement(hold, tokens, cost).to_dict()
        try:
            if decision.degraded:
                await ledgers.local.settle(hold, tokens=tokens, cost_microusd=cost)
            else:
                charges = await ledgers.shared.settle(hold, tokens=tokens, cost_microusd=cost)
                trail.unsettled = None
                trail.charges = charges
                count_warnings(hold.org_id, charges)
        except Unreachable:
            count("unsettled", org_id=hold.org_id)
        if cost > hold.cost_microusd and any(limit.holds for limit in hold.limits):
            count("hold_exceeded", org_id=hold.org_id, model=trail.model_served)


def count_warnings(org_id: str, charges: Sequence[Charge]) -> None:
    """Tell operators of the caps that are nearly used up from now on."""
    for charge in charges:
        if charge.crosses(WARNING_PERCENT):
            count("budget_warning", org_id=org_id, limit=charge.limit.name)


def _storable(cost: int | None, trail: Trail) -> int | None:
    """The cost as the trail can keep it: what that refuses, the ledger must not count."""
    if cost is not None and cost > MAX_STORED:
        count("cost_absurd", provider=trail.provider, model=trail.model_served)
        return MAX_STORED
    return cost


def _bound_unknown(trail: Trail, hold: Hold) -> None:
    """Under a cap, what was used for an unknown price counts as the most that it may have come to:
    ledger and record say the same, and nothing passes a cap by being unknown."""
    usage = trail.usage
    if trail.cost_microusd is not None or usage is None or not usage.is_counted:
        return
    count("unpriced_requests", org_id=hold.org_id, model=trail.model_served)
    if hold.cost_microusd:
        trail.cost_microusd = hold.cost_microusd
        trail.usage = replace(usage, estimated=usage.estimated | {"cost"})


def _cost(price: Price | None, usage: Usage) -> int | None:
    return None if price is None else price.cost_microusd(usage)


def _price(pricing: Pricing, trail: Trail) -> Price | None:
    """None where nothing was used, or the model has no known price."""
    if trail.usage is None or not trail.provider:
        return None
    # The name that answered may be another than the one that was asked for, and has a price of its
    # own or none at all.
    asked = trail.attempts[-1].model if trail.attempts else None
    names = [name for name in (trail.model_served, asked) if name]
    return pricing.first_price(trail.provider, names)
