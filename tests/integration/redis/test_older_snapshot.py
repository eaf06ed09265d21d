"""Redis comes back from an older snapshot: what it holds is not believed, by whoever saw more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.configuration_cache import ConfigurationCache
from controlplane.adapters.redis.key_cache import KeyCache
from controlplane.adapters.redis.ledger import RedisLedger
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.configuration import StoredConfiguration
from controlplane.domain.keys import KeyHasher
from controlplane.domain.limits import Claim, Limit, Measure, Period
from controlplane.domain.rotating import Constant
from controlplane.errors import LedgerLost, Unreachable

HASHER = KeyHasher("pepper")
PEPPER = Constant(HASHER)
CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
CAP = Limit(Measure.COST, "app-1", 1_000_000, Period.DAY)
OLD = StoredConfiguration([], [])
NEW = StoredConfiguration(
    [],
    [
        {
            "alias": "gpt-6-luna",
            "strategy": "priority",
            "targets": [{"provider": "openai", "model": "gpt-6-luna", "weight": 1}],
            "timeouts": None,
        }
    ],
)


class Database:
    """Stands for PostgreSQL, which is never older."""

    def __init__(self) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.rules = OLD
        self.down = False

    async def key(self, key_hash: str) -> ApiKey | None:
        if self.down:
            raise Unreachable("postgresql")
        return self.keys.get(key_hash)

    async def all_rules(self, org_id: str) -> StoredConfiguration:
        if self.down:
            raise Unreachable("postgresql")
        return self.rules


class Snapshot:
    """All of Redis at one moment, to be put back."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._dumped: dict[bytes, tuple[bytes, int]] = {}

    async def take(self) -> None:
        async def dump(redis: Any) -> None:
            async for name in redis.scan_iter():
                lifetime = max(0, await redis.pttl(name))
                self._dumped[name] = await redis.dump(name), lifetime

        await self._client.run(dump)

    async def put_back(self) -> None:
        async def restore(redis: Any) -> None:
            await redis.flushdb()
            for name, (value, lifetime) in self._dumped.items():
                await redis.restore(name, lifetime, value)

        await self._client.run(restore)


@pytest.fixture
async def client(clean_redis: str) -> AsyncIterator[RedisClient]:
    made = RedisClient(clean_redis, 2_000, 8)
    yield made
    await made.close()


async def test_revoked_keys_and_old_rules_stay_gone(client: RedisClient, clean_redis: str) -> None:
    database, snapshot = Database(), Snapshot(client)
    keys = [HASHER.generate() for _ in range(6)]
    for key in keys:
        database.keys[HASHER.hash(key)] = ApiKey("k1", HASHER.hash(key), CALLER)
    cache = KeyCache(client, PEPPER, database.key)
    rules = ConfigurationCache(client, database.all_rules)
    assert [await cache.find(key) for key in keys] == [CALLER] * 6
    assert (await rules.of(CALLER)).routes == {}
    await snapshot.take()
    revoked = dict.fromkeys(database.keys)
    database.keys, database.rules = {}, NEW
    await cache.put(revoked)
    await rules.replace("org-1", NEW)
    await snapshot.put_back()
    assert [await cache.find(key) for key in keys] == [None] * 6
    assert list((await rules.of(CALLER)).routes) == ["gpt-6-luna"]
    # The new epoch is for all: a process that has seen nothing believes no old entry either.
    other = RedisClient(clean_redis, 2_000, 2)
    await snapshot_key_of_before(snapshot, other, keys[0])
    assert await KeyCache(other, PEPPER, database.key).find(keys[0]) is None
    await other.close()


async def snapshot_key_of_before(snapshot: Snapshot, client: RedisClient, key: str) -> None:
    """The entry of the old epoch is there again, as if nobody had asked for it yet."""
    name = f"api_key:{HASHER.hash(key)}"
    value, lifetime = snapshot._dumped[name.encode()]
    await client.run(lambda r: r.restore(name, lifetime, value, replace=True))


async def test_while_the_database_is_down_nothing_old_is_believed(client: RedisClient) -> None:
    database, snapshot = Database(), Snapshot(client)
    key = HASHER.generate()
    database.keys[HASHER.hash(key)] = ApiKey("k1", HASHER.hash(key), CALLER)
    cache = KeyCache(client, PEPPER, database.key)
    assert await cache.find(key) == CALLER
    await snapshot.take()
    await cache.put({HASHER.hash(key): None})
    await snapshot.put_back()
    database.down = True
    with pytest.raises(Unreachable):
        await cache.find(key)


async def test_old_totals_are_a_lost_ledger(client: RedisClient) -> None:
    ledger, snapshot = RedisLedger(client), Snapshot(client)
    await ledger.books.open("org-1", {CAP: {}})
    await spend(ledger, "r1", 100)
    await snapshot.take()
    await spend(ledger, "r2", 900_000)
    await snapshot.put_back()
    with pytest.raises(LedgerLost):
        await spend(ledger, "r3", 900_000)
    assert "org-1" in await ledger.books.lost()
    # Restored, it counts what is on record, and is trusted in the new epoch.
    await ledger.books.open("org-1", {CAP: {"": {}}})
    await spend(ledger, "r4", 10)


async def test_without_a_loss_nothing_is_lost(client: RedisClient) -> None:
    """The control: the same, and Redis stays what it is."""
    ledger = RedisLedger(client)
    await ledger.books.open("org-1", {CAP: {}})
    for number in range(5):
        await spend(ledger, f"r{number}", 100)
    assert await ledger.books.lost() == {}


async def spend(ledger: RedisLedger, request_id: str, cost: int) -> None:
    claim = Claim(request_id, "org-1", (CAP,), 0, cost, 60.0)
    decision = await ledger.reserve(claim)
    assert decision.refused_by is None
    await ledger.settle(decision.hold, tokens=0, cost_microusd=cost)


async def test_a_process_that_knows_an_epoch_that_is_over_restores_for_the_one_in_force(
    clean_redis: str,
) -> None:
    """The function that counts anew has not seen what the gateway has."""
    gateway, function = RedisClient(clean_redis, 500, 2), RedisClient(clean_redis, 500, 2)
    try:
        for client in (function, gateway):
            await client.run(client.mark.read)
        await RedisLedger(function).books.open("org-1", {CAP: {}})
        await function.redis.flushdb()
        await gateway.run(gateway.mark.read)
        assert gateway.mark.epoch != function.mark.epoch
        await RedisLedger(function).books.open("org-1", {CAP: {}})
        decision = await RedisLedger(gateway).reserve(Claim("r1", "org-1", (CAP,), cost_microusd=1))
        assert decision.refused_by is None
    finally:
        await gateway.close()
        await function.close()
