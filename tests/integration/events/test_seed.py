"""`user-seeder`: makes what is missing, keeps what was changed, shows keys once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from controlplane.config import Settings
from controlplane.domain.access import Role
from controlplane.domain.changes import Actor, ChangeFilter
from controlplane.domain.keys import KeyHasher
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.errors import ControlPlaneError
from controlplane.events import seed
from controlplane.wiring import Container

EVENT = {"type": "user-seeder"}
ALL = {"organizations": 1, "applications": 1, "policies": 1, "routes": 7}
NONE = dict.fromkeys(ALL, 0)


@pytest.fixture
async def fresh(settings: Settings, fresh_url: str) -> AsyncIterator[Container]:
    container = Container(replace(settings, database_url=fresh_url))
    yield container
    await container.database.close()


async def _tables(container: Container) -> dict[str, list[str]]:
    tables = ("organizations", "applications", "api_keys", "policies", "model_routes")
    async with container.database.system() as connection:
        return {
            t: list(
                await connection.scalars(text(f"SELECT to_jsonb(t)::text FROM {t} t ORDER BY 1"))
            )
            for t in tables
        }


async def test_makes_the_default_organisation(fresh: Container) -> None:
    assert await seed.run(EVENT, fresh) == {"ok": True, **EVENT, "created": ALL}
    rules = fresh.configuration_repository
    assert await rules.organizations() == ["org-default"]
    assert (await rules.all_of("org-default")).documents == [
        PolicyDocument(
            Level.APPLICATION,
            "app-default",
            1,
            {
                "rate_limits": [{"requests": 100, "window_seconds": 60}],
                "screening": {"pii": "block", "secrets": "block"},
            },
        )
    ]
    assert {
        row["alias"]: [(t["provider"], t["model"]) for t in row["targets"]]
        for row in (await rules.all_of("org-default")).routes
    } == {
        "gpt-5.5": [("openai", "gpt-5.5"), ("azure", "gpt-5.5")],
        "gpt-6-luna": [("openai", "gpt-6-luna"), ("azure", "gpt-6-luna")],
        "text-embedding-3-small": [
            ("openai", "text-embedding-3-small"),
            ("azure", "text-embedding-3-small"),
        ],
        "claude-sonnet-5-5": [("anthropic", "claude-sonnet-5-5")],
        "claude-haiku-5-5": [("anthropic", "claude-haiku-5-5")],
        "gpt-*": [("openai", "*"), ("azure", "*")],
        "claude-*": [("anthropic", "*")],
    }
    assert (await _tables(fresh))["api_keys"] == []


async def test_again_changes_nothing(fresh: Container) -> None:
    await seed.run(EVENT, fresh)
    before = await _tables(fresh)
    assert (await seed.run(EVENT, fresh))["created"] == NONE
    assert await _tables(fresh) == before


async def test_what_an_operator_changed_stays(fresh: Container) -> None:
    await seed.run(EVENT, fresh)
    async with fresh.database.tenant("org-default") as connection:
        for statement in (
            "UPDATE organizations SET name = 'Ours'",
            "UPDATE applications SET name = 'Ours'",
            "UPDATE policies SET document = '{}', version = 2",
            "UPDATE model_routes SET targets = '[]', strategy = 'weighted'",
        ):
            await connection.execute(text(statement))
    before = await _tables(fresh)
    assert (await seed.run(EVENT, fresh))["created"] == NONE
    assert await _tables(fresh) == before


async def test_a_route_that_an_administrator_deleted_stays_deleted(fresh: Container) -> None:
    await seed.run(EVENT, fresh)
    actor = Actor("org-default", "user:ana")
    assert await fresh.configuration_repository.delete_route(actor, "gpt-5.5", lambda _stored: None)
    assert (await seed.run(EVENT, fresh))["created"] == NONE
    left = {
        row["alias"] for row in (await fresh.configuration_repository.all_of("org-default")).routes
    }
    assert left == {route.alias for route in seed.ROUTES} - {"gpt-5.5"}
    # Another organisation's routes are its own affair.
    assert (await seed.run({**EVENT, "org_id": "org-acme"}, fresh))["created"] == ALL


async def test_a_first_run_that_broke_off_is_completed(fresh: Container) -> None:
    rules = fresh.configuration_repository
    await rules.add_organization("org-default", "Default organisation")
    await rules.add_route("org-default", seed.ROUTES[0])
    missing = {**ALL, "organizations": 0, "routes": len(seed.ROUTES) - 1}
    assert (await seed.run(EVENT, fresh))["created"] == missing
    assert len((await rules.all_of("org-default")).routes) == len(seed.ROUTES)


async def test_keys_only_when_asked_and_only_this_once(fresh: Container) -> None:
    asked = {**EVENT, "issue_keys": True}
    first, second = await seed.run(asked, fresh), await seed.run(asked, fresh)
    assert "api_keys" not in await seed.run(EVENT, fresh)
    assert "api_keys" not in await seed.run({**EVENT, "issue_keys": False}, fresh)
    keys = [*first["api_keys"].values(), *second["api_keys"].values()]
    assert len(set(keys)) == 4
    assert all(KeyHasher.is_well_formed(key) for key in keys)
    hasher = await fresh.key_hasher.current()
    for name, role in (("application", Role.SERVICE), ("admin", Role.ADMIN)):
        stored = await fresh.key_repository.find(hasher.hash(first["api_keys"][name]))
        assert stored is not None
        assert (stored.caller.org_id, stored.caller.application_id, stored.caller.role) == (
            "org-default",
            "app-default",
            role,
        )
        assert stored.caller.key_id == stored.id


async def test_no_key_is_in_the_database(fresh: Container) -> None:
    issued = (await seed.run({**EVENT, "issue_keys": True}, fresh))["api_keys"]
    stored = " ".join((await _tables(fresh))["api_keys"])
    for key in issued.values():
        assert key not in stored
        assert key[:20] not in stored
        assert key[:12] in stored, "the prefix that people may see"


@pytest.mark.parametrize("flag", ["true", 1, None, []])
async def test_a_flag_that_is_none_is_refused_before_anything(fresh: Container, flag: Any) -> None:
    with pytest.raises(ControlPlaneError, match="issue_keys"):
        await seed.run({**EVENT, "issue_keys": flag}, fresh)
    assert (await _tables(fresh))["organizations"] == []


async def test_makes_another_organisation_with_its_first_keys(fresh: Container) -> None:
    await seed.run(EVENT, fresh)
    event = {**EVENT, "org_id": "org-acme", "name": "Acme", "issue_keys": True}
    answer = await seed.run(event, fresh)
    assert answer["created"] == ALL
    assert await fresh.configuration_repository.organizations() == ["org-acme", "org-default"]
    made = await fresh.directory.organization("org-acme")
    assert made is not None
    assert made.name == "Acme"
    hasher = await fresh.key_hasher.current()
    stored = await fresh.key_repository.find(hasher.hash(answer["api_keys"]["admin"]))
    assert stored is not None
    assert (stored.caller.org_id, stored.caller.role) == ("org-acme", Role.ADMIN)
    again = await seed.run({**EVENT, "org_id": "org-acme", "name": "Other"}, fresh)
    assert again["created"] == NONE
    assert await fresh.directory.organization("org-acme") == made


async def test_a_name_is_the_id_where_none_is_given(fresh: Container) -> None:
    await seed.run({**EVENT, "org_id": "org-acme"}, fresh)
    made = await fresh.directory.organization("org-acme")
    assert made is not None
    assert made.name == "org-acme"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"org_id": "Acme"}, "org_id"),
        ({"org_id": None}, "org_id"),
        ({"name": "Acme"}, "org_id"),
        ({"org_id": "org-acme", "name": ""}, "name"),
        ({"org_id": "org-acme", "name": 7}, "name"),
    ],
)
async def test_a_wrong_organisation_is_refused_before_anything(
    fresh: Container, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ControlPlaneError, match=f"'{named}'"):
        await seed.run({**EVENT, **fields}, fresh)
    assert (await _tables(fresh))["organizations"] == []


async def test_the_record_of_changes_names_the_event(fresh: Container) -> None:
    await seed.run({**EVENT, "issue_keys": True}, fresh)
    changes, _ = await fresh.change_log.page("org-default", ChangeFilter(), limit=10)
    assert [(one["actor"], one["action"], one["resource"]) for one in changes] == [
        ("event:user-seeder", "create", "api-key"),
        ("event:user-seeder", "create", "api-key"),
        ("event:user-seeder", "create", "policy"),
    ]
