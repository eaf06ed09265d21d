"""The ledger as its keepers see it: what is counted, what is lost, which holds were not settled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import partial
from typing import Any

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger_keys import (
    LOST_KEY,
    counter_keys,
    counts_in_buckets,
    from_us,
    holds_key,
    ledger_key,
    limit_keys,
    names_key,
    to_us,
    trusted_key,
    window_arg,
)
from controlplane.adapters.redis.scripts import script
from controlplane.domain.access import ORG_ID
from controlplane.domain.limits import Limit, Measure
from controlplane.errors import StoreRefused
from controlplane.telemetry import count

# What was spent per bucket; of a limit with many counters, of each by its name.
Buckets = Mapping[int, int]
# The names of the counters of a limit; the only one of a limit that has no more is ''.
ByCounter = Mapping[str, Buckets]
# When counters began anew, '' for all of a limit.
Resets = Mapping[Limit, Mapping[str, datetime]]

CLOSING_SECONDS = 60
# No hold lives longer: a function has fifteen minutes.
LONGEST_LEASE_SECONDS = 900.0

_SECOND = 1_000_000


class State(IntEnum):
    """What is known about a counter of costs; a cap that was gone for a while is not open."""

    TRUSTED = 0
    NOT_OPEN = 1
    LOST = 2


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter of costs (micro-dollars) or tokens: what was spent per bucket, what is held.

    `moved_at` is the last settlement, by Redis's clock, `reset_at` when it last began anew. A
    period of the calendar has a start and an end (`resets_at`); a rolling window has no start, and
    resets when its oldest bucket leaves. A limit with many counters has none of its own: `each`
    holds them by their names.
    """

    limit: Limit
    state: State
    held: int
    moved_at: datetime
    buckets: Buckets
    reset_at: datetime | None = None
    starts_at: datetime | None = None
    resets_at: datetime | None = None
    each: Mapping[str, Counter] = field(default_factory=dict)

    @property
    def spent(self) -> int:
        """The sum that counts."""
        return sum(self.buckets.values()) + sum(one.spent for one in self.each.values())


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
        self._reset = client.redis.register_script(script("counters.lua", "reset.lua"))
        self._open = client.redis.register_script(script("counters.lua", "open.lua"))
        self._lost = client.redis.register_script(script("lost.lua"))

    async def read(self, org_id: str, limits: Sequence[Limit]) -> LedgerPage:
        """The counters of these cost caps and token limits, all at the same moment.

        Of tokens nothing is lost that matters: their state says nothing.
        """
        names = [await self.names(org_id, limit) for limit in limits]
        await self._client.run(self._client.mark.read)
        keys: list[str] = [ledger_key(org_id)]
        args: list[str | int] = [self._client.mark.epoch]
        at = datetime.now(UTC)
        for limit, counters in zip(limits, names, strict=True):
            if limit.per is None:
                keys += counter_keys(org_id, limit)
                args += (window_arg(limit, at), "one")
                continue
            keys.append(names_key(org_id, limit))
            args += (window_arg(limit, at), "names")
            for counter in counters:
                keys += counter_keys(org_id, replace(limit, counter=counter))
                args += (window_arg(limit, at), "of many")
        now, exists, *found = await self._client.run(lambda _: self._read(keys=keys, args=args))
        rows = iter(found)
        read = tuple(
            _of_many(
                _counter(limit, next(rows)),
                {name: _counter(replace(limit, counter=name), next(rows)) for name in counters},
            )
            for limit, counters in zip(limits, names, strict=True)
        )
        return LedgerPage(from_us(now), bool(exists), read)

    async def names(self, org_id: str, limit: Limit) -> list[str]:
        """The counters that a limit has, where it may have many."""
        return [name for name in await self._all_names(org_id, limit) if name]

    async def _all_names(self, org_id: str, limit: Limit) -> list[str]:
        """With '', which stands for the set as a whole."""
        if limit.per is None:
            return []
        key = names_key(org_id, limit)
        found: list[bytes] = await self._client.run(lambda r: r.zrange(key, 0, -1))
        return [name.decode() for name in found]

    async def open(
        self, org_id: str, spent: Mapping[Limit, ByCounter], resets: Resets | None = None
    ) -> None:
        """Start to trust these counters, with what was spent; those that are trusted already stay
        as they are. `resets` says when one last began anew.
        """
        await self._client.run(self._client.mark.read)
        keys, args = [ledger_key(org_id)], [self._client.mark.epoch]
        for limit, counters in spent.items():
            began = (resets or {}).get(limit, {})
            row: dict[str, Any] = {"window": window_arg(limit, datetime.now(UTC))}
            if limit.per is None:
                keys += counter_keys(org_id, limit)
                row["buckets"] = sorted(counters.get("", {}).items())
                row["reset_at"] = _latest_us(began, "")
            else:
                keys.append(names_key(org_id, limit))
                for name in counters:
                    keys += counter_keys(org_id, replace(limit, counter=name))
                row["named"] = [
                    [name, _latest_us(began, name), sorted(buckets.items())]
                    for name, buckets in counters.items()
                ]
            args.append(json.dumps(row))
        await self._client.run(lambda _: self._open(keys=keys, args=args))

    async def close_others(self, org_id: str, limits: Sequence[Limit]) -> None:
        """Soon nothing counts under other caps than these: trust no other counter for longer.

        They stay for CLOSING_SECONDS, for requests that have read the policy of before.
        """
        ledger = ledger_key(org_id)
        kept = {trusted_key(org_id, limit) for limit in limits} | {"opened_at", "moved", "epoch"}
        ends_at = to_us(await self.now()) + CLOSING_SECONDS * _SECOND
        known = await self._client.run(lambda r: r.hgetall(ledger))
        closing = {
            name: -ends_at
            for name, until in known.items()
            if name.decode() not in kept and int(until) >= 0
        }
        if closing:
            await self._client.run(lambda r: r.hset(ledger, mapping=closing))

    async def correct(self, org_id: str, counter: Counter, buckets: Buckets) -> bool:
        """Replace a trusted counter; False where it has moved since it was read."""
        limit = counter.limit
        row: dict[str, Any] = {
            "window": window_arg(limit, datetime.now(UTC)),
            "expected": counter.spent,
            "buckets": sorted(buckets.items()),
            "reset_at": 0 if counter.reset_at is None else to_us(counter.reset_at),
        }
        if limit.per is not None:
            row["name"] = limit.counter
        keys = [ledger_key(org_id), *limit_keys(org_id, [limit])]
        args = [self._client.mark.epoch, json.dumps(row)]
        written: list[int] = await self._client.run(lambda _: self._open(keys=keys, args=args))
        return written == [1]

    async def reset(self, org_id: str, limit: Limit) -> datetime:
        """Have a limit count from zero again, in all its counters where none is named; returns the
        moment from which on it counts, by Redis's clock. What is held stays held."""
        if limit.measure is Measure.CONCURRENCY:
            raise ValueError("what is under way is not counted up")
        is_log = limit.measure is Measure.REQUESTS and not counts_in_buckets(limit)
        window = window_arg(limit, datetime.now(UTC))
        while True:
            keys, known = list[str](), ""
            if limit.per is None or limit.counter:
                keys += counter_keys(org_id, limit)
            else:
                names = await self._all_names(org_id, limit)
                keys.append(names_key(org_id, limit))
                known = str(len(names))
                for name in filter(None, names):
                    keys += counter_keys(org_id, replace(limit, counter=name))
            args = (known, window, "log" if is_log else "buckets")
            now = await self._client.run(partial(self._reset_once, keys, args))
            if now:
                return from_us(now)

    async def _reset_once(self, keys: Sequence[str], args: Sequence[str | int], _: Any) -> int:
        now: int = await self._reset(keys=keys, args=args)
        return now

    async def note_lost(self, org_id: str, lease_seconds: float) -> None:
        """Have `ledger-restore` see to this organisation, once no older hold can live."""
        args = [org_id, round(lease_seconds * _SECOND)]
        await self._client.run(lambda _: self._lost(keys=[LOST_KEY], args=args))

    async def lost(self) -> dict[str, Loss]:
        """The organisations whose ledger is lost. A notice that cannot be read is made anew."""
        found = await self._client.run(lambda r: r.hgetall(LOST_KEY))
        losses: dict[str, Loss] = {}
        for name, value in found.items():
            org_id = name.decode(errors="replace")
            try:
                losses[org_id] = _loss(value.decode())
            except (ValueError, OverflowError):
                count("ledger_notice_unreadable", org_id=org_id)
                await self._client.run(partial(_drop, LOST_KEY, name))
                if ORG_ID.match(org_id):
                    await self.note_lost(org_id, LONGEST_LEASE_SECONDS)
        return losses

    async def found(self, org_id: str) -> None:
        """The ledger of this organisation is whole again."""
        await self._client.run(lambda r: r.hdel(LOST_KEY, org_id))

    async def now(self) -> datetime:
        """Redis's clock."""
        seconds, microseconds = await self._client.run(lambda r: r.time())
        return from_us(seconds * _SECOND + microseconds)

    async def dead_holds(self) -> list[DeadHold]:
        """The holds of all organisations whose lease has ended and that are not swept yet. One that
        cannot be read is counted and forgotten: the ledger lets go of it all the same."""
        now = await self.now()

        async def scan(redis: Any) -> list[bytes]:
            return [key async for key in redis.scan_iter(match=holds_key("*"), count=1_000)]

        holds: list[DeadHold] = []
        for key in await self._client.run(scan):
            try:
                entries = await self._client.run(partial(_all_of, key))
            except StoreRefused:
                count("holds_unreadable", key=key.decode(errors="replace"))
                continue
            for request_id, value in entries.items():
                try:
                    holds.append(_hold(key.decode(), request_id.decode(), value.decode()))
                except (ValueError, TypeError, KeyError, OverflowError):
                    count("hold_unreadable", key=key.decode(errors="replace"))
                    await self._client.run(partial(_drop, key, request_id))
        return [hold for hold in holds if hold.expired_at <= now]

    async def forget(self, hold: DeadHold) -> None:
        """Its end is on record."""
        await self._client.run(lambda r: r.hdel(holds_key(hold.org_id), hold.request_id))


