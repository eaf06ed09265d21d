"""`/admin/v1/api-keys` over PostgreSQL and Valkey: making, listing, reading, who may."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import text
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.key_scene import KEYS, NEW, make, works

from controlplane.domain.access import Role
from controlplane.domain.keys import KeyHasher


async def test_a_key_is_shown_once(organization: Organization) -> None:
    made = await make(organization)
    assert await works(organization, made)
    key = made.pop("key")
    assert KeyHasher.is_well_formed(key)
    assert made == {
        "id": made["id"],
        "application_id": "app-1",
        "name": "Production",
        "role": "service",
        "prefix": key[:12],
        "state": "active",
        "created_at": made["created_at"],
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": None,
        "replaces": None,
        "lineage": made["id"],
    }
    read = await organization.admin.get(f"{KEYS}/{made['id']}")
    assert read.json() == made
    listed = (await organization.admin.get(KEYS, params={"prefix": key[:8]})).json()["data"]
    assert listed == [made]


@pytest.mark.parametrize("role", Role)
async def test_a_key_has_the_role_that_was_asked_for(
    organization: Organization, role: Role
) -> None:
    made = await make(organization, role=role.value)
    reads = await organization.get_with(made["key"], "/admin/v1/organizations")
    assert reads.status_code == (403 if role is Role.SERVICE else 200)


async def test_an_administrator_can_do_without_an_application(organization: Organization) -> None:
    made = await organization.admin.post(KEYS, json={"name": "ops", "role": "admin"})
    assert (made.status_code, made.json()["application_id"]) == (201, None)
    reads = await organization.get_with(made.json()["key"], "/admin/v1/organizations")
    assert reads.status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": "x"}, "application_id"),
        ({"name": "x", "role": "developer"}, "application_id"),
        ({"name": "x", "application_id": "App 1"}, "application_id"),
        ({"name": "x", "application_id": 1}, "application_id"),
        ({"application_id": "app-1"}, "name"),
        ({**NEW, "role": "root"}, "role"),
        ({**NEW, "role": []}, "role"),
        ({**NEW, "expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({**NEW, "expires_at": "2099-01-01"}, "expires_at"),
        ({**NEW, "expires_at": "2099-01-01T00:00:00"}, "expires_at"),
        ({**NEW, "expires_at": "2099-13-01T00:00:00Z"}, "expires_at"),
        ({**NEW, "expires_at": "0001-01-01T00:00:00+23:59"}, "expires_at"),
        ({**NEW, "expires_at": 4_000_000_000}, "expires_at"),
        ({**NEW, "key": "sk-cp-x"}, "key"),
    ],
)
async def test_a_bad_body(organization: Organization, body: dict[str, Any], param: str) -> None:
    assert_error(await organization.admin.post(KEYS, json=body), 400, param)


@pytest.mark.parametrize(("body", "param"), [({}, "name"), ({"role": "admin"}, "role")])
async def test_a_bad_change(organization: Organization, body: dict[str, Any], param: str) -> None:
    made = await make(organization)
    assert_error(await organization.admin.patch(f"{KEYS}/{made['id']}", json=body), 400, param)


async def test_pages_and_filters(organization: Organization) -> None:
    await organization.admin.post("/admin/v1/applications", json={"name": "x", "id": "app-2"})
    made = [await make(organization, application_id="app-2") for _ in range(3)]
    await organization.admin.delete(f"{KEYS}/{made[0]['id']}")

    async def ids(**query: Any) -> list[str]:
        seen: list[str] = []
        more: dict[str, Any] | None = {**query, "limit": 2}
        while more is not None:
            page = (await organization.admin.get(KEYS, params=more)).json()
            seen += [key["id"] for key in page["data"]]
            cursor = page["next_cursor"]
            more = None if cursor is None else {**query, "limit": 2, "cursor": cursor}
        return seen

    newest_first = [key["id"] for key in reversed(made)]
    assert await ids(application_id="app-2") == newest_first
    assert (await ids())[:3] == newest_first
    assert len(await ids()) == 3 + len(Role)
    assert await ids(application_id="app-2", state="active") == newest_first[:2]
    assert await ids(state="revoked") == newest_first[2:]
    assert await ids(prefix=made[1]["prefix"]) == [made[1]["id"]]


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("state=gone", 400, "state"),
        (f"prefix=sk-cp-{'a' * 7}", 400, "prefix"),
        ("prefix=%00", 400, "prefix"),
        ("limit=0", 400, "limit"),
        ("cursor=!", 400, "cursor"),
        ("cursor=eA==", 400, "cursor"),
        ("application_id=app-9", 404, "application_id"),
        ("application_id=", 400, "application_id"),
        ("application_id=%00", 400, "application_id"),
        ("stat=active", 400, "stat"),
        ("state=active&state=revoked", 400, "state"),
    ],
)
async def test_bad_queries(organization: Organization, query: str, status: int, param: str) -> None:
    assert_error(await organization.admin.get(f"{KEYS}?{query}"), status, param)


@pytest.mark.parametrize("key_id", ["key-9", "%00", "app-1", "sk-cp-abc"])
async def test_an_unknown_key(organization: Organization, key_id: str) -> None:
    admin, place = organization.admin, f"{KEYS}/{key_id}"
    for response in (
        await admin.get(place),
        await admin.patch(place, json={"name": "x"}),
        await admin.post(f"{place}/rotate"),
        await admin.delete(place),
    ):
        assert_error(response, 404, "key_id")
        assert key_id not in response.text


async def test_a_developer_sees_the_keys_of_its_application(organization: Organization) -> None:
    await organization.admin.post("/admin/v1/applications", json={"name": "x", "id": "app-2"})
    other = await make(organization, application_id="app-2")
    own = await make(organization)
    developer = organization.clients[Role.DEVELOPER]
    listed = (await developer.get(KEYS)).json()["data"]
    assert {key["application_id"] for key in listed} == {"app-1"}
    assert (await developer.get(f"{KEYS}/{own['id']}")).status_code == 200
    assert_error(await developer.get(f"{KEYS}/{other['id']}"), 404, "key_id")
    by_application = await developer.get(KEYS, params={"application_id": "app-2"})
    assert_error(by_application, 404, "application_id")


async def test_no_key_is_in_a_row_a_redis_value_or_the_log(
    organization: Organization, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = await make(organization)
        new = (await organization.admin.post(f"{KEYS}/{made['id']}/rotate")).json()
        for key in (made, new):
            assert await works(organization, key)
            await organization.admin.get(KEYS, params={"prefix": key["key"]})
            await organization.admin.delete(f"{KEYS}/{key['id']}")
    async with organization.container.database.system() as connection:
        tables = ("api_keys", "admin_changes", "applications", "request_logs")
        rows = [
            row
            for table in tables
            for row in await connection.scalars(text(f"SELECT to_jsonb(t)::text FROM {table} t"))
        ]
    redis = organization.container.redis.redis
    values = [name + await redis.dump(name) async for name in redis.scan_iter()]
    output = capsys.readouterr()
    # httpx is the client here: what it notes is not our log.
    logged = [str(vars(entry)) for entry in caplog.records if not entry.name.startswith("http")]
    everything = json.dumps([rows, logged, output.out, output.err]).encode() + b"".join(values)
    assert made["id"].encode() in everything  # the haystack is the right one
    for key in (made["key"], new["key"]):
        assert key[12:].encode() not in everything
        assert key[:20].encode() not in everything
