"""`/admin/v1/policies` over PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.policy_scene import APP, ONE, POLICIES, TWO, key_of

from controlplane.api.app import create_app
from controlplane.wiring import Container


async def test_a_policy_is_written_read_changed_removed_and_brought_back(
    organization: Organization,
) -> None:
    admin = organization.admin
    created = await admin.put(APP, json=ONE)
    body = created.json()
    assert created.status_code == 201
    assert datetime.fromisoformat(body.pop("created_at")).utcoffset() is not None
    assert body.pop("changed_by").startswith("key:key-")
    assert body == {
        "id": "application/app-1",
        "level": "application",
        "subject_id": "app-1",
        "version": 1,
        "document": ONE,
    }
    read = await admin.get(APP)
    assert (read.status_code, read.json()) == (200, created.json())
    assert read.headers["etag"] == created.headers["etag"]
    changed = await admin.put(APP, json=TWO)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.headers["etag"] != created.headers["etag"]
    back = await admin.post(f"{APP}/rollback", json={"version": 1})
    assert (back.status_code, back.json()["version"], back.json()["document"]) == (200, 3, ONE)
    assert (await admin.get(APP)).json() == back.json()
    removed = await admin.delete(APP)
    assert (removed.status_code, removed.content) == (204, b"")
    assert_error(await admin.get(APP), 404, "subject_id")
    assert_error(await admin.delete(APP), 404, "subject_id")
    history = (await admin.get(f"{APP}/versions")).json()
    assert [(row["version"], row["document"]) for row in history["data"]] == [
        (4, None),
        (3, ONE),
        (2, TWO),
        (1, ONE),
    ]
    assert history["next_cursor"] is None
    again = await admin.post(f"{APP}/rollback", json={"version": 2})
    assert (again.status_code, again.json()["version"]) == (200, 5)


async def test_every_level_takes_a_policy(organization: Organization) -> None:
    subjects = {
        "organization": organization.id,
        "application": "app-1",
        "api-key": await key_of(organization),
        "user": "google|117 é",
    }
    for level, subject in subjects.items():
        place = f"{POLICIES}/{level}/{subject}"
        assert (await organization.admin.put(place, json=ONE)).status_code == 201
        assert (await organization.admin.get(place)).json()["subject_id"] == subject
    listed = (await organization.admin.get(POLICIES)).json()["data"]
    assert [row["level"] for row in listed] == sorted(subjects)
    only = await organization.admin.get(POLICIES, params={"level": "user"})
    assert [row["subject_id"] for row in only.json()["data"]] == ["google|117 é"]


async def test_all_faults_are_answered_by_field(organization: Organization) -> None:
    wrong = {
        "concurrency": -1,
        "cost_caps": [{"usd": "1", "period": "day"}, {"usd": 5.5, "period": "year"}],
        "budget": 1,
    }
    for response in (
        await organization.admin.put(APP, json=wrong),
        await organization.admin.post(f"{POLICIES}/validate", json=wrong),
    ):
        assert_error(response, 400, "concurrency")
        error = response.json()["error"]
        assert [fault["field"] for fault in error["errors"]] == [
            "concurrency",
            "cost_caps.1.usd",
            "cost_caps.1.period",
            "budget",
        ]
        assert all(fault["message"] for fault in error["errors"])
        assert "4 faults" in error["message"]
        assert error["type"] == "invalid_request_error"
    one = await organization.admin.put(APP, json={"concurrency": -1})
    assert one.json()["error"]["message"].startswith("'concurrency' must be an integer")
    assert_error(await organization.admin.get(APP), 404, "subject_id")
    right = await organization.admin.post(f"{POLICIES}/validate", json=ONE)
    assert (right.status_code, right.json()) == (200, {"valid": True})


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"models": NaN}', b'{"a": "\\ud800"}'])
async def test_what_is_no_object_is_no_policy(organization: Organization, body: bytes) -> None:
    assert_error(await organization.admin.put(APP, content=body), 400, None)
    assert_error(await organization.admin.post(f"{POLICIES}/validate", content=body), 400, None)


async def test_a_policy_has_a_size(organization: Organization) -> None:
    large = {"models": {"allow": ["x" * 300_000]}}
    assert_error(await organization.admin.put(APP, json=large), 413, None)


async def test_conditions_of_a_write(organization: Organization) -> None:
    admin = organization.admin
    assert_error(await admin.put(APP, json=ONE, headers={"If-Match": "*"}), 412, "If-Match")
    first = await admin.put(APP, json=ONE, headers={"If-None-Match": "*"})
    assert first.status_code == 201
    refused = await admin.put(APP, json=TWO, headers={"If-None-Match": "*"})
    assert_error(refused, 412, "If-None-Match")
    old = {"If-Match": first.headers["etag"]}
    second = await admin.put(APP, json=TWO, headers=old)
    assert second.status_code == 200
    repeated = await admin.put(APP, json=TWO, headers=old)
    assert (repeated.status_code, repeated.json()["version"]) == (200, 2)
    assert_error(await admin.put(APP, json={"concurrency": 3}, headers=old), 412, "If-Match")
    back = {"version": 1}
    assert_error(await admin.post(f"{APP}/rollback", json=back, headers=old), 412, "If-Match")
    assert_error(await admin.delete(APP, headers=old), 412, "If-Match")
    assert (await admin.get(APP)).json()["version"] == 2
    current = {"If-Match": second.headers["etag"]}
    assert (await admin.post(f"{APP}/rollback", json=back, headers=current)).status_code == 200
    # The same document under another version is another state: nobody overwrites what they
    # have not seen.
    assert_error(await admin.delete(APP, headers=old), 412, "If-Match")


async def test_of_two_who_change_the_same_version_one_wins(organization: Organization) -> None:
    tag = (await organization.admin.put(APP, json=ONE)).headers["etag"]
    writes = [
        organization.admin.put(APP, json={"concurrency": n}, headers={"If-Match": tag})
        for n in range(10, 18)
    ]
    statuses = sorted(response.status_code for response in await asyncio.gather(*writes))
    assert statuses == [200] + [412] * 7


async def test_a_read_that_is_at_hand_already_is_304(organization: Organization) -> None:
    tag = (await organization.admin.put(APP, json=ONE)).headers["etag"]
    unchanged = await organization.admin.get(APP, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    await organization.admin.put(APP, json=TWO)
    fresh = await organization.admin.get(APP, headers={"If-None-Match": tag})
    assert fresh.status_code == 200


async def walk(client: httpx.AsyncClient, place: str, limit: int) -> tuple[list[Any], int]:
    rows: list[Any] = []
    query: dict[str, Any] | None = {"limit": limit}
    pages = 0
    while query is not None:
        page = (await client.get(place, params=query)).json()
        rows += page["data"]
        cursor = page["next_cursor"]
        query = None if cursor is None else {"limit": limit, "cursor": cursor}
        pages += 1
    return rows, pages


async def test_pages(organization: Organization) -> None:
    users = [f"u{n} é" for n in range(5)]
    for user in users:
        await organization.admin.put(f"{POLICIES}/user/{user}", json=ONE)
    rows, pages = await walk(organization.admin, POLICIES, 2)
    assert ([row["subject_id"] for row in rows], pages) == (users, 3)
    for n in range(4):
        await organization.admin.put(APP, json={"concurrency": n})
    rows, pages = await walk(organization.admin, f"{APP}/versions", 2)
    assert ([row["version"] for row in rows], pages) == ([4, 3, 2, 1], 2)


@pytest.mark.parametrize(
    ("place", "param"),
    [
        (f"{POLICIES}?limit=0", "limit"),
        (f"{POLICIES}?cursor=%21", "cursor"),
        (f"{POLICIES}?level=team", "level"),
        (f"{APP}/versions?limit=x", "limit"),
        (f"{APP}/versions?cursor=YWJj", "cursor"),
        (f"{POLICIES}/effective?key_id=k&user_id=u", "user_id"),
    ],
)
async def test_bad_queries(organization: Organization, place: str, param: str) -> None:
    await organization.admin.put(APP, json=ONE)
    assert_error(await organization.admin.get(place), 400, param)


@pytest.mark.parametrize(
    "body", [{}, {"version": "1"}, {"version": 0}, {"version": True}, {"version": 2**31}]
)
async def test_bad_versions(organization: Organization, body: dict[str, Any]) -> None:
    await organization.admin.put(APP, json=ONE)
    assert_error(await organization.admin.post(f"{APP}/rollback", json=body), 400, "version")
    unknown = await organization.admin.post(f"{APP}/rollback", json={"version": 2**31 - 1})
    assert_error(unknown, 404, "version")


SUBJECTS = ["team/x", "application/app-9", "api-key/key-9", "organization/org-9", "user/%00"]


@pytest.mark.parametrize("subject", SUBJECTS)
async def test_an_unknown_subject_is_404_everywhere(
    organization: Organization, subject: str
) -> None:
    admin, place = organization.admin, f"{POLICIES}/{subject}"
    for response in (
        await admin.get(place),
        await admin.put(place, json=ONE),
        await admin.delete(place),
        await admin.get(f"{place}/versions"),
        await admin.post(f"{place}/rollback", json={"version": 1}),
    ):
        assert response.status_code == 404


async def test_the_database_down_is_503(organization: Organization) -> None:
    settings = organization.container.settings
    broken = Container(replace(settings, database_url="postgresql://u@127.0.0.1:1/d"))
    await organization.admin.get(POLICIES)  # the key is cached
    transport = httpx.ASGITransport(create_app(broken))
    headers = organization.admin.headers
    async with httpx.AsyncClient(
        transport=transport, base_url="http://cp", headers=headers
    ) as http:
        for response in (
            await http.get(POLICIES),
            await http.get(f"{POLICIES}/effective"),
            await http.get(APP),
            await http.get(f"{APP}/versions"),
            await http.put(APP, json=ONE),
            await http.delete(APP),
            await http.post(f"{APP}/rollback", json={"version": 1}),
        ):
            assert_error(response, 503, None)
        valid = await http.post(f"{POLICIES}/validate", json=ONE)
        assert valid.status_code == 200, "checking a document needs no store"
    await broken.redis.close()
    await broken.http.aclose()