async def _all_of(key: bytes, redis: Any) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = await redis.hgetall(key)
    return found


async def _drop(key: str | bytes, name: bytes, redis: Any) -> None:
    await redis.hdel(key, name)


def _counter(limit: Limit, row: Sequence[int]) -> Counter:
    state, held, moved_us, *times = row[:6]
    buckets = dict(zip(row[6::2], row[7::2], strict=True))
    reset_at, starts_at, resets_at = (from_us(at) if at else None for at in times)
    moved_at = from_us(moved_us)
    return Counter(limit, State(state), held, moved_at, buckets, reset_at, starts_at, resets_at)


def _of_many(whole: Counter, each: Mapping[str, Counter]) -> Counter:
    """The counter of a limit that has many: lost where one of them is."""
    if whole.limit.per is None:
        return whole
    counters = list(each.values())
    return replace(
        whole,
        state=max([whole.state, *(one.state for one in counters if whole.state is State.TRUSTED)]),
        held=sum(one.held for one in counters),
        moved_at=max([whole.moved_at, *(one.moved_at for one in counters)]),
        each=each,
    )


def _latest_us(began: Mapping[str, datetime], name: str) -> int:
    return max((to_us(at) for key, at in began.items() if key in ("", name)), default=0)


def _loss(value: str) -> Loss:
    noticed_us, _, lease_us = value.partition(":")
    noticed_at = from_us(int(noticed_us))
    return Loss(noticed_at, noticed_at + timedelta(microseconds=int(lease_us)))


def _hold(key: str, request_id: str, value: str) -> DeadHold:
    row = json.loads(value)
    if not isinstance(row["note"], dict):
        raise TypeError("a note is an object")
    org_id = key[key.index("{") + 1 : key.index("}")]
    times = from_us(row["admitted_at"]), from_us(row["expires_at"])
    return DeadHold(org_id, request_id, *times, row["note"])
