"""What Redis has missed comes to it with the audit event: once, and when it is back."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, NotedDeliveries, Stores, batch, failures

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.adapters.redis.ledger_keys import limit_key
from controlplane.audit.consume import consume
from controlplane.domain.access import Caller, Role
from controlplane.domain.audit import AuditEvent
from controlplane.domain.limits import Claim, Decision, Hold, Limit, Measure, Period
from controlplane.domain.policy import EffectivePolicy
from controlplane.errors import Unavailable, Unreachable
from controlplane.gateway.admit import admit
from controlplane.gateway.local_ledger import LocalLedger
from controlplane.gateway.ports import Ledgers
from controlplane.gateway.record import Trail
from controlplane.gateway.upper_bound import UpperBound
from controlplane.policy.redis_down import WHEN_REDIS_IS_DOWN, WhenDown, WhenRedisIsDown
from controlplane.protocols.chat_completions.request import ChatRequest

pytestmark = pytest.mark.usefixtures("whole_day")
TOKENS = Limit(Measure.TOKENS, "app-1", 1_000, 3_600)
AT_ONCE = Limit(Measure.CONCURRENCY, "app-1", 4, None)
TRIED = Limit(Measure.COST, "app-1", 1_000, Period.DAY, shadow=True)


class Mute(RedisLedger):
    """Takes every hold, and its answer is lost on the way."""

    lost: type[BaseException] = Unreachable

    async def reserve(self, claim: Claim) -> Decision:
        decision = await super().reserve(claim)
        assert set(decision.hold.limits) == set(claim.limits)
        raise self.lost("redis")


async def _remaining(stores: Stores, org_id: str) -> int:
    probe = Claim(uuid.uuid4().hex, org_id, (TOKENS,), tokens=0)
    decision = await stores.ledger.reserve(probe)
    return decision.statuses[0].remaining


async def _left(stores: Stores, org_id: str, *limits: Limit) -> list[int]:
    """What a request that asks for nothing but a place finds, and gives back at once."""
    decision = await stores.ledger.reserve(Claim(uuid.uuid4().hex, org_id, limits))
    await stores.ledger.settle(decision.hold, tokens=0, cost_microusd=0)
    return [status.remaining for status in decision.statuses]


def _event(hold: Hold, used: int, **changes: Any) -> AuditEvent:
    at = hold.admitted_at
    unsettled = {
        "limits": [[TOKENS.measure, TOKENS.scope, TOKENS.capacity, TOKENS.window, TOKENS.shadow]],
        "tokens": hold.tokens,
        "cost_microusd": 0,
        "admitted_at": at and at.isoformat(),
        "used_tokens": used,
        "used_cost_microusd": 0,
    }
    values = {
        "org_id": hold.org_id,
        "request_id": hold.request_id,
        "admitted_at": at,
        "unsettled": unsettled,
    }
    return audit_event(**values | changes)


async def _held(stores: Stores, org_id: str, tokens: int) -> Hold:
    decision = await stores.ledger.reserve(Claim(uuid.uuid4().hex, org_id, (TOKENS,), tokens))
    assert decision.refused_by is None
    return decision.hold


async def test_a_hold_is_settled_once_however_often_it_is_delivered(
    stores: Stores, org_id: str
) -> None:
    event = batch(_event(await _held(stores, org_id, 600), used=250))
    assert await _remaining(stores, org_id) == 400
    for _ in range(3):
        assert await consume(event, stores) == NO_FAILURE
        assert await _remaining(stores, org_id) == 750


async def test_what_the_gateway_has_settled_after_all_stays_so(stores: Stores, org_id: str) -> None:
    """Its word had arrived, and only the answer was lost."""
    hold = await _held(stores, org_id, 600)
    await stores.ledger.settle(hold, tokens=250, cost_microusd=0)
    assert await consume(batch(_event(hold, used=250)), stores) == NO_FAILURE
    assert await _remaining(stores, org_id) == 750


async def test_what_was_never_held_is_counted(stores: Stores, org_id: str) -> None:
    """Redis was down at admission already, and the policy let the request pass."""
    hold = Hold(uuid.uuid4().hex, org_id, (TOKENS,), 600)
    event = batch(_event(hold, used=90))
    for _ in range(2):
        assert await consume(event, stores) == NO_FAILURE
    assert await _remaining(stores, org_id) == 910


@pytest.mark.parametrize(
    ("lost", "seen"), [(Unreachable, Unavailable), (asyncio.CancelledError, asyncio.CancelledError)]
)
async def test_a_hold_that_was_taken_without_a_word_is_given_back(
    stores: Stores,
    redis: RedisClient,
    org_id: str,
    lost: type[BaseException],
    seen: type[BaseException],
) -> None:
    mute = Mute(redis)
    mute.lost = lost
    trail = Trail(uuid.uuid4().hex, Caller(org_id, Role.SERVICE, "app-1", key_id="k1"))
    limits = (TOKENS, AT_ONCE, TRIED)
    closed = WhenRedisIsDown(rate=WhenDown.CLOSED)
    policy = EffectivePolicy("v", {WHEN_REDIS_IS_DOWN.field: closed}, limits)
    with pytest.raises(seen):
        await admit(
            ChatRequest({}),
            lambda _: UpperBound(600, 700),
            policy,
            asked=True,
            seconds=30,
            ledgers=Ledgers(mute, LocalLedger()),
            trail=trail,
        )
    tried = limit_key(org_id, TRIED)
    assert await _left(stores, org_id, TOKENS, AT_ONCE) == [400, 2]
    assert await redis.redis.hget(tried, "held") == b"700"
    for _ in range(2):
        assert await consume(batch(trail.event()), stores) == NO_FAILURE
        assert await _left(stores, org_id, TOKENS, AT_ONCE) == [1_000, 3]
        assert await redis.redis.hget(tried, "held") == b"0"
    assert await redis.redis.hlen(f"holds:{{{org_id}}}") == 0


async def test_redis_is_down_and_comes_back(
    stores: Stores, org_id: str, unused_tcp_port: int
) -> None:
    hold = await _held(stores, org_id, 600)
    client = RedisClient(f"redis://127.0.0.1:{unused_tcp_port}/0", 200, 1)
    event = batch(audit_event(org_id=org_id), _event(hold, used=250), audit_event(org_id=org_id))
    down = replace(stores, ledger=RedisLedger(client))
    assert await consume(event, down) == failures(1), "the others have nothing to settle"
    await client.close()
    rows, _ = await stores.request_logs.page(org_id, limit=10)
    assert len(rows) == 3, "the record itself is there"
    assert await _remaining(stores, org_id) == 400
    assert await consume(event, stores) == NO_FAILURE
    assert await _remaining(stores, org_id) == 750


@pytest.mark.dates
async def test_an_old_one_is_left_to_the_reconciliation(stores: Stores, org_id: str) -> None:
    hold = replace(
        await _held(stores, org_id, 600), admitted_at=datetime.now(UTC) - timedelta(minutes=51)
    )
    assert await consume(batch(_event(hold, used=250)), stores) == NO_FAILURE
    assert await _remaining(stores, org_id) == 400


async def test_what_is_not_stored_is_not_settled(stores: Stores, org_id: str) -> None:
    hold = await _held(stores, org_id, 600)
    poison = _event(hold, used=250)
    # Their rows would stand at the same place of the key.
    other = replace(poison, org_id=f"{org_id}-other", unsettled=None)
    assert await consume(batch(other), stores) == NO_FAILURE
    assert await consume(batch(poison), stores) == NO_FAILURE
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert stores.deliveries.set_aside_ == ["m0"]
    assert await _remaining(stores, org_id) == 400
