"""Keys and rules: what is in force, and that adding never overwrites."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from controlplane.adapters.postgres.api_keys import KeyRepository
from controlplane.adapters.postgres.configuration import ConfigurationRepository
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.policies import PolicyRepository
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.changes import Actor
from controlplane.domain.policy import Level
from controlplane.domain.routing import Route, Strategy, Target, Timeouts, Unsupported
from controlplane.errors import NotFound

pytestmark = pytest.mark.dates

NOW = datetime.now(UTC)


def _key(org_id: str, *, application_id: str | None = None, expires_at: datetime | None = None):
    key_id = f"key-{uuid.uuid4().hex}"
    caller = Caller(org_id, Role.SERVICE, application_id=application_id, key_id=key_id)
    return ApiKey(key_id, hashlib.sha256(key_id.encode()).hexdigest(), caller, expires_at)


async def _add(keys: KeyRepository, key: ApiKey) -> None:
    actor = Actor(key.caller.org_id, "user:ada")
    await keys.add(key, name="k", prefix="sk-cp-abc", actor=actor)


async def _in_force(keys: KeyRepository) -> list[ApiKey]:
    async with keys.all_committed() as found:
        return found


@pytest.fixture
def keys(database: Database) -> KeyRepository:
    return KeyRepository(database)


@pytest.fixture
def rules(database: Database) -> ConfigurationRepository:
    return ConfigurationRepository(database)


async def test_a_key_is_found_as_it_was_added(
    keys: KeyRepository, rules: ConfigurationRepository, org_id: str
) -> None:
    await rules.add_application(org_id, "app-1", "An application")
    key = _key(org_id, application_id="app-1", expires_at=NOW + timedelta(hours=1))
    await _add(keys, key)
    assert await keys.find(key.key_hash) == key
    assert key in await _in_force(keys)


async def test_an_unknown_hash_is_nobody(keys: KeyRepository) -> None:
    assert await keys.find("0" * 64) is None


async def test_an_expired_key_is_nobody(keys: KeyRepository, org_id: str) -> None:
    key = _key(org_id, expires_at=NOW - timedelta(seconds=1))
    await _add(keys, key)
    assert await keys.find(key.key_hash) is None
    assert key not in await _in_force(keys)


async def test_a_revoked_key_is_nobody(
    keys: KeyRepository, database: Database, org_id: str
) -> None:
    key = _key(org_id)
    await _add(keys, key)
    async with database.tenant(org_id) as connection:
        revoke = text("UPDATE api_keys SET revoked_at = now() WHERE id = :id")
        await connection.execute(revoke, {"id": key.id})
    assert await keys.find(key.key_hash) is None
    assert key not in await _in_force(keys)


async def test_a_key_speaks_for_an_application_of_its_own_organisation(
    keys: KeyRepository, org_id: str
) -> None:
    with pytest.raises(NotFound):
        await _add(keys, _key(org_id, application_id="app-of-others"))


async def test_routes_come_back_in_their_json_form(
    rules: ConfigurationRepository, org_id: str
) -> None:
    plain = Route("a", (Target("openai", "gpt-4o"),))
    full = Route(
        "b",
        (Target("x", "y", 3), Target("z", "w")),
        Strategy.WEIGHTED,
        Timeouts(1, 2, 3),
        unsupported=Unsupported.IGNORE,
    )
    for route in (full, plain):
        assert await rules.add_route(org_id, route)
    rows = (await rules.all_of(org_id)).routes
    assert [Route.from_dict(row) for row in rows] == [plain, full]
    assert rows[0] == {
        "alias": "a",
        "strategy": "priority",
        "targets": [{"provider": "openai", "model": "gpt-4o", "weight": 1}],
        "timeouts": None,
        "fail_over_on": [],
        "unsupported": "refuse",
    }


async def test_adding_again_leaves_what_is_there(
    rules: ConfigurationRepository, database: Database, org_id: str
) -> None:
    first = Route("a", (Target("openai", "gpt-4o"),))
    assert await rules.add_route(org_id, first)
    assert not await rules.add_route(org_id, Route("a", (Target("azure", "other"),)))
    assert not await rules.add_organization(org_id, "Another name")
    assert [Route.from_dict(row) for row in (await rules.all_of(org_id)).routes] == [first]


async def test_organisations_are_listed(rules: ConfigurationRepository, org_id: str) -> None:
    assert org_id in await rules.organizations()


async def test_rules_of_others_stay_theirs(
    rules: ConfigurationRepository, database: Database, org_id: str
) -> None:
    other = f"org-{uuid.uuid4().hex[:12]}"
    await rules.add_organization(other, "Another")
    await rules.add_route(other, Route("a", (Target("openai", "gpt-4o"),)))
    policies = PolicyRepository(database)
    await policies.add(Actor(other, "test"), Level.ORGANIZATION, other, {})
    assert (await rules.all_of(org_id)).routes == []
    assert (await rules.all_of(org_id)).documents == []
