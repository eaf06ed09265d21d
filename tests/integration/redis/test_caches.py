"""Keys and rules come from Redis; PostgreSQL is asked on a miss, and not needed when it is down."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from controlplane.adapters.redis import configuration_cache, key_cache
from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.configuration_cache import ConfigurationCache
from controlplane.adapters.redis.key_cache import KeyCache
from controlplane.adapters.refreshes import Refreshes
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.configuration import StoredConfiguration
from controlplane.domain.keys import KeyHasher
from controlplane.domain.limits import Limit, Measure
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.price import Price
from controlplane.domain.rotating import Constant
from controlplane.errors import Unreachable
from controlplane.policy.output_tokens import MAX_OUTPUT_TOKENS

HASHER = KeyHasher("pepper")
PEPPER = Constant(HASHER)
KEY = HASHER.generate()
CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
LIMIT = {"rate_limits": [{"requests": 3, "window_seconds": 60}]}
DOCUMENTS = [
    PolicyDocument(Level.APPLICATION, "app-1", 1, LIMIT),
    PolicyDocument(Level.APPLICATION, "app-2", 1, {"max_output_tokens": 1}),
]
ROUTES = [
    {
        "alias": "gpt-4o",
        "strategy": "priority",
        "targets": [{"provider": "openai", "model": "gpt-4o", "weight": 1}],
        "timeouts": None,
    }
]


class Store:
    """Stands for PostgreSQL: counts what it is asked, and can be down."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.hangs = False
        self.key: ApiKey | None = ApiKey("k1", HASHER.hash(KEY), CALLER)
        self.rules = StoredConfiguration(DOCUMENTS, ROUTES)

    def _ask(self) -> None:
        self.asked += 1
        if self.down:
            raise Unreachable("postgresql")

    async def _hang(self) -> None:
        if self.hangs:
            await asyncio.sleep(5)
            raise Unreachable("postgresql")

    async def load_key(self, key_hash: str) -> ApiKey | None:
        self._ask()
        await self._hang()
        return self.key if self.key and self.key.key_hash == key_hash else None

    async def load_rules(self, org_id: str) -> StoredConfiguration:
        self._ask()
        await self._hang()
        return self.rules


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    made = RedisClient(clean_redis, 2_000, 8)
    yield made
    await made.close()


DEAD = "redis://127.0.0.1:1"


async def test_a_key_is_looked_up_once(client: RedisClient) -> None:
    store = Store()
    cache = KeyCache(client, PEPPER, store.load_key)
    for _ in range(3):
        assert await cache.find(KEY) == CALLER
    assert store.asked == 1


async def test_an_unknown_key_is_remembered_and_a_malformed_one_never_looked_up(
    client: RedisClient,
) -> None:
    store = Store()
    cache = KeyCache(client, PEPPER, store.load_key)
    unknown = HASHER.generate()
    assert await cache.find(unknown) is None
    assert await cache.find(unknown) is None
    assert store.asked == 1
    assert await cache.find(unknown[:-1] + "~") is None
    assert store.asked == 1


async def test_neither_key_nor_secret_is_stored(client: RedisClient) -> None:
    await KeyCache(client, PEPPER, Store().load_key).find(KEY)

    async def dump(redis: Any) -> list[bytes]:
        return [name + await redis.get(name) async for name in redis.scan_iter(_type="string")]

    assert KEY.encode() not in b"".join(await client.run(dump))


@pytest.mark.dates
async def test_an_expired_key_is_unknown_even_from_the_cache(client: RedisClient) -> None:
    store = Store()
    soon = datetime.now(UTC) - timedelta(seconds=1)
    store.key = ApiKey("k1", HASHER.hash(KEY), CALLER, expires_at=soon)
    cache = KeyCache(client, PEPPER, store.load_key)
    assert await cache.find(KEY) is None
    assert await cache.find(KEY) is None


