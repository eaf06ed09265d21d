"""What is written about a key, read and checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.admin.models.api_keys import KeyChanges, KeyQuery, NewKey, Rotation
from controlplane.admin.models.model import read
from controlplane.admin.models.pages import cursor_at
from controlplane.domain.access import Role
from controlplane.errors import InvalidRequest

FUTURE = "2999-01-31T12:00:00+00:00"


def test_a_key_is_a_service_s_and_lasts_unless_said() -> None:
    wanted = read(NewKey, {"application_id": "app-1", "name": "k"})
    assert wanted == NewKey(application_id="app-1", name="k", role=Role.SERVICE, expires_at=None)
    said = {"application_id": "app-1", "name": "k", "role": "viewer", "expires_at": FUTURE}
    assert read(NewKey, said).expires_at == datetime.fromisoformat(FUTURE)
    assert read(NewKey, said).role is Role.VIEWER
    assert read(NewKey, {"name": "k", "role": "admin"}).application_id is None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_every_other_role_needs_an_application(role: Role) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(NewKey, {"name": "k", "role": role.value, "application_id": None})
    assert caught.value.param == "application_id"


@pytest.mark.dates
def test_changes_are_those_that_are_named() -> None:
    assert read(KeyChanges, {"name": "n"}).given() == {"name": "n"}
    assert read(KeyChanges, {"expires_at": None}).given() == {"expires_at": None}
    with pytest.raises(InvalidRequest, match="'name' or 'expires_at' must be given"):
        read(KeyChanges, {})
    with pytest.raises(InvalidRequest, match="'name' must be a string"):
        read(KeyChanges, {"name": None})
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with pytest.raises(InvalidRequest, match="'expires_at' must be a time to come"):
        read(KeyChanges, {"expires_at": past})


@pytest.mark.parametrize("seconds", [0, 1, 2_592_000])
def test_overlaps(seconds: int) -> None:
    assert read(Rotation, {"overlap_seconds": seconds}).overlap_seconds == seconds
    assert Rotation().overlap_seconds == 86_400


@pytest.mark.parametrize("seconds", [-1, 2_592_001, 1.0, True, "1", None])
def test_other_overlaps_are_none(seconds: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(Rotation, {"overlap_seconds": seconds})
    assert caught.value.param == "overlap_seconds"
    assert "must be an integer from 0 to 2592000." in caught.value.message


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"state": "asleep"}, "'state' must be one of active, expired, revoked."),
        ({"prefix": "x" * 13}, "'prefix' must be the first characters of a key, 12 at most."),
        ({"cursor": cursor_at("yesterday key-1")}, "'cursor' is not one that a list answered."),
        ({"cursor": "é"}, "'cursor' is not one that a list answered."),
    ],
)
def test_queries_that_are_refused(query: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(KeyQuery, query)
    assert caught.value.message == told
