"""For how long a key works: revoked, expired, rotated; each holds within a second."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.integration.api.conftest import Organization, assert_error
from tests.integration.api.key_scene import KEYS, NEW, make, works

AT_ONCE_SECONDS = 1.0


async def test_a_revoked_key_has_ended_within_a_second(organization: Organization) -> None:
    made = await make(organization)
    for _ in range(3):
        assert await works(organization, made)  # the cache is warm
    started = time.perf_counter()
    assert (await organization.admin.delete(f"{KEYS}/{made['id']}")).status_code == 204
    assert not await works(organization, made)
    assert time.perf_counter() - started < AT_ONCE_SECONDS
    assert (await organization.admin.delete(f"{KEYS}/{made['id']}")).status_code == 204
    stored = (await organization.admin.get(f"{KEYS}/{made['id']}")).json()
    assert stored["state"] == "revoked"
    assert stored["revoked_at"] is not None
    for change in ({"name": "again"}, {"expires_at": "2099-01-01T00:00:00Z"}):
        assert_error(await organization.admin.patch(f"{KEYS}/{made['id']}", json=change), 409, None)
    assert not await works(organization, made)


@pytest.mark.dates
async def test_an_expiry_holds_within_a_second_and_can_be_taken_back(
    organization: Organization,
) -> None:
    made = await make(organization)
    place = f"{KEYS}/{made['id']}"
    assert await works(organization, made)
    soon = datetime.now(UTC) + timedelta(seconds=0.4)
    changed = await organization.admin.patch(place, json={"expires_at": soon.isoformat()})
    assert changed.status_code == 200
    deadline = time.perf_counter() + AT_ONCE_SECONDS
    while await works(organization, made):
        assert time.perf_counter() < deadline
    assert (await organization.admin.get(place)).json()["state"] == "expired"
    back = await organization.admin.patch(place, json={"expires_at": None})
    assert (back.json()["state"], back.json()["expires_at"]) == ("active", None)
    assert await works(organization, made)


async def test_conditions_of_a_change(organization: Organization) -> None:
    made = await organization.admin.post(KEYS, json=NEW)
    place, tag = f"{KEYS}/{made.json()['id']}", made.headers["etag"]
    await organization.models_with(made.json()["key"])  # its use is no change
    async with organization.container.database.tenant(organization.id) as connection:
        await connection.execute(text("UPDATE api_keys SET last_used_at = now()"))
    read = await organization.admin.get(place)
    assert (read.headers["etag"], read.json()["last_used_at"] is None) == (tag, False)
    match = {"If-Match": tag}
    first = await organization.admin.patch(place, json={"name": "a"}, headers=match)
    assert first.status_code == 200
    again = await organization.admin.patch(place, json={"name": "a"}, headers=match)
    assert again.status_code == 200
    lost = await organization.admin.patch(place, json={"name": "b"}, headers=match)
    assert_error(lost, 412, "If-Match")
    assert_error(await organization.admin.delete(place, headers=match), 412, "If-Match")
    rotated = await organization.admin.post(f"{place}/rotate", headers=match)
    assert_error(rotated, 412, "If-Match")
    match = {"If-Match": first.headers["etag"]}
    assert (await organization.admin.delete(place, headers=match)).status_code == 204


@pytest.mark.dates
async def test_a_rotation_leaves_both_keys_for_the_overlap(organization: Organization) -> None:
    old = await make(organization, role="developer")
    place = f"{KEYS}/{old['id']}/rotate"
    rotated = await organization.admin.post(place)
    assert (rotated.status_code, rotated.headers["cache-control"]) == (201, "no-store")
    new = rotated.json()
    assert (new["replaces"], new["application_id"], new["role"], new["name"]) == (
        old["id"],
        old["application_id"],
        old["role"],
        old["name"],
    )
    assert new["key"] != old["key"]
    assert await works(organization, old)
    assert await works(organization, new)
    stored = (await organization.admin.get(f"{KEYS}/{old['id']}")).json()
    left = datetime.fromisoformat(stored["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(days=1)
    assert_error(await organization.admin.post(place), 409, None)


async def test_a_rotation_without_overlap_ends_the_old_key_within_a_second(
    organization: Organization,
) -> None:
    old = await make(organization)
    assert await works(organization, old)
    started = time.perf_counter()
    place = f"{KEYS}/{old['id']}/rotate"
    new = (await organization.admin.post(place, json={"overlap_seconds": 0})).json()
    assert not await works(organization, old)
    assert time.perf_counter() - started < AT_ONCE_SECONDS
    assert await works(organization, new)
    assert_error(await organization.admin.post(place), 409, None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"overlap_seconds": -1}, "overlap_seconds"),
        ({"overlap_seconds": 2_592_001}, "overlap_seconds"),
        ({"overlap_seconds": True}, "overlap_seconds"),
        ({"overlap_seconds": 1.5}, "overlap_seconds"),
        ({"overlap": 1}, "overlap"),
    ],
)
async def test_a_bad_rotation(organization: Organization, body: dict[str, Any], param: str) -> None:
    made = await make(organization)
    place = f"{KEYS}/{made['id']}"
    assert_error(await organization.admin.post(f"{place}/rotate", json=body), 400, param)
    assert (await organization.admin.get(place)).json()["expires_at"] is None