async def test_a_stale_key_serves_while_the_database_is_down(
    client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    cache = KeyCache(client, PEPPER, store.load_key)
    monkeypatch.setattr(key_cache, "FRESH_SECONDS", -1)
    assert await cache.find(KEY) == CALLER
    store.down = True
    assert await cache.find(KEY) == CALLER
    with pytest.raises(Unreachable):
        await cache.find(HASHER.generate())


async def test_without_redis_the_database_answers() -> None:
    store = Store()
    client = RedisClient(DEAD, 50, 2)
    assert await KeyCache(client, PEPPER, store.load_key).find(KEY) == CALLER
    rules = await ConfigurationCache(client, store.load_rules).of(CALLER)
    assert rules.policy.limits == (Limit(Measure.REQUESTS, "app-1", 3, 60),)
    store.down = True
    with pytest.raises(Unreachable):
        await KeyCache(client, PEPPER, store.load_key).find(KEY)


async def test_replacing_the_keys_forgets_revoked_ones(client: RedisClient) -> None:
    store = Store()
    cache = KeyCache(client, PEPPER, store.load_key)
    assert await cache.find(KEY) == CALLER
    store.key = None
    assert await cache.find(KEY) == CALLER
    await cache.replace([])
    assert await cache.find(KEY) is None


async def test_rules_are_loaded_once_and_hold_for_the_caller_alone(client: RedisClient) -> None:
    store = Store()
    cache = ConfigurationCache(client, store.load_rules)
    for _ in range(3):
        rules = await cache.of(CALLER)
        assert rules.policy.limits == (Limit(Measure.REQUESTS, "app-1", 3, 60),)
        assert MAX_OUTPUT_TOKENS.of(rules.policy) is None
        assert rules.routes["gpt-4o"].targets[0].provider == "openai"
    assert store.asked == 1
    other = await cache.of(Caller("org-1", Role.SERVICE, application_id="app-2", key_id="k2"))
    smallest = MAX_OUTPUT_TOKENS.of(other.policy)
    assert smallest is not None
    assert smallest.value == 1
    assert store.asked == 1


async def test_replaced_rules_hold_from_the_next_request_on(client: RedisClient) -> None:
    cache = ConfigurationCache(client, Store().load_rules)
    await cache.of(CALLER)
    await cache.replace("org-1", StoredConfiguration([], []))
    rules = await cache.of(CALLER)
    assert rules.policy.version == "default"
    assert rules.routes == {}


async def test_stale_rules_are_read_anew_and_serve_while_the_database_is_down(
    client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    cache = ConfigurationCache(client, store.load_rules)
    monkeypatch.setattr(configuration_cache, "FRESH_SECONDS", -1)
    await cache.of(CALLER)
    store.rules = StoredConfiguration([], ROUTES)
    assert (await cache.of(CALLER)).policy.version == "default"
    store.down = True
    assert (await cache.of(CALLER)).policy.version == "default"


async def test_a_database_that_hangs_keeps_nobody_waiting(
    client: RedisClient, clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old entries serve at once, and of two processes one asks, once for each of them."""
    store, refreshes = Store(), Refreshes()
    keys = KeyCache(client, PEPPER, store.load_key, refreshes)
    rules = ConfigurationCache(client, store.load_rules, refreshes)
    other_client = RedisClient(clean_redis, 2_000, 8)
    other = ConfigurationCache(other_client, store.load_rules)
    with monkeypatch.context() as patch:
        patch.setattr(key_cache, "FRESH_SECONDS", -1)
        patch.setattr(configuration_cache, "FRESH_SECONDS", -1)
        await keys.find(KEY)
        await rules.of(CALLER)
    store.hangs, store.asked = True, 0
    started = time.monotonic()
    assert await asyncio.gather(*(keys.find(KEY) for _ in range(20))) == [CALLER] * 20
    for one in await asyncio.gather(*(rules.of(CALLER) for _ in range(20)), other.of(CALLER)):
        assert one.routes
    assert time.monotonic() - started < 2
    assert store.asked == 2
    await refreshes.finish()
    await other_client.close()


async def test_a_reading_is_one_round_trip(client: RedisClient, clean_redis: str) -> None:
    cache = ConfigurationCache(client, Store().load_rules)
    await cache.of(CALLER)
    calls = 0
    original = client.run

    async def counted(command: Any) -> Any:
        nonlocal calls
        calls += 1
        return await original(command)

    client.run = counted  # type: ignore[method-assign]
    await cache.of(CALLER)
    assert calls == 1


async def test_what_was_loaded_before_a_change_does_not_replace_it(client: RedisClient) -> None:
    """A change that comes between the load and the write of a request that missed."""
    store = Store()
    cache = ConfigurationCache(client, store.load_rules)

    async def load(org_id: str) -> StoredConfiguration:
        old = await store.load_rules(org_id)
        await cache.replace(org_id, StoredConfiguration(DOCUMENTS, []))
        return old

    await ConfigurationCache(client, load).of(CALLER)
    assert (await cache.of(CALLER)).routes == {}
    assert store.asked == 1


async def test_a_document_of_another_time_is_not_in_force(
    client: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes in Redis: what holds changes with the clock, at the second it says."""
    store = Store()
    valid = {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
    begin, end = (datetime(2026, month, 1, tzinfo=UTC).timestamp() for month in (1, 2))
    document = PolicyDocument(Level.APPLICATION, "app-1", 1, {**LIMIT, "valid": valid})
    store.rules = StoredConfiguration([document], ROUTES)
    cache = ConfigurationCache(client, store.load_rules)
    own, default = (Limit(Measure.REQUESTS, "app-1", n, 60) for n in (3, 100))
    for now, expected in ((begin - 1, default), (begin, own), (end - 1, own), (end, default)):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        rules = await cache.of(CALLER)
        assert rules.policy.limits == (expected,)
        assert rules.policy.version == ("application:1" if expected is own else "default")


async def test_own_prices_come_with_the_rules(client: RedisClient) -> None:
    store = Store()
    row = {"provider": "vllm", "model": "llama", "input": "0.50", "output": "1"}
    store.rules = StoredConfiguration([], [], [{**row, "cached": None, "cache_write": None}])
    rules = await ConfigurationCache(client, store.load_rules).of(CALLER)
    expected = {("vllm", "llama"): Price(input=Decimal("0.50"), output=Decimal(1))}
    assert rules.prices == expected
    store.down = True
    assert (await ConfigurationCache(client, store.load_rules).of(CALLER)).prices == expected
