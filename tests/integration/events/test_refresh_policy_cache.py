"""`policy-cache-refresh`: what the database says holds from the next request on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from controlplane.config import Settings
from controlplane.domain.access import Caller
from controlplane.domain.limits import Claim, Measure
from controlplane.domain.routing import Route, Target
from controlplane.errors import ControlPlaneError
from controlplane.events import refresh_policy_cache, seed
from controlplane.wiring import Container

EVENT = {"type": "policy-cache-refresh"}
SEED = {"type": "user-seeder", "issue_keys": True}


@pytest.fixture
async def seeded(settings: Settings, fresh_url: str) -> AsyncIterator[tuple[Container, str]]:
    """A container over a seeded database and an empty Redis, and an application's key."""
    container = Container(replace(settings, database_url=fresh_url))
    answer = await seed.run(SEED, container)
    yield container, answer["api_keys"]["application"]
    await container.database.close()


async def _caller(container: Container, key: str) -> Caller:
    caller = await container.key_cache.find(key)
    assert caller is not None
    return caller


async def test_counts_what_holds(seeded: tuple[Container, str]) -> None:
    container, _ = seeded
    await container.configuration_repository.add_organization("org-2", "Second")
    await container.configuration_repository.add_route(
        "org-2", Route("x", (Target("openai", "y"),))
    )
    async with container.database.tenant("org-2") as connection:
        await connection.execute(
            text(
                "INSERT INTO model_prices (org_id, provider, model, input, output) "
                "VALUES ('org-2', 'openai', 'y', 1, 2)"
            )
        )
    whole = await refresh_policy_cache.run(EVENT, container)
    assert whole == {
        "ok": True,
        **EVENT,
        "organizations": 2,
        "policies": 1,
        "routes": len(seed.ROUTES) + 1,
        "prices": 1,
        "api_keys": 2,
    }
    part = await refresh_policy_cache.run({**EVENT, "org_id": "org-2"}, container)
    counts = ("organizations", "policies", "routes", "prices", "api_keys")
    assert [part[name] for name in counts] == [1, 0, 1, 1, 0]


async def test_a_changed_route_and_policy_hold_at_once(seeded: tuple[Container, str]) -> None:
    container, key = seeded
    caller = await _caller(container, key)
    before = await container.configuration_cache.of(caller)
    async with container.database.tenant("org-default") as connection:
        await connection.execute(text("DELETE FROM model_routes WHERE alias = 'gpt-*'"))
        limits = '{"rate_limits": [{"requests": 7, "window_seconds": 60}]}'
        await connection.execute(
            text("UPDATE policies SET document = :d, version = 2"), {"d": limits}
        )
    cached = await container.configuration_cache.of(caller)
    seeded_aliases = {route.alias for route in seed.ROUTES}
    assert set(cached.routes) == set(before.routes) == seeded_aliases
    await refresh_policy_cache.run(EVENT, container)
    after = await container.configuration_cache.of(caller)
    assert set(after.routes) == seeded_aliases - {"gpt-*"}
    assert [limit.capacity for limit in after.policy.limits] == [7]


@pytest.mark.parametrize("only", [{}, {"org_id": "org-default"}])
async def test_a_revoked_key_is_out_at_once(
    seeded: tuple[Container, str], only: dict[str, str]
) -> None:
    container, key = seeded
    await _caller(container, key)
    async with container.database.tenant("org-default") as connection:
        await connection.execute(
            text("UPDATE api_keys SET revoked_at = now() WHERE role = 'service'")
        )
    await _caller(container, key)
    await refresh_policy_cache.run({**EVENT, **only}, container)
    assert await container.key_cache.find(key) is None


async def test_requests_need_no_database_afterwards(seeded: tuple[Container, str]) -> None:
    container, key = seeded
    await refresh_policy_cache.run(EVENT, container)
    cached_only = Container(replace(container.settings, database_url="postgresql://127.0.0.1:9/db"))
    caller = await _caller(cached_only, key)
    assert caller.application_id == "app-default"
    assert "gpt-*" in (await cached_only.configuration_cache.of(caller)).routes


@pytest.mark.parametrize("org_id", ["org-none", "", 7, ["org-default"]])
async def test_an_unknown_organisation_is_named(seeded: tuple[Container, str], org_id: Any) -> None:
    container, _ = seeded
    with pytest.raises(ControlPlaneError) as refused:
        await refresh_policy_cache.run({**EVENT, "org_id": org_id}, container)
    assert repr(org_id) in str(refused.value)


async def test_a_cap_from_elsewhere_is_open_once_it_is_refreshed(
    seeded: tuple[Container, str],
) -> None:
    container, key = seeded
    caller = await _caller(container, key)
    async with container.database.tenant("org-default") as connection:
        document = '{"cost_caps": [{"usd": "5", "period": "day"}]}'
        await connection.execute(text("UPDATE policies SET document = :d"), {"d": document})
    await refresh_policy_cache.run(EVENT, container)
    rules = await container.configuration_cache.of(caller)
    (cap,) = [limit for limit in rules.policy.limits if limit.measure is Measure.COST]
    claim = Claim("req-1", "org-default", (cap,), cost_microusd=1)
    assert (await container.ledger.reserve(claim)).refused_by is None
