"""API keys in Redis, `api_key:<hash>`; PostgreSQL only on a miss.

An entry holds whom the key speaks for, or that no such key exists. Like the rules it outlives its
freshness, so that a database that is down locks nobody out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from controlplane.adapters.redis.client import RedisClient
from controlplane.domain.access import ApiKey, Caller, Role
from controlplane.domain.keys import KeyHasher
from controlplane.errors import Unreachable

FRESH_SECONDS = 300
UNKNOWN_SECONDS = 30
KEEP_SECONDS = 86_400


class KeyCache:
    """The request path's KeyDirectory."""

    def __init__(
        self,
        client: RedisClient,
        hasher: KeyHasher,
        load: Callable[[str], Awaitable[ApiKey | None]],
    ) -> None:
        self._client = client
        self._hasher = hasher
        self._load = load

    async def find(self, presented: str) -> Caller | None:
        """The caller behind a key. Raises Unreachable where neither store answers."""
        if not self._hasher.is_well_formed(presented):
            return None
        key_hash = self._hasher.hash(presented)
        cached = await self._read(key_hash)
        if cached is not None and cached["fresh_until"] > time.time():
            return _caller(cached)
        try:
            found = await self._load(key_hash)
        except Unreachable:
            if cached is None:
                raise
            return _caller(cached)
        entry = _entry(found)
        keep = KEEP_SECONDS if found else UNKNOWN_SECONDS
        with suppress(Unreachable):  # the answer is known all the same
            await self._client.run(
                lambda r: r.set(_key(key_hash), json.dumps(entry), ex=keep),
            )
        return _caller(entry)

    async def replace(self, keys: Iterable[ApiKey]) -> None:
        """Write the entries of `keys` and forget all others, so that a revoked key is looked up
        anew. Raises Unreachable."""
        entries = {_key(key.key_hash): json.dumps(_entry(key)) for key in keys}

        async def write(redis: Any) -> None:
            stale = [name async for name in redis.scan_iter(match=_key("*"), count=1000)]
            async with redis.pipeline(transaction=False) as pipe:
                for name in stale:
                    if name.decode() not in entries:
                        pipe.delete(name)
                for name, entry in entries.items():
                    pipe.set(name, entry, ex=KEEP_SECONDS)
                await pipe.execute()

        await self._client.run(write)

    async def _read(self, key_hash: str) -> dict[str, Any] | None:
        try:
            raw = await self._client.run(lambda r: r.get(_key(key_hash)))
        except Unreachable:
            return None
        return None if raw is None else _decode(raw)


def _key(key_hash: str) -> str:
    return f"api_key:{key_hash}"


def _entry(key: ApiKey | None) -> dict[str, Any]:
    if key is None:
        return {"fresh_until": time.time() + UNKNOWN_SECONDS, "caller": None}
    return {
        "fresh_until": time.time() + FRESH_SECONDS,
        "expires_at": key.expires_at and key.expires_at.astimezone(UTC).timestamp(),
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
    return Caller(**{**caller, "role": Role(caller["role"])})
