"""API keys in Redis, `api_key:<hash>`; PostgreSQL only on a miss.

An entry holds whom the key speaks for, or that no such key is in force. Like the rules it outlives
its freshness, so that a database that is down or slow locks no caller out, and keeps none waiting.

A key that ends is not deleted here but marked as unknown: whoever has read the database before it
ended finds another entry than before, and does not write what has become wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from redis.exceptions import WatchError

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.mark import Mark
from controlplane.adapters.redis.turns import Renewed, ends_turn, takes_turn
from controlplane.adapters.refreshes import Refreshes
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.keys import KeyHasher
from controlplane.domain.rotating import Rotating
from controlplane.errors import Unreachable

FRESH_SECONDS = 300
# Longer than a look-up in the database may take.
UNKNOWN_SECONDS = 30
KEEP_SECONDS = 86_400


class KeyCache:
    """The request path's KeyDirectory."""

    def __init__(
        self,
        client: RedisClient,
        hasher: Rotating[KeyHasher],
        load: Callable[[str], Awaitable[ApiKey | None]],
        refreshes: Refreshes | None = None,
    ) -> None:
        self._client = client
        self._hasher = hasher
        self._load = load
        self._refreshes = refreshes or Refreshes()

    async def find(self, presented: str) -> Caller | None:
        """The caller behind a key. Raises Unreachable where neither store answers."""
        hasher = await self._hasher.current()
        if not hasher.is_well_formed(presented):
            return None
        key_hash = hasher.hash(presented)
        raw = await self._read(key_hash)
        cached = None if raw is None else _decode(raw)
        if cached is not None and cached.get("epoch") not in (None, self._client.mark.epoch):
            cached = None
        # What was written before keys had a lineage, or an epoch, is looked up once.
        is_whole = cached is not None and "lineage" in cached and "epoch" in cached
        if cached is not None and is_whole and cached["fresh_until"] > time.time():
            return _caller(cached)
        name = f"key:{key_hash}"
        if cached is None:
            found = await self._refreshes.now(name, partial(self._look_up, key_hash, raw))
            return _caller(_entry(found, ""))
        renewed = await self._refreshes.soon(name, partial(self._refresh, key_hash, raw))
        return _caller(cached if renewed is None else _entry(renewed.value, ""))

    async def _look_up(self, key_hash: str, was: bytes | None) -> ApiKey | None:
        found = await self._load(key_hash)
        with suppress(Unreachable):  # the answer is known all the same
            await self._renew(key_hash, found, was)
        return found

    async def _refresh(self, key_hash: str, was: bytes | None) -> Renewed[ApiKey | None] | None:
        """As `_look_up`, where no other process is at it."""
        turn = f"refreshing:{key_hash}"
        if not await takes_turn(self._client, turn):
            return None
        found = Renewed(await self._look_up(key_hash, was))
        await ends_turn(self._client, turn)
        return found

    async def put(self, keys: Mapping[str, ApiKey | None]) -> None:
        """Write how keys stand, by hash; None where one is not in force. It holds at once.

        Raises Unreachable.
        """

        async def write(redis: Any) -> None:
            # One by one: keys of a cluster have no place in common.
            async with redis.pipeline(transaction=False) as pipe:
                for key_hash, key in keys.items():
                    _queue(pipe, key_hash, key, self._client.mark.epoch)
                await pipe.execute()

        if keys:
            await self._client.run(self._client.mark.read)
            await self._client.run(write)
            await self._client.run(self._client.mark.changed)

    async def replace(self, keys: Iterable[ApiKey]) -> None:
        """Write the entries of `keys` and forget all others, so that a revoked key is looked up
        anew. Raises Unreachable."""
        current = {key.key_hash: key for key in keys}

        async def write(redis: Any) -> None:
            names = [name async for name in redis.scan_iter(match=_key("*"), count=1000)]
            others = [name for name in names if _hash(name) not in current]
            async with redis.pipeline(transaction=False) as reads:
                for name in others:
                    reads.get(name)
                values = await reads.execute()
            async with redis.pipeline(transaction=False) as pipe:
                for name, raw in zip(others, values, strict=True):
                    # What is marked as unknown stays so: see above.
                    if raw is not None and _decode(raw)["caller"] is not None:
                        pipe.delete(name)
                for key_hash, key in current.items():
                    _queue(pipe, key_hash, key, self._client.mark.epoch)
                await pipe.execute()

        await self._client.run(self._client.mark.read)
        await self._client.run(write)
        await self._client.run(self._client.mark.changed)

    async def _read(self, key_hash: str) -> bytes | None:
        async def read(redis: Any) -> list[Any]:
            async with redis.pipeline(transaction=False) as pipe:
                pipe.get(_key(key_hash))
                Mark.queue(pipe)
                replies: list[Any] = await pipe.execute()
                return replies

        try:
            raw, mark = await self._client.run(read)
            await self._client.noted(mark)
        except Unreachable:
            return None
        found: bytes | None = raw
        return found

    async def _renew(self, key_hash: str, found: ApiKey | None, was: bytes | None) -> None:
        """Write, unless another process has since `was`: what was loaded may be older than that."""
        name = _key(key_hash)

        async def write(redis: Any) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                await pipe.watch(name)
                if await pipe.get(name) != was:
                    return
                pipe.multi()
                _queue(pipe, key_hash, found, self._client.mark.epoch)
                with suppress(WatchError):
                    await pipe.execute()

        await self._client.run(write)


def _queue(pipe: Any, key_hash: str, key: ApiKey | None, epoch: str) -> None:
    seconds = UNKNOWN_SECONDS if key is None else KEEP_SECONDS
    pipe.set(_key(key_hash), json.dumps(_entry(key, epoch)), ex=seconds)


def _key(key_hash: str) -> str:
    return f"api_key:{key_hash}"


def _hash(name: bytes) -> str:
    return name.decode().removeprefix("api_key:")


def _entry(key: ApiKey | None, epoch: str) -> dict[str, Any]:
    if key is None:
        fresh_until = time.time() + UNKNOWN_SECONDS
        return {"fresh_until": fresh_until, "epoch": epoch, "lineage": None, "caller": None}
    return {
        "epoch": epoch,
        "fresh_until": time.time() + FRESH_SECONDS,
        "expires_at": key.expires_at and key.expires_at.astimezone(UTC).timestamp(),
        # Beside the caller, whose members an older reader knows by name.
        "lineage": key.caller.first_key_id,
        "caller": {
            "org_id": key.caller.org_id,
            "role": key.caller.role.value,
            "application_id": key.caller.application_id,
            "key_id": key.id,
        },
    }


@lru_cache(maxsize=1024)
def _decode(raw: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(raw)
    return entry


def _caller(entry: dict[str, Any]) -> Caller | None:
    caller, expires_at = entry["caller"], entry.get("expires_at")
    if caller is None or (expires_at is not None and expires_at <= datetime.now(UTC).timestamp()):
        return None
    return Caller(**{**caller, "role": Role(caller["role"]), "first_key_id": entry.get("lineage")})
