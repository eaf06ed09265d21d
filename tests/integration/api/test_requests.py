"""`/admin/v1/requests` over PostgreSQL: filters, pages, files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.records import event_of, record

from controlplane.api import exports
from controlplane.domain.access import Role

REQUESTS = "/admin/v1/requests"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
# Name -> what differs, an hour apart, the first one the oldest.
MADE: dict[str, dict[str, Any]] = {
    "a": {"code": None},
    "b": {"model_served": "gpt-4o", "provider": "openai", "cost_microusd": 250_000},
    "c": {"status": 429, "code": "insufficient_quota", "cost_microusd": None},
    "d": {"application_id": "app-2", "subject": "user:u"},
    "e": {"status": 400, "model_requested": "gpt-4o", "model_served": None, "provider": None},
    "f": {"status": 503, "code": "service_unavailable", "cost_microusd": 0},
}


@pytest.fixture
async def used(organization: Organization) -> Organization:
    """The requests of MADE; the ids end with their names."""
    await record(
        organization,
        *(
            event_of(
                organization,
                request_id=f"{organization.id}-{name}",
                occurred_at=NOON + index * HOUR,
                **{"code": None, "cost_microusd": 1_000, **changes},
            )
            for index, (name, changes) in enumerate(MADE.items())
        ),
    )
    return organization


def names(records: list[dict[str, Any]]) -> str:
    return "".join(row["request_id"][-1] for row in records)


def _behind(cursor: str | None) -> dict[str, str]:
    return {} if cursor is None else {"cursor": cursor}


async def _names(client: httpx.AsyncClient, query: str) -> str:
    answer = await client.get(f"{REQUESTS}?{query}")
    assert answer.status_code == 200, answer.text
    return names(answer.json()["data"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "fedcba"),
        ("from=2026-11-03&to=2026-11-03", "fedcba"),
        ("from=2026-11-04", ""),
        ("to=2026-11-02", ""),
        ("from=2026-11-03T14:00:00Z", "fedc"),
        ("from=2026-11-03T14:00:00%2B00:00", "fedc"),
        ("from=2026-11-03T14:00:00+00:00", "fedc"),
        ("from=2026-11-03T16:00:00%2B02:00&to=2026-11-03T15:00:00Z", "c"),
        ("to=2026-11-03T13:00:00Z", "a"),
        ("application_id=app-2", "d"),
        ("application_id=app-1", "fecba"),
        ("subject=user:u", "d"),
        ("model=gpt-4o", "eb"),
        ("model=gpt-4o-mini", "fdca"),
        ("provider=openai", "b"),
        ("status=429", "c"),
        ("status=4xx", "ec"),
        ("status=5xx", "f"),
        ("status=2xx", "dba"),
        ("code=insufficient_quota", "c"),
        ("min_cost=0.25", "b"),
        ("min_cost=0.001", "edba"),
        ("min_cost=0", "fedba"),
        ("status=4xx&model=gpt-4o&application_id=app-1&from=2026-11-03", "e"),
        ("format=json", "fedcba"),
    ],
)
async def test_filters(used: Organization, query: str, found: str) -> None:
    assert await _names(used.admin, query) == found


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("from=yesterday", "from"),
        ("from=2026-11-03T14:00:00", "from"),
        ("to=2026-02-30", "to"),
        ("to=9999-12-31", "to"),
        ("status=429%0A", "status"),
        ("status=42x", "status"),
        ("status=600", "status"),
        ("min_cost=1e3", "min_cost"),
        ("min_cost=-1", "min_cost"),
        ("min_cost=NaN", "min_cost"),
        ("model=", "model"),
        ("subject=%00", "subject"),
        ("code=a%0Ab", "code"),
        ("format=xml", "format"),
        ("limit=201", "limit"),
        ("limit=10001&format=csv", "limit"),
        ("limit=1000000000000", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=x&format=jsonl", "cursor"),
        ("stauts=429", "stauts"),
        ("status=400&status=429", "status"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(
    organization: Organization, query: str, param: str
) -> None:
    assert_error(await organization.admin.get(f"{REQUESTS}?{query}"), 400, param)


async def test_filtered_pages_stay_whole_while_records_arrive(used: Organization) -> None:
    seen, cursor = "", None
    while True:
        params = {"limit": "2", "application_id": "app-1"} | _behind(cursor)
        page = (await used.admin.get(REQUESTS, params=params)).json()
        seen += names(page["data"])
        cursor = page["next_cursor"]
        await record(used, event_of(used))
        if cursor is None:
            break
    assert seen == "fecba"


async def test_a_developer_sees_its_own_application(
    used: Organization, stranger: Organization
) -> None:
    developer = used.clients[Role.DEVELOPER]
    assert await _names(developer, "") == "fecba"
    assert await _names(developer, "application_id=app-1") == "fecba"
    for application_id in ("app-2", "app-nowhere"):
        answer = await developer.get(f"{REQUESTS}?application_id={application_id}")
        assert_error(answer, 404, "application_id")
        answer = await stranger.admin.get(f"{REQUESTS}?application_id={application_id}")
        assert_error(answer, 404, "application_id")
    own, other = f"{REQUESTS}/{used.id}-a", f"{REQUESTS}/{used.id}-d"
    assert (await developer.get(own)).status_code == 200
    assert_error(await developer.get(other), 404, "request_id")
    assert_error(await stranger.admin.get(own), 404, "request_id")
    assert await _names(stranger.admin, "") == ""
    assert (await used.clients[Role.VIEWER].get(REQUESTS)).status_code == 403


def _rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))


async def test_csv_says_what_json_says(used: Organization) -> None:
    answer = await used.admin.get(f"{REQUESTS}?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert 'filename="requests.csv"' in answer.headers["content-disposition"]
    assert "x-next-cursor" not in answer.headers
    rows = _rows(answer.content)
    records = (await used.admin.get(REQUESTS)).json()["data"]
    assert [_as_text(row) for row in records] == rows
    assert set(records[0]) == set(exports.COLUMNS), "no field is left out"
    assert answer.content.count(b"\r\n") == len(rows) + 1


def _as_text(row: Mapping[str, Any]) -> dict[str, str]:
    def text(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool | list | dict):
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        return str(value)

    return {name: text(row[name]) for name in exports.COLUMNS}


async def test_json_lines_are_the_records(used: Organization) -> None:
    answer = await used.admin.get(f"{REQUESTS}?format=jsonl&status=4xx")
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.content.decode().splitlines()]
    assert lines == (await used.admin.get(f"{REQUESTS}?status=4xx")).json()["data"]


@pytest.mark.parametrize("name", ["csv", "jsonl"])
async def test_a_large_export_goes_on_behind_its_cursor(
    name: str, used: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By number of rows, by size, and in pages smaller than both."""
    monkeypatch.setattr(exports, "PAGE_ROWS", 2)
    for limit, most_bytes, calls in ((10, 10**6, 1), (4, 10**6, 2), (10, 1, 3), (1, 10**6, 6)):
        monkeypatch.setattr(exports, "MAX_BYTES", most_bytes)
        seen, cursor, made = "", None, 0
        while made == 0 or cursor is not None:
            params = {"format": name, "limit": str(limit)} | _behind(cursor)
            answer = await used.admin.get(REQUESTS, params=params)
            lines = answer.content.decode().splitlines()
            records = (
                _rows(answer.content) if name == "csv" else [json.loads(line) for line in lines]
            )
            seen += names(records)
            cursor, made = answer.headers.get("x-next-cursor"), made + 1
        assert (seen, made) == ("fedcba", calls)


async def test_nothing_to_export_is_a_header_line(organization: Organization) -> None:
    answer = await organization.admin.get(f"{REQUESTS}?format=csv")
    assert answer.content.decode() == ",".join(exports.COLUMNS) + "\r\n"
    assert (await organization.admin.get(f"{REQUESTS}?format=jsonl")).content == b""


async def test_no_cell_is_a_formula(organization: Organization) -> None:
    """The caller chooses these texts, and a spreadsheet would run them."""
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", 'a,"b"', "two\r\nlines", "plain", "'=1"]
    await record(
        organization,
        *(
            event_of(
                organization,
                request_id=f"r-{organization.id}-{index}",
                end_user=text,
                occurred_at=NOON - index * HOUR,
            )
            for index, text in enumerate(texts)
        ),
    )
    answer = await organization.admin.get(f"{REQUESTS}?format=csv")
    cells = [row["end_user"] for row in _rows(answer.content)]
    assert cells == [f"'{text}" for text in texts[:5]] + texts[5:]
