"""`/admin/v1/usage` over PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.records import event_of, record

from controlplane.adapters.postgres.usage import repository
from controlplane.domain.access import Role
from controlplane.domain.usage import Usage

USAGE = "/admin/v1/usage"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
ONE = {
    "tokens_input": 100,
    "tokens_output": 10,
    "tokens_cached": 50,
    "tokens_reasoning": 5,
    "cost_microusd": 1_250,
    "latency_ms": 400,
}
NOTHING = {
    "requests": 0,
    "refused": 0,
    "failed": 0,
    "tokens_input": 0,
    "tokens_output": 0,
    "tokens_cached": 0,
    "tokens_reasoning": 0,
    "tokens_cache_write": 0,
    "tokens_audio": 0,
    "tool_calls": 0,
    "unpriced_requests": 0,
    "cost_usd": "0.000000",
    "average_latency_ms": None,
}


@pytest.fixture
async def used(organization: Organization) -> Organization:
    """Five requests over three days, two applications, two callers, one unknown model."""
    day = timedelta(days=1)
    await record(
        organization,
        event_of(organization, occurred_at=NOON, model_served="gpt-4o", **ONE),
        event_of(organization, occurred_at=NOON, model_served="gpt-4o", subject="user:u", **ONE),
        event_of(
            organization,
            occurred_at=NOON + day,
            model_served="gpt-4o-mini",
            provider="openai",
            **ONE | {"latency_ms": 1_000},
        ),
        event_of(
            organization,
            occurred_at=NOON + day,
            application_id="app-2",
            model_requested=None,
            model_served=None,
            provider=None,
            status=429,
            **dict.fromkeys(ONE, 0),
        ),
        event_of(
            organization,
            occurred_at=NOON + 2 * day,
            application_id="app-2",
            model_served="gpt-4o",
            status=502,
            **ONE | {"cost_microusd": None},
        ),
    )
    return organization


async def _get(organization: Organization, query: str, role: Role = Role.ADMIN) -> dict[str, Any]:
    answer = await organization.clients[role].get(f"{USAGE}?from=2026-11-01&to=2026-11-30{query}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_without_groups_one_row_for_all(used: Organization) -> None:
    total = {
        "requests": 5,
        "refused": 1,
        "failed": 1,
        "tokens_input": 400,
        "tokens_output": 40,
        "tokens_cached": 200,
        "tokens_reasoning": 20,
        "tokens_cache_write": 0,
        "tokens_audio": 0,
        "tool_calls": 0,
        "unpriced_requests": 1,
        "cost_usd": "0.003750",
        "average_latency_ms": 440,
    }
    assert await _get(used, "") == {
        "data": [total],
        "totals": total,
        "from": "2026-11-01",
        "to": "2026-11-30",
    }


@pytest.mark.parametrize("group_by", ["model", "session"])
async def test_line_items_are_summed_up_alike_by_day_and_from_the_records(
    organization: Organization, group_by: str
) -> None:
    items = Usage(
        input=100,
        output=10,
        cache_write=70,
        audio_input=3,
        audio_output=4,
        calls=(("web_fetch", 1), ("web_search", 2)),
    )
    unpriced = {"cost_microusd": None}
    await record(
        organization,
        event_of(organization, occurred_at=NOON, usage=items, **ONE),
        event_of(organization, occurred_at=NOON, usage=items, **ONE | unpriced),
        event_of(organization, occurred_at=NOON, usage=items, replayed=True, **ONE | unpriced),
        event_of(organization, occurred_at=NOON, usage=None, **ONE | unpriced),
        event_of(organization, occurred_at=NOON, **dict.fromkeys(ONE, 0) | unpriced),
    )
    (row,) = (await _get(organization, f"&group_by={group_by}"))["data"]
    named = ("requests", "tokens_cache_write", "tokens_audio", "tool_calls", "unpriced_requests")
    assert [row[name] for name in named] == [5, 140, 14, 6, 2]


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("model", {("gpt-4o",): 3, ("gpt-4o-mini",): 1, (None,): 1}),
        ("application", {("app-1",): 3, ("app-2",): 2}),
        ("provider", {("azure",): 3, ("openai",): 1, (None,): 1}),
        ("user", {("key:k1",): 4, ("user:u",): 1}),
        ("day", {("2026-11-03",): 2, ("2026-11-04",): 2, ("2026-11-05",): 1}),
        (
            "day,application",
            {
                ("2026-11-03", "app-1"): 2,
                ("2026-11-04", "app-1"): 1,
                ("2026-11-04", "app-2"): 1,
                ("2026-11-05", "app-2"): 1,
            },
        ),
    ],
)
async def test_groups(
    used: Organization, group_by: str, groups: dict[tuple[str | None, ...], int]
) -> None:
    body = await _get(used, f"&group_by={group_by}")
    names = group_by.split(",")
    found = {tuple(row[name] for name in names): row["requests"] for row in body["data"]}
    assert found == groups
    assert set(body["data"][0]) == {*names, *NOTHING}
    assert body["totals"] == (await _get(used, ""))["totals"]
    keys = [tuple(row[name] or "" for name in names) for row in body["data"]]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("filters", "requests"),
    [
        ("&application_id=app-2", 2),
        ("&model=gpt-4o", 3),
        ("&provider=openai", 1),
        ("&model=gpt-4o&application_id=app-2", 1),
        ("&model=nothing", 0),
    ],
)
async def test_filters(used: Organization, filters: str, requests: int) -> None:
    assert (await _get(used, filters))["totals"]["requests"] == requests


async def test_days_are_included_at_both_ends(used: Organization) -> None:
    for first, last, requests in (("03", "03", 2), ("04", "05", 3), ("06", "30", 0)):
        answer = await used.admin.get(f"{USAGE}?from=2026-11-{first}&to=2026-11-{last}")
        assert answer.json()["totals"]["requests"] == requests


@pytest.mark.dates
@pytest.mark.usefixtures("whole_day")
async def test_nothing_used(organization: Organization) -> None:
    body = (await organization.admin.get(USAGE)).json()
    today = datetime.now(UTC).date()
    assert body["data"] == [NOTHING]
    assert body["totals"] == NOTHING
    assert body["to"] == today.isoformat()
    assert body["from"] == (today - timedelta(days=29)).isoformat()
    grouped = (await organization.admin.get(f"{USAGE}?group_by=model")).json()
    assert (grouped["data"], grouped["totals"]) == ([], NOTHING)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("from=2026-11-31", "from"),
        ("from=20261101", "from"),
        ("from=2026-11-01T00:00:00Z", "from"),
        ("to=tomorrow", "to"),
        ("to=", "to"),
        ("from=2026-11-02&to=2026-11-01", "from"),
        ("from=2026-01-01&to=2027-02-05", "from"),
        ("group_by=model,model", "group_by"),
        ("group_by=colour", "group_by"),
        ("group_by=model,", "group_by"),
        ("model=", "model"),
        ("model=%00", "model"),
        ("application=app-1", "application"),
        ("model=a&model=b", "model"),
        ("group_by=model&top=0", "top"),
        ("group_by=model&top=1001", "top"),
        ("group_by=model&top=ten", "top"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(
    organization: Organization, query: str, param: str
) -> None:
    assert_error(await organization.admin.get(f"{USAGE}?{query}"), 400, param)


async def test_four_hundred_days_are_possible(organization: Organization) -> None:
    answer = await organization.admin.get(f"{USAGE}?from=2026-01-01&to=2027-02-04")
    assert answer.status_code == 200
    assert (await organization.admin.get(f"{USAGE}?to=0001-01-02")).status_code == 200


async def test_too_many_groups_are_refused(
    used: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "MAX_USAGE_GROUPS", 2)
    where = f"{USAGE}?from=2026-11-01&to=2026-11-30&group_by="
    assert_error(await used.admin.get(f"{where}model"), 400, "group_by")
    assert (await used.admin.get(f"{where}application")).status_code == 200


@pytest.mark.parametrize(
    ("query", "dearest"),
    [
        ("&group_by=model&top=1", ["gpt-4o"]),
        ("&group_by=model&top=1000", ["gpt-4o", "gpt-4o-mini", None]),
        ("&group_by=session&top=1", ["s-1"]),
        ("&group_by=session,user&top=1", ["s-1"]),
        ("&group_by=tag&top=1", ["nächtlich"]),
    ],
)
async def test_the_top_are_those_that_cost_most(
    used: Organization, query: str, dearest: list[str | None]
) -> None:
    """From the sums of each day, by session, and from the records; the totals are over all."""
    body = await _get(used, query)
    name = query.partition("=")[2].partition("&")[0].partition(",")[0]
    assert [row[name] for row in body["data"]] == dearest
    assert body["totals"] == (await _get(used, ""))["totals"]


async def test_a_developer_sees_its_own_application(used: Organization) -> None:
    assert (await _get(used, "", Role.DEVELOPER))["totals"]["requests"] == 3
    own = await _get(used, "&application_id=app-1&group_by=application", Role.DEVELOPER)
    assert [row["application"] for row in own["data"]] == ["app-1"]
    other = await used.clients[Role.DEVELOPER].get(f"{USAGE}?application_id=app-2")
    assert_error(other, 404, "application_id")
    assert (await _get(used, "", Role.VIEWER))["totals"]["requests"] == 5
    assert (await used.service.get(USAGE)).status_code == 403


async def test_an_application_of_others_is_none(used: Organization, stranger: Organization) -> None:
    for application_id in ("app-2", "app-nowhere", "half%ed%a0%80"):
        answer = await stranger.admin.get(f"{USAGE}?application_id={application_id}")
        assert_error(answer, 404, "application_id")
    # Made and never used is an application all the same.
    assert (await stranger.admin.get(f"{USAGE}?application_id=app-1")).status_code == 200


async def test_usage_of_others_is_not_counted(used: Organization, stranger: Organization) -> None:
    assert (await _get(stranger, "&group_by=model"))["data"] == []
