"""Policies and routes, one Redis hash per organisation; PostgreSQL only where that is missing.

Fields of `rules:{org-123}`: `epoch` (of the mark), `fresh_until` (seconds since 1970), `routes` and
`prices` (JSON arrays), and one `policy:<level>:<id>` per document. The hash is written whole, so a
document without a field does not exist. It outlives its freshness by far, KEEP_SECONDS from when it
was written: a database that is down or slow leaves the last known rules in force, and keeps no
caller waiting.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

from redis.exceptions import WatchError

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.health import cooling_down, cooling_down_key
from controlplane.adapters.redis.mark import Mark
from controlplane.adapters.redis.turns import Renewed, ends_turn, takes_turn
from controlplane.adapters.refreshes import Refreshes
from controlplane.domain.access import Caller
from controlplane.domain.configuration import Configuration, StoredConfiguration
from controlplane.domain.policy import Level, subjects
from controlplane.domain.price import Price, Prices
from controlplane.domain.routing import Route, Routes
from controlplane.errors import Unreachable
from controlplane.policy.effective import policy_at

FRESH_SECONDS = 300
KEEP_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class _Kept:
    """What Redis has: until when it is fresh, and the `values` that may be believed."""

    until: bytes | None = None
    values: list[bytes | None] | None = None
    is_fresh: bool = False
    failing: Mapping[str, float] = field(default_factory=dict)


class ConfigurationCache:
    """The request path's ConfigurationSource."""

    def __init__(
        self,
        client: RedisClient,
        load: Callable[[str], Awaitable[StoredConfiguration]],
        refreshes: Refreshes | None = None,
    ) -> None:
        self._client = client
        self._load = load
        self._refreshes = refreshes or Refreshes()

    async def of(self, caller: Caller) -> Configuration:
        """The rules for `caller`. Raises Unreachable where neither store answers."""
        kept = await self._read(caller)
        if kept.values is not None and kept.is_fresh:
            return _rules(caller, kept.values, kept.failing)
        name, org_id = f"rules:{caller.org_id}", caller.org_id
        if kept.values is None:
            fields = await self._refreshes.now(name, partial(self._look_up, org_id, kept.until))
        else:
            renewed = await self._refreshes.soon(name, partial(self._refresh, org_id, kept.until))
            if renewed is None:
                return _rules(caller, kept.values, kept.failing)
            fields = renewed.value
        names = ["routes", "prices", *_policy_fields(caller)]
        return _rules(caller, [_bytes(fields.get(name)) for name in names], kept.failing)

    async def _look_up(self, org_id: str, was: bytes | None) -> dict[str, str]:
        fields = _encode(await self._load(org_id), self._client.mark.epoch)
        with suppress(Unreachable):  # the rules are known all the same
            await self._renew(org_id, fields, was)
        return fields

    async def _refresh(self, org_id: str, was: bytes | None) -> Renewed[dict[str, str]] | None:
        """As `_look_up`, where no other process is at it."""
        turn = f"refreshing:{{{org_id}}}"
        if not await takes_turn(self._client, turn):
            return None
        fields = Renewed(await self._look_up(org_id, was))
        await ends_turn(self._client, turn)
        return fields

    async def replace(self, org_id: str, rules: StoredConfiguration) -> None:
        """Write what holds from the next request on. Raises Unreachable."""
        await self._client.run(self._client.mark.read)
        await self._write(org_id, _encode(rules, self._client.mark.epoch))
        await self._client.run(self._client.mark.changed)

    async def _read(self, caller: Caller) -> _Kept:
        names = ["epoch", "fresh_until", "routes", "prices", *_policy_fields(caller)]

        async def read(redis: Any) -> list[Any]:
            async with redis.pipeline(transaction=False) as pipe:
                pipe.hmget(_key(caller.org_id), names)
                pipe.hgetall(cooling_down_key(caller.org_id))
                Mark.queue(pipe)
                replies: list[Any] = await pipe.execute()
                return replies

        try:
            (epoch, until, *values), failing, mark = await self._client.run(read)
            await self._client.noted(mark)
        except Unreachable:
            return _Kept()
        is_of_now = epoch is None or epoch.decode() == self._client.mark.epoch
        is_whole = until is not None and None not in values[:2]
        # What was written before there were epochs is read anew.
        is_fresh = epoch is not None and is_whole and float(until) > time.time()
        known = values if is_whole and is_of_now else None
        return _Kept(until, known, is_fresh, cooling_down(failing))

    async def _write(self, org_id: str, fields: Mapping[str, str]) -> None:
        async def write(redis: Any) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                _queue(pipe, _key(org_id), fields)
                await pipe.execute()

        await self._client.run(write)

    async def _renew(self, org_id: str, fields: Mapping[str, str], was: bytes | None) -> None:
        """Write, unless another process has since `was`: what was loaded may be older than that."""
        key = _key(org_id)

        async def write(redis: Any) -> None:
            async with redis.pipeline(transaction=True) as pipe:
                await pipe.watch(key)
                if await pipe.hget(key, "fresh_until") != was:
                    return
                pipe.multi()
                _queue(pipe, key, fields)
                with suppress(WatchError):
                    await pipe.execute()

        await self._client.run(write)


def _queue(pipe: Any, key: str, fields: Mapping[str, str]) -> None:
    pipe.delete(key)
    pipe.hset(key, mapping=fields)
    pipe.expire(key, KEEP_SECONDS)


def _key(org_id: str) -> str:
    return f"rules:{{{org_id}}}"


def _policy_fields(caller: Caller) -> list[str]:
    return [_policy_field(level, subject_id) for level, subject_id in subjects(caller)]


def _policy_field(level: Level, subject_id: str) -> str:
    return f"policy:{level.value}:{subject_id}"


def _encode(rules: StoredConfiguration, epoch: str) -> dict[str, str]:
    return {
        "epoch": epoch,
        "fresh_until": f"{time.time() + FRESH_SECONDS:.0f}",
        "routes": json.dumps(list(rules.routes)),
        "prices": json.dumps(list(rules.prices)),
        **{
            _policy_field(entry.level, entry.subject_id): entry.to_json()
            for entry in rules.documents
        },
    }


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _rules(
    caller: Caller, values: Sequence[bytes | None], failing: Mapping[str, float]
) -> Configuration:
    routes, prices, *documents = values
    assert routes is not None
    assert prices is not None
    texts = [text for text in documents if text is not None]
    policy = policy_at(caller, texts, time.time())
    return Configuration(policy, _routes(routes), failing, _prices(prices))


@lru_cache(maxsize=128)
def _routes(text: bytes) -> Routes:
    return {row["alias"]: Route.from_dict(row) for row in json.loads(text)}


@lru_cache(maxsize=128)
def _prices(text: bytes) -> Prices:
    return {(row["provider"], row["model"]): Price.from_dict(row) for row in json.loads(text)}
