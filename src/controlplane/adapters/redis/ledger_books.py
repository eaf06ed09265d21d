"""The ledger as its keepers see it: what is counted, what is lost, which holds were not settled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger_keys import (
    LOST_KEY,
    from_us,
    holds_key,
    ledger_key,
    limit_key,
    limit_keys,
    to_us,
    window_arg,
)
from controlplane.adapters.redis.scripts import script
from controlplane.domain.limits import Limit

CLOSING_SECONDS = 60

_SECOND = 1_000_000


class State(IntEnum):
    """What is known about a counter of costs; a cap that was gone for a while is not open."""

    TRUSTED = 0
    NOT_OPEN = 1
    LOST = 2


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of costs (micro-dollars) or tokens: what was spent per bucket, what is held.

    `moved_at` is the last settlement, by Redis's clock. A period of the calendar has a start and an
    end (`resets_at`); a rolling window has no start, and resets when its oldest bucket leaves.
    """

    limit: Limit
    state: State
    held: int
    moved_at: datetime
    buckets: Mapping[int, int]
    starts_at: datetime | None = None
    resets_at: datetime | None = None

    @property
    def spent(self) -> int:
        """The sum that counts."""
        return sum(self.buckets.values())


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """The counters of an organisation at one moment of Redis's clock."""

    now: datetime
    exists: bool
    counters: tuple[Counter, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """When it was noticed that a ledger is lost, and until when older holds may live."""

    noticed_at: datetime
    holds_end_at: datetime


@dataclass(frozen=True, slots=True)
class DeadHold:
    """A hold whose lease has ended, and what its request said about itself."""

    org_id: str
    request_id: str
    admitted_at: datetime
    expired_at: datetime
    note: Mapping[str, Any]


class LedgerBooks:
    """Every method raises Unreachable."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._read = client.redis.register_script(script("counters.lua", "read.lua"))
        self._open = client.redis.register_script(script("counters.lua", "open.lua"))
        self._lost = client.redis.register_script(script("lost.lua"))

    async def read(self, org_id: str, limits: Sequence[Limit]) -> LedgerPage:
        """The counters of these cost caps and token limits, all at the same moment.

        Of tokens nothing is lost that matters: their state says nothing.
        """
        keys = [ledger_key(org_id), *limit_keys(org_id, limits)]
        args = [window_arg(limit) for limit in limits]
        now, exists, *found = await self._client.run(lambda _: self._read(keys=keys, args=args))
        counters = tuple(
            Counter(
                limit,
                State(state),
                held,
                from_us(moved_at),
                _pairs(rest),
                from_us(starts) if starts else None,
                from_us(resets) if resets else None,
            )
            for limit, (state, held, moved_at, starts, resets, *rest) in zip(
                limits, found, strict=True
            )
        )
        return LedgerPage(from_us(now), bool(exists), counters)

    async def open(self, org_id: str, spent: Mapping[Limit, Mapping[int, int]]) -> None:
        """Start to trust these counters, with what was spent per bucket.

        Those that are trusted already stay as they are.
        """
        await self._write(org_id, spent, {})

    async def close_others(self, org_id: str, limits: Sequence[Limit]) -> None:
        """Soon nothing counts under other caps than these: trust no other counter for longer.

        They stay for CLOSING_SECONDS, for requests that have read the policy of before.
        """
        ledger = ledger_key(org_id)
        kept = {limit_key(org_id, limit) for limit in limits} | {"opened_at"}
        ends_at = to_us(await self.now()) + CLOSING_SECONDS * _SECOND
        known = await self._client.run(lambda r: r.hgetall(ledger))
        closing = {
            name: -ends_at
            for name, until in known.items()
            if name.decode() not in kept and int(until) >= 0
        }
        if closing:
            await self._client.run(lambda r: r.hset(ledger, mapping=closing))

    async def correct(self, org_id: str, counter: Counter, buckets: Mapping[int, int]) -> bool:
        """Replace a trusted counter; False where it has moved since it was read."""
        limit = counter.limit
        return await self._write(org_id, {limit: buckets}, {limit: counter.spent}) == [1]

    async def note_lost(self, org_id: str, lease_seconds: float) -> None:
        """Have `ledger-restore` see to this organisation, once no older hold can live."""
        args = [org_id, round(lease_seconds * _SECOND)]
        await self._client.run(lambda _: self._lost(keys=[LOST_KEY], args=args))

    async def lost(self) -> dict[str, Loss]:
        """The organisations whose ledger is lost."""
        found = await self._client.run(lambda r: r.hgetall(LOST_KEY))
        return {org_id.decode(): _loss(value.decode()) for org_id, value in found.items()}

    async def found(self, org_id: str) -> None:
        """The ledger of this organisation is whole again."""
        await self._client.run(lambda r: r.hdel(LOST_KEY, org_id))

    async def now(self) -> datetime:
        """Redis's clock."""
        seconds, microseconds = await self._client.run(lambda r: r.time())
        return from_us(seconds * _SECOND + microseconds)

    async def dead_holds(self) -> list[DeadHold]:
        """The holds of all organisations whose lease has ended and that are not swept yet."""
        now = await self.now()

        async def scan(redis: Any) -> list[tuple[bytes, bytes, bytes]]:
            return [
                (key, request_id, value)
                async for key in redis.scan_iter(match=holds_key("*"), count=1_000)
                for request_id, value in (await redis.hgetall(key)).items()
            ]

        entries = await self._client.run(scan)
        holds = [_hold(*(part.decode() for part in entry)) for entry in entries]
        return [hold for hold in holds if hold.expired_at <= now]

    async def forget(self, hold: DeadHold) -> None:
        """Its end is on record."""
        await self._client.run(lambda r: r.hdel(holds_key(hold.org_id), hold.request_id))

    async def _write(
        self,
        org_id: str,
        spent: Mapping[Limit, Mapping[int, int]],
        expected: Mapping[Limit, int],
    ) -> list[int]:
        keys = [ledger_key(org_id), *limit_keys(org_id, spent)]
        args = [
            json.dumps(
                {
                    "window": window_arg(limit),
                    "expected": expected.get(limit, -1),
                    "buckets": sorted(buckets.items()),
                }
            )
            for limit, buckets in spent.items()
        ]
        written: list[int] = await self._client.run(lambda _: self._open(keys=keys, args=args))
        return written


def _pairs(flat: Sequence[int]) -> dict[int, int]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _loss(value: str) -> Loss:
    noticed_us, _, lease_us = value.partition(":")
    noticed_at = from_us(int(noticed_us))
    return Loss(noticed_at, noticed_at + timedelta(microseconds=int(lease_us)))


def _hold(key: str, request_id: str, value: str) -> DeadHold:
    row = json.loads(value)
    org_id = key[key.index("{") + 1 : key.index("}")]
    times = from_us(row["admitted_at"]), from_us(row["expires_at"])
    return DeadHold(org_id, request_id, *times, row["note"])
