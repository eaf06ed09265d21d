"""Any order of reserve, settle, release, expire and repeat keeps the promise, to the micro-dollar.

Hypothesis drives the scripts in a real Valkey beside a model of a few lines, and compares what both
hold after every step.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.soak import few_or_many

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import limit_key
from controlplane.domain.limits import Claim, Hold, Limit, Measure, Per, Period

HUGE = 2**52
# Windows that do not move while an example runs; what moving does: test_ledger_time.py.
LIMITS = (
    Limit(Measure.REQUESTS, "app-1", 30, 86_400),
    Limit(Measure.TOKENS, "app-1", 500, 86_400),
    Limit(Measure.TOKENS, "key-1", 300, 86_400),
    Limit(Measure.COST, "app-1", 1_000, Period.MONTH),
    Limit(Measure.COST, "org-1", HUGE, Period.MONTH),
    Limit(Measure.COST, "key-1", 700, 2_678_400),
    Limit(Measure.CONCURRENCY, "app-1", 4, None),
    Limit(Measure.COST, "app-1", 400, Period.MONTH, shadow=True),
    Limit(Measure.TOKENS, "app-1", 200, 86_400, models=("gpt-*",)),
    Limit(Measure.COST, "app-1", 600, Period.MONTH, per=Per.END_USER, counter="alice"),
    Limit(Measure.COST, "app-1", 600, Period.MONTH, per=Per.END_USER, counter="bob"),
    Limit(Measure.TOKENS, "key-1", 250, 86_400, per=Per.SESSION, counter="s1"),
    Limit(Measure.CONCURRENCY, "app-1", 2, None, per=Per.SESSION, counter="s1"),
    Limit(Measure.COST, "key-1", 900, Period.LIFETIME),
    Limit(Measure.COST, "org-1", 900, Period.MONTH, time_zone="America/Havana"),
)
_organizations = count()

amounts = st.one_of(st.integers(0, 250), st.sampled_from([0, 1, 499, 500, 700, 1_000, 1_001]))
shares = st.sampled_from([0, 0.3, 0.5, 1])
some_limits = st.lists(st.sampled_from(LIMITS), min_size=1, unique=True).map(tuple)


@dataclass
class Model:
    """One limit: what is held by whom, what was spent, and how much of that came too late."""

    limit: Limit
    holds: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    late: int = 0

    @property
    def used(self) -> int:
        return self.spent + sum(self.holds.values())

    def has_room(self, request_id: str, amount: int) -> bool:
        return request_id in self.holds or self.used + amount <= self.limit.capacity


@dataclass
class Taken:
    """A hold that was given, and what became of it."""

    claim: Claim
    hold: Hold
    is_settled: bool = False
    is_expired: bool = False


class LedgerMachine(RuleBasedStateMachine):
    """`taken` are the holds so far, in whatever state."""

    taken = Bundle("taken")

    def __init__(self, redis_url: str) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.client = RedisClient(redis_url, 5_000, 4)
        self.ledger = RedisLedger(self.client)
        self.org_id = f"org-{next(_organizations)}"
        self.models = {limit: Model(limit) for limit in LIMITS}
        self.names = count()
        costs: dict[Limit, dict[str, dict[int, int]]] = {
            replace(limit, counter=""): {}
            for limit in LIMITS
            if limit.measure is Measure.COST and not limit.shadow
        }
        self.run(self.ledger.books.open(self.org_id, costs))

    def run(self, awaitable: Any) -> Any:
        async def one() -> Any:
            return await awaitable

        return self.runner.run(one())

    def teardown(self) -> None:
        self.run(self.client.close())
        self.runner.close()

    @rule(target=taken, limits=some_limits, tokens=amounts, cost=amounts)
    def reserve(self, limits: tuple[Limit, ...], tokens: int, cost: int) -> Any:
        claim = Claim(f"r{next(self.names)}", self.org_id, limits, tokens, cost, 3_600)
        decision = self.run(self.ledger.reserve(claim))
        full = [limit for limit in limits if not self.has_room(limit, claim)]
        enforced = [limit for limit in full if not limit.shadow]
        assert (decision.refused_by is None) == (not enforced)
        assert set(decision.would_refuse) == set(full) - set(enforced)
        if enforced:
            assert decision.refused_by in enforced
            return multiple()
        for limit in decision.hold.limits:
            self.models[limit].holds[claim.request_id] = claim.amount(limit)
        for status in decision.statuses:
            model = self.models[status.limit]
            assert status.remaining == max(0, model.limit.capacity - model.used)
        return Taken(claim, decision.hold)

    def has_room(self, limit: Limit, claim: Claim) -> bool:
        return self.models[limit].has_room(claim.request_id, claim.amount(limit))

    @rule(taken=taken)
    def repeat(self, taken: Taken) -> None:
        """Whoever did not hear the answer asks again."""
        if taken.is_settled or taken.is_expired:
            return
        decision = self.run(self.ledger.reserve(taken.claim))
        assert decision.refused_by is None
        if set(decision.hold.limits) == set(taken.hold.limits):
            # Where nothing counts, nobody remembers when.
            assert decision.hold == taken.hold or not taken.hold.limits
        else:  # a shadow limit has room by now
            for limit in set(decision.hold.limits) - set(taken.hold.limits):
                assert limit.shadow
                self.models[limit].holds[taken.claim.request_id] = taken.claim.amount(limit)
            taken.hold = decision.hold

    @rule(taken=taken, share=shares)
    def settle(self, taken: Taken, share: float) -> None:
        """With what was used, or with nothing (a release); in time, late, or once more."""
        tokens, cost = int(taken.claim.tokens * share), int(taken.claim.cost_microusd * share)
        self.run(self.ledger.settle(taken.hold, tokens=tokens, cost_microusd=cost))
        if taken.is_settled:
            return
        used = {Measure.TOKENS: tokens, Measure.COST: cost}
        for limit in taken.hold.limits:
            if limit.holds:
                model = self.models[limit]
                model.holds.pop(taken.claim.request_id, None)
                model.spent += used.get(limit.measure, 0)
                model.late += used.get(limit.measure, 0) if taken.is_expired else 0
        taken.is_settled = any(limit.holds for limit in taken.hold.limits)

    @rule(taken=taken)
    def expire(self, taken: Taken) -> None:
        """The lease ends: as time would do it, at once."""
        if taken.is_settled or taken.is_expired:
            return
        for limit in taken.hold.limits:
            if limit.holds:
                self.run(self._end_lease(limit, taken.claim))
                self.models[limit].holds.pop(taken.claim.request_id, None)
        taken.is_expired = True

    async def _end_lease(self, limit: Limit, claim: Claim) -> None:
        key, member = limit_key(self.org_id, limit), claim.request_id
        if limit.measure is not Measure.CONCURRENCY:
            key, member = f"{key}:holds", f"{claim.amount(limit)}:{member}"
        await self.client.redis.zadd(key, {member: 1}, xx=True)

    @invariant()
    def the_promise_holds(self) -> None:
        for model in self.models.values():
            assert model.used <= model.limit.capacity + model.late

    @invariant()
    def redis_holds_what_the_model_holds(self) -> None:
        self.run(self._compare())

    async def _compare(self) -> None:
        # A claim that never fits has the ledger look at every limit, and leaves no trace.
        await self.ledger.reserve(
            Claim("probe", self.org_id, LIMITS, HUGE + 1, HUGE + 1, lease_seconds=1)
        )
        redis = self.client.redis
        for limit, model in self.models.items():
            key = limit_key(self.org_id, limit)
            if limit.measure in (Measure.REQUESTS, Measure.CONCURRENCY):
                members = await redis.zrange(key, 0, -1)
                assert {member.decode() for member in members} == set(model.holds)
                continue
            fields = await redis.hgetall(key)
            buckets = {int(name): int(v) for name, v in fields.items() if name.isdigit()}
            assert sum(buckets.values()) == int(fields.get(b"total", 0)) == model.spent
            assert int(fields.get(b"held", 0)) == sum(model.holds.values())


@pytest.mark.usefixtures("whole_day")
@pytest.mark.parametrize("examples", few_or_many(25, 1_000))
def test_any_order_of_steps_keeps_the_promise(clean_redis: str, examples: int) -> None:
    begun = 0

    class Machine(LedgerMachine):
        def __init__(self) -> None:
            nonlocal begun
            begun += 1
            super().__init__(clean_redis)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    assert begun >= examples
