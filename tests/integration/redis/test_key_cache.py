"""A key that ends has ended for every process, whoever is just looking it up."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controlplane.adapters.redis import key_cache
from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.key_cache import KeyCache
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.keys import KeyHasher
from controlplane.domain.rotating import Constant
from controlplane.errors import Unreachable

HASHER = KeyHasher("pepper")
PEPPER = Constant(HASHER)
KEY = HASHER.generate()
HASH = HASHER.hash(KEY)
CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
STORED = ApiKey("k1", HASH, CALLER)

Load = Callable[[str], Awaitable[ApiKey | None]]


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    made = RedisClient(clean_redis, 2_000, 8)
    yield made
    await made.close()


async def load(key_hash: str) -> ApiKey | None:
    return STORED if key_hash == HASH else None


async def load_nothing(key_hash: str) -> ApiKey | None:
    return None


async def test_what_is_put_holds_at_once(client: RedisClient) -> None:
    cache = KeyCache(client, PEPPER, load)
    assert await cache.find(KEY) == CALLER
    await cache.put({HASH: None})
    assert await cache.find(KEY) is None
    await cache.put({HASH: STORED})
    assert await cache.find(KEY) == CALLER
    await cache.put({})
    assert await cache.find(KEY) == CALLER


@pytest.mark.dates
async def test_an_expiry_that_is_put_holds(client: RedisClient) -> None:
    cache = KeyCache(client, PEPPER, load)
    ended = replace(STORED, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await cache.put({HASH: ended})
    assert await cache.find(KEY) is None


@pytest.mark.parametrize("known", ["missing", "stale"])
async def test_a_look_up_that_began_before_the_end_does_not_bring_the_key_back(
    client: RedisClient, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is revoked between the reading of the database and the writing of the cache."""
    if known == "stale":
        with monkeypatch.context() as patch:
            patch.setattr(key_cache, "FRESH_SECONDS", -1)
            await KeyCache(client, PEPPER, load).find(KEY)
    other = KeyCache(client, PEPPER, load_nothing)

    async def revoked_meanwhile(key_hash: str) -> ApiKey | None:
        await other.put({key_hash: None})
        return STORED

    # The request that was under way may still pass; the ones after it may not.
    await KeyCache(client, PEPPER, revoked_meanwhile).find(KEY)
    assert await other.find(KEY) is None


async def test_nor_does_a_refresh_of_all_keys_take_away_the_mark(client: RedisClient) -> None:
    other = KeyCache(client, PEPPER, load_nothing)

    async def revoked_meanwhile(key_hash: str) -> ApiKey | None:
        await other.put({key_hash: None})
        await other.replace([])
        return STORED

    await KeyCache(client, PEPPER, revoked_meanwhile).find(KEY)
    assert await other.find(KEY) is None


async def test_a_look_up_that_meets_another_one_agrees_with_it(client: RedisClient) -> None:
    """The control: where nothing ended, the entry stays what it is."""
    cache = KeyCache(client, PEPPER, load)

    async def found_meanwhile(key_hash: str) -> ApiKey | None:
        assert await cache.find(KEY) == CALLER
        return STORED

    assert await KeyCache(client, PEPPER, found_meanwhile).find(KEY) == CALLER
    assert await KeyCache(client, PEPPER, load_nothing).find(KEY) == CALLER


async def test_a_refresh_writes_those_in_force_and_forgets_the_rest(client: RedisClient) -> None:
    cache = KeyCache(client, PEPPER, load)
    assert await cache.find(KEY) == CALLER
    await cache.replace([])
    assert await KeyCache(client, PEPPER, load_nothing).find(KEY) is None
    await cache.replace([STORED])
    assert await KeyCache(client, PEPPER, load_nothing).find(KEY) == CALLER


async def test_many_keys_are_put_and_replaced_together(client: RedisClient) -> None:
    """Keys of several organisations, which a cluster has in several places."""
    keys = [HASHER.generate() for _ in range(20)]
    stored = {HASHER.hash(key): replace(STORED, key_hash=HASHER.hash(key)) for key in keys}
    cache = KeyCache(client, PEPPER, load_nothing)

    async def known() -> int:
        return [await cache.find(key) for key in keys].count(CALLER)

    await cache.put(stored)
    assert await known() == len(keys)
    await cache.replace(list(stored.values())[:5])
    assert await known() == 5
    await cache.put(dict.fromkeys(stored))
    assert await known() == 0
    await cache.replace(stored.values())
    assert await known() == len(keys)


async def test_without_redis_nothing_is_told() -> None:
    cache = KeyCache(RedisClient("redis://127.0.0.1:1", 50, 2), PEPPER, load)
    with pytest.raises(Unreachable):
        await cache.put({HASH: None})
    assert await cache.find(KEY) == CALLER


async def test_the_lineage_is_kept(client: RedisClient) -> None:
    rotated = replace(STORED, caller=replace(CALLER, first_key_id="k0"))
    cache = KeyCache(client, PEPPER, load_nothing)
    await cache.put({HASH: rotated})
    found = await cache.find(KEY)
    assert found == rotated.caller
    assert (found.subject, found.account) == ("key:k1", "key:k0")


@pytest.mark.parametrize("down", [False, True])
async def test_an_entry_from_before_lineages_is_looked_up_or_else_read(
    client: RedisClient, down: bool
) -> None:
    members = {"org_id": "org-1", "role": "service", "application_id": "app-1", "key_id": "k1"}
    entry = {"fresh_until": time.time() + 300, "expires_at": None, "caller": members}
    await client.run(lambda redis: redis.set(f"api_key:{HASH}", json.dumps(entry)))
    rotated = replace(STORED, caller=replace(CALLER, first_key_id="k0"))

    async def look_up(key_hash: str) -> ApiKey | None:
        if down:
            raise Unreachable("PostgreSQL")
        return rotated

    found = await KeyCache(client, PEPPER, look_up).find(KEY)
    assert found == (CALLER if down else rotated.caller)
    if not down:
        assert await KeyCache(client, PEPPER, load_nothing).find(KEY) == rotated.caller
