"""A request has one row and counts once, whatever arrives of it, in whatever order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, NotedDeliveries, Stores, batch

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.audit.consume import consume
from controlplane.domain.audit import HOLD_EXPIRED, AuditEvent

# The last moments of a month: what comes later lies in another partition.
AT = datetime(2026, 10, 31, 23, 59, 58, tzinfo=UTC)
SUMS = (
    "SELECT to_jsonb(t) - 'org_id' FROM usage_daily t WHERE org_id = :org ORDER BY 1",
    "SELECT to_jsonb(t) - 'org_id' FROM usage_attributed_daily t WHERE org_id = :org ORDER BY 1",
    "SELECT to_jsonb(t) - 'org_id' - 'archive_key' FROM request_logs t WHERE org_id = :org "
    "ORDER BY 1",
    "SELECT to_jsonb(last_used_at) FROM api_keys WHERE org_id = :org",
)
pytestmark = pytest.mark.dates


def answered(org_id: str, request_id: str = "r1", **changes: Any) -> AuditEvent:
    return audit_event(
        org_id=org_id,
        request_id=f"{org_id}-{request_id}",
        subject=f"key:{org_id}-k1",
        occurred_at=AT,
        admitted_at=AT + timedelta(milliseconds=5),
        cost_microusd=700,
        **changes,
    )


def unknown(org_id: str, request_id: str = "r1", *, after: float = 0.005) -> AuditEvent:
    """What `hold-sweep` says of it; old releases said the end of the lease for its time."""
    return AuditEvent(
        request_id=f"{org_id}-{request_id}",
        occurred_at=AT + timedelta(seconds=after),
        org_id=org_id,
        subject=f"key:{org_id}-k1",
        role="service",
        status=500,
        application_id="app-1",
        operation="chat.completions",
        model_requested="fast",
        code=HOLD_EXPIRED,
        admitted_at=AT + timedelta(milliseconds=5),
    )


async def _add_key(database: Database, org_id: str) -> None:
    async with database.system() as connection:
        await connection.execute(
            text("INSERT INTO organizations (id, name) VALUES (:org, 'n')"), {"org": org_id}
        )
        await connection.execute(
            text(
                "INSERT INTO api_keys (id, org_id, name, role, key_hash, prefix) VALUES "
                "(:id, :org, 'n', 'service', md5(:id) || md5(:id), 'sk-cp-')"
            ),
            {"id": f"{org_id}-k1", "org": org_id},
        )


async def _kept(database: Database, org_id: str) -> list[list[Any]]:
    """Every row and sum of the organisation."""
    async with database.system() as connection:
        return [
            [
                {name: str(value).replace(org_id, "org") for name, value in row.items()}
                if isinstance(row, dict)
                else row
                for row in await connection.scalars(text(query), {"org": org_id})
            ]
            for query in SUMS
        ]


async def _deliver(stores: Stores, batches: Sequence[Sequence[AuditEvent]]) -> None:
    for events in batches:
        assert await consume(batch(*events), stores) == NO_FAILURE


def _told(org_id: str) -> list[AuditEvent]:
    """All that may be said of one request, the latest of it in the next month."""
    return [
        answered(org_id),
        unknown(org_id),
        unknown(org_id, after=60),
        answered(org_id),
    ]


ORDERS = sorted(set(permutations((0, 1, 2))) | {(0, 3, 1, 2), (1, 0, 3, 2), (2, 1, 3, 0, 1, 2)})


@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("together", [False, True])
async def test_any_order_of_deliveries_gives_the_same(
    order: tuple[int, ...], together: bool, stores: Stores, database: Database, org_id: str
) -> None:
    plain, mixed = f"{org_id}-a", f"{org_id}-b"
    for each in (plain, mixed):
        await _add_key(database, each)
    told = _told(plain)
    await _deliver(stores, [[told[0]], [told[1], told[2]]])
    said = [_told(mixed)[index] for index in order]
    await _deliver(stores, [said] if together else [[event] for event in said])
    kept = await _kept(database, mixed)
    assert kept == await _kept(database, plain)
    record = await stores.request_logs.get(mixed, f"{mixed}-r1")
    assert record is not None
    assert (record["status"], record["code"], record["cost_microusd"]) == (200, "none", 700)
    assert [row["requests"] for row in kept[0]] == ["1"]
    assert len(kept[2]) == 1


@pytest.mark.parametrize("seed", range(6))
async def test_many_requests_in_any_batches(
    seed: int, stores: Stores, database: Database, org_id: str
) -> None:
    rng = random.Random(seed)
    plain, mixed = f"{org_id}-a", f"{org_id}-b"
    outcomes: dict[str, list[AuditEvent]] = {plain: [], mixed: []}
    rest: list[AuditEvent] = []
    for number in range(12):
        has_outcome = rng.random() < 0.7
        model = rng.choice(["gpt-4o", "fast", "gpt-4o-mini"])
        for org, events in outcomes.items():
            if has_outcome:
                events.append(answered(org, f"r{number}", model_served=model))
            else:
                events.append(unknown(org, f"r{number}"))
        rest += rng.choices([outcomes[mixed][-1], unknown(mixed, f"r{number}")], k=3)
    for each in (plain, mixed):
        await _add_key(database, each)
    # The late one moves the last use of the key, and nothing else.
    await _deliver(stores, [outcomes[plain], [unknown(plain, "r0")]])
    delivered = [*outcomes[mixed], *rest, unknown(mixed, "r0")]
    rng.shuffle(delivered)
    batches = []
    while delivered:
        size = rng.randint(1, 7)
        batches.append(delivered[:size])
        delivered = delivered[size:]
    await _deliver(stores, batches)
    assert await _kept(database, mixed) == await _kept(database, plain)


async def test_two_consumers_at_once(
    stores: Stores, database: Database, postgres_url: str, org_id: str
) -> None:
    other = Database(postgres_url)
    at_once = replace(stores, request_logs=RequestLogRepository(other))
    await _add_key(database, org_id)
    names = [f"r{number}" for number in range(20)]
    await asyncio.gather(
        consume(batch(*(answered(org_id, name) for name in names)), stores),
        consume(batch(*(unknown(org_id, name) for name in reversed(names))), at_once),
    )
    await other.close()
    sums, _, rows, _ = await _kept(database, org_id)
    assert [row["status"] for row in rows] == ["200"] * 20
    assert [row["requests"] for row in sums] == ["20"]


async def test_the_same_id_of_two_organisations_is_two_requests(
    stores: Stores, org_id: str
) -> None:
    ours = answered(f"{org_id}-a")
    theirs = replace(
        ours, org_id=f"{org_id}-b", occurred_at=AT + timedelta(microseconds=1), status=201
    )
    await _deliver(stores, [[ours], [theirs]])
    for event in (ours, theirs):
        record = await stores.request_logs.get(event.org_id, ours.request_id)
        assert record is not None
        assert record["status"] == event.status


async def test_what_cannot_be_told_from_anothers_is_set_aside(stores: Stores, org_id: str) -> None:
    ours = answered(f"{org_id}-a")
    await _deliver(stores, [[ours], [replace(ours, org_id=f"{org_id}-b")]])
    assert isinstance(stores.deliveries, NotedDeliveries)
    assert stores.deliveries.set_aside_ == ["m0"]


async def test_only_what_has_no_outcome_may_leave(
    stores: Stores, database: Database, org_id: str
) -> None:
    await _deliver(stores, [[answered(org_id, "r1"), unknown(org_id, "r2")]])
    async with database.system() as connection:
        gone = await connection.execute(
            text("DELETE FROM request_logs WHERE org_id = :org RETURNING status"),
            {"org": org_id},
        )
        assert [row[0] for row in gone] == [500]
        await connection.rollback()
