"""Limits of every measure, and the shortest way to ask a ledger about them."""

from __future__ import annotations

from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.domain.limits import Claim, Decision, Limit, Measure, Period

ORG = "org-1"
TOKENS = Limit(Measure.TOKENS, "app-1", 1_000, 60)
DAY = Limit(Measure.COST, "app-1", 1_000, Period.DAY)
MONTH = Limit(Measure.COST, "org-1", 5_000, Period.MONTH)
ROLLING = Limit(Measure.COST, "key-1", 1_000, 3_600)
AT_ONCE = Limit(Measure.CONCURRENCY, "app-1", 5, None)
REQUESTS = Limit(Measure.REQUESTS, "app-1", 100, 60)
EVERY = (REQUESTS, TOKENS, DAY, MONTH, ROLLING, AT_ONCE)


async def reserve(
    ledger: RedisLedger, request_id: str, *limits: Limit, amount: int = 100, lease: float = 30
) -> Decision:
    """A claim of as many tokens as micro-dollars."""
    return await ledger.reserve(
        Claim(request_id, ORG, limits, tokens=amount, cost_microusd=amount, lease_seconds=lease)
    )


async def remaining(ledger: RedisLedger, *limits: Limit) -> list[int]:
    """Asked with a claim that is too large for any of them, which leaves no trace."""
    decision = await reserve(ledger, "probe", *limits, amount=10**9)
    assert decision.refused_by is not None
    return [status.remaining for status in decision.statuses]
