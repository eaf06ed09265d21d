"""What is written about a key, read and checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.admin.key_document import (
    NewKey,
    parse_key_changes,
    parse_new_key,
    parse_rotation,
)
from controlplane.domain.access import Role
from controlplane.errors import InvalidRequest

pytestmark = pytest.mark.dates

FUTURE = "2999-01-31T12:00:00+00:00"


def test_a_key_is_a_service_s_and_lasts_unless_said() -> None:
    wanted = parse_new_key({"application_id": "app-1", "name": "k"})
    assert wanted == NewKey("app-1", "k", Role.SERVICE, None)
    said = {"application_id": "app-1", "name": "k", "role": "viewer", "expires_at": FUTURE}
    assert parse_new_key(said) == NewKey("app-1", "k", Role.VIEWER, datetime.fromisoformat(FUTURE))
    assert parse_new_key({"name": "k", "role": "admin"}).application_id is None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_every_other_role_needs_an_application(role: Role) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_new_key({"name": "k", "role": role.value, "application_id": None})
    assert caught.value.param == "application_id"


def test_changes_are_those_that_are_named() -> None:
    assert parse_key_changes({"name": "n"}) == {"name": "n"}
    assert parse_key_changes({"expires_at": None}) == {"expires_at": None}
    with pytest.raises(InvalidRequest):
        parse_key_changes({})
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with pytest.raises(InvalidRequest, match="to come"):
        parse_key_changes({"expires_at": past})


@pytest.mark.parametrize(("seconds", "most"), [(0, 0), (1, 1), (2_592_000, 2_592_000)])
def test_overlaps(seconds: int, most: int) -> None:
    assert parse_rotation({"overlap_seconds": seconds}) == timedelta(seconds=most)
    assert parse_rotation({}) == timedelta(days=1)


@pytest.mark.parametrize("seconds", [-1, 2_592_001, 1.0, True, "1", None])
def test_other_overlaps_are_none(seconds: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_rotation({"overlap_seconds": seconds})
    assert caught.value.param == "overlap_seconds"
