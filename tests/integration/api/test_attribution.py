"""What requests belong to, as administrators ask for it: filters, groups, files."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.integration.api.conftest import Organization
from tests.integration.api.records import event_of, record

from controlplane.domain.questions import DAILY_GROUPS, UsageQuery

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAYS = "from=2026-11-01&to=2026-11-30"
NOT_SAID: dict[str, Any] = {"session_id": None, "agent_id": None, "end_user": None, "tags": ()}
SUMS = {"tokens_input": 100, "cost_microusd": 1_000, "latency_ms": 10}


@pytest.fixture
async def used(organization: Organization) -> Organization:
    """Four requests: two of one session, one of another, one that says nothing."""

    def event(minute: int, **said: Any) -> Any:
        at = NOON + timedelta(minutes=minute)
        changes = {
            "occurred_at": at,
            "request_id": f"{organization.id}-r{minute}",
            **SUMS,
            **NOT_SAID,
            **said,
        }
        return event_of(organization, **changes)

    await record(
        organization,
        event(1, session_id="s-1", agent_id="a-1", tags=("team:search", "nightly")),
        event(2, session_id="s-1", end_user="ana", tags=("team:search",), replayed=True),
        event(3, session_id="s-2", agent_id="a-1", tags=("team:ads",), application_id="app-2"),
        event(4, model_served=None, status=429),
    )
    return organization


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("session_id=s-1", ["r2", "r1"]),
        ("agent_id=a-1", ["r3", "r1"]),
        ("end_user=ana", ["r2"]),
        ("tag=team:search", ["r2", "r1"]),
        ("tag=nightly&session_id=s-1", ["r1"]),
        ("tag=team", []),
        ('tag=["nightly"]', []),
    ],
)
async def test_filters(used: Organization, query: str, found: list[str]) -> None:
    answer = await used.admin.get(f"/admin/v1/requests?{query}")
    ids = [row["request_id"].rpartition("-")[2] for row in answer.json()["data"]]
    assert ids == found


async def test_a_file_has_them(used: Organization) -> None:
    answer = await used.admin.get("/admin/v1/requests?format=csv&tag=nightly")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    said = (row["session_id"], row["agent_id"], row["tags"])
    assert said == ("s-1", "a-1", '["team:search","nightly"]')


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("session", {("s-1",): 2, ("s-2",): 1, (None,): 1}),
        ("agent", {("a-1",): 2, (None,): 2}),
        ("end_user", {("ana",): 1, (None,): 3}),
        ("tag", {("team:search",): 2, ("nightly",): 1, ("team:ads",): 1, (None,): 1}),
        ("session,tag", {("s-1", "nightly"): 1, ("s-1", "team:search"): 2, ("s-2", "team:ads"): 1}),
        ("day,session", {("2026-11-03", "s-1"): 2, ("2026-11-03", "s-2"): 1}),
    ],
)
async def test_groups(
    used: Organization, group_by: str, groups: dict[tuple[str | None, ...], int]
) -> None:
    body = (await used.admin.get(f"/admin/v1/usage?{DAYS}&group_by={group_by}")).json()
    names = group_by.split(",")
    found = {tuple(row[name] for name in names): row["requests"] for row in body["data"]}
    # A request with two tags stands in two groups, and once in the totals.
    assert groups.items() <= found.items()
    assert (body["totals"]["requests"], body["totals"]["cost_usd"]) == (4, "0.003000")


@pytest.mark.parametrize(
    ("query", "requests", "cost"),
    [
        ("tag=team:search", 2, "0.001000"),
        ("session_id=s-2&group_by=model", 1, "0.001000"),
        ("tag=team:search&application_id=app-2", 0, "0.000000"),
        ("from=2026-11-04&to=2026-11-30&group_by=tag", 0, "0.000000"),
    ],
)
async def test_usage_of_some(used: Organization, query: str, requests: int, cost: str) -> None:
    days = "" if "from=" in query else f"{DAYS}&"
    totals = (await used.admin.get(f"/admin/v1/usage?{days}{query}")).json()["totals"]
    assert (totals["requests"], totals["cost_usd"]) == (requests, cost)


@pytest.mark.parametrize("filters", [{}, {"application_id": "app-1"}, {"model": "gpt-4o-mini"}])
async def test_records_and_daily_sums_say_the_same(
    used: Organization, filters: dict[str, Any]
) -> None:
    asked = UsageQuery(date(2026, 11, 1), date(2026, 11, 30), DAILY_GROUPS, **filters)
    daily = await used.container.usage.sums(used.id, asked)
    of_records = await used.container.usage.sums(
        used.id, replace(asked, group_by=(*DAILY_GROUPS, "agent"))
    )
    assert daily
    by_group: dict[tuple[Any, ...], dict[str, int]] = {}
    for row in of_records:
        sums = {name: value for name, value in row.items() if isinstance(value, int)}
        group = tuple(row[name] for name in DAILY_GROUPS)
        known = by_group.get(group, dict.fromkeys(sums, 0))
        by_group[group] = {name: known[name] + value for name, value in sums.items()}
    assert by_group == {
        tuple(row[name] for name in DAILY_GROUPS): {
            name: value for name, value in row.items() if name not in DAILY_GROUPS
        }
        for row in daily
    }
