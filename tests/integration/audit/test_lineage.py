"""What the keys of a lineage have used is one sum, and what they have spent is one sum too."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from tests.audit_events import audit_event
from tests.integration.audit.stores import NO_FAILURE, Stores, batch

from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.spending import Spending
from controlplane.adapters.postgres.usage.repository import UsageRepository
from controlplane.audit.consume import consume
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.policy import Level, scope
from controlplane.domain.questions import UsageQuery

KEY = """
INSERT INTO api_keys (id, org_id, name, role, key_hash, prefix, lineage)
VALUES (%s, %s, 'k', 'admin', %s, 'sk-cp-', %s)
"""


@pytest.fixture
async def recorded(stores: Stores, postgres_url: str, org_id: str) -> list[str]:
    """Three keys, of which the second carries on the first; each has asked once, for 10, 20 and 40
    micro-dollars."""
    keys = [f"key-{uuid.uuid4().hex}" for _ in range(3)]
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET ROLE llm_cp_system")
        connection.execute("INSERT INTO organizations (id, name) VALUES (%s, 'One')", [org_id])
        for key_id, lineage in zip(keys, (None, keys[0], None), strict=True):
            connection.execute(KEY, [key_id, org_id, uuid.uuid4().hex * 2, lineage])
    now = datetime.now(UTC)
    events = [
        audit_event(
            org_id=org_id,
            request_id=f"req_{uuid.uuid4().hex}",
            occurred_at=now,
            admitted_at=now,
            subject=f"key:{key_id}",
            session_id="s",
            cost_microusd=10 * 2**number,
        )
        for number, key_id in enumerate(keys)
    ]
    assert await consume(batch(*events), stores) == NO_FAILURE
    return keys


@pytest.mark.dates
@pytest.mark.parametrize("group_by", [("user",), ("user", "session")])
async def test_usage_by_user_is_by_lineage(
    database: Database, org_id: str, recorded: list[str], group_by: tuple[str, ...]
) -> None:
    today = datetime.now(UTC).date()
    query = UsageQuery(today - timedelta(days=1), today, group_by)
    rows = await UsageRepository(database).sums(org_id, query)
    found = {row["user"]: (row["requests"], row["cost_microusd"]) for row in rows}
    assert found == {f"key:{recorded[0]}": (2, 30), f"key:{recorded[2]}": (1, 40)}


@pytest.mark.dates
@pytest.mark.parametrize("window", [Period.DAY, Period.MONTH, 3600])
async def test_what_a_lineage_has_spent(
    database: Database, org_id: str, recorded: list[str], window: int | Period
) -> None:
    spending, now = Spending(database), datetime.now(UTC)
    first, _, third = recorded
    for key_id, cost in ((first, 30), (third, 40)):
        cap = Limit(Measure.COST, scope(Level.API_KEY, key_id), 1, window)
        spent = await spending.spent(org_id, (Level.API_KEY, key_id), cap, now, {})
        assert sum(spent[""].values()) == cost
