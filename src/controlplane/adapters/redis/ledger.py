"""The ledger: one round trip decides all limits of a request, one settles it.

The scripts (`scripts/*.lua`) say how; docs/decisions/0013-ledger.md says why.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.ledger_books import LedgerBooks
from controlplane.adapters.redis.ledger_keys import (
    from_us,
    holds_key,
    ledger_key,
    limit_key,
    limit_keys,
    measure_arg,
    reserve_keys,
    settled_key,
    to_us,
    window_arg,
)
from controlplane.adapters.redis.scripts import script
from controlplane.domain.budget import Charge
from controlplane.domain.limits import (
    OTHERS,
    Claim,
    Decision,
    Hold,
    Limit,
    LimitStatus,
    Measure,
)
from controlplane.errors import LedgerLost

REMEMBER_SETTLED_SECONDS = 3_600
# How many end users or sessions of one limit have a counter each; all others share one.
MOST_COUNTERS = 10_000

# Of so many a process remembers when their costs last changed.
MOST_ORGANIZATIONS = 10_000

_LOST, _OLDER = -1, -2
_SECOND = 1_000_000


class RedisLedger:
    """The gateway's Ledger, shared by all processes. Every method raises Unreachable.

    `books` is for those who keep it.
    """

    def __init__(self, client: RedisClient, most_counters: int = MOST_COUNTERS) -> None:
        self._client = client
        self._most_counters = most_counters
        self._reserve = client.redis.register_script(script("counters.lua", "reserve.lua"))
        self._settle = client.redis.register_script(script("counters.lua", "settle.lua"))
        self.books = LedgerBooks(client)
        self._moved: dict[str, int] = {}

    async def reserve(self, claim: Claim) -> Decision:
        """Take a hold under all limits of the claim, or none.

        A hold that is not settled within its lease is void. Raises LedgerLost where a cost cap is
        among the limits and what was spent under it is not known.
        """
        if not claim.limits:
            return Decision(Hold(claim.request_id, claim.org_id), ())
        org_id = claim.org_id
        keys = [ledger_key(org_id), holds_key(org_id), *reserve_keys(org_id, claim.limits)]
        is_held = any(limit.holds for limit in claim.limits)
        note = json.dumps(claim.note, separators=(",", ":")) if is_held else ""
        args: list[str | int] = [claim.request_id, round(claim.lease_seconds * _SECOND), note]
        args += (self._most_counters, self._client.mark.epoch, self._moved.get(org_id, 0))
        now = datetime.now(UTC)
        for limit in claim.limits:
            args += (measure_arg(limit), limit.capacity, window_arg(limit, now))
            args += (claim.amount(limit), int(limit.shadow), limit.counter)
        reply = await self._client.run(lambda _: self._reserve(keys=keys, args=args))
        if reply[0] in (_LOST, _OLDER):
            if reply[0] == _OLDER:
                await self._client.run(partial(self._client.mark.renewed, older=True))
            await self.books.note_lost(org_id, claim.lease_seconds)
            raise LedgerLost(org_id)
        self._note_moved(org_id, reply[4])
        return _decision(claim, reply)

    async def look(self, org_id: str, limits: Sequence[Limit]) -> tuple[LimitStatus, ...]:
        """Where limits stand, as a decision would say, and nothing is taken. Raises LedgerLost."""
        if not limits:
            return ()
        keys = [ledger_key(org_id), holds_key(org_id), *reserve_keys(org_id, limits)]
        args: list[str | int] = ["", 0, "", self._most_counters]
        args += (self._client.mark.epoch, self._moved.get(org_id, 0))
        now = datetime.now(UTC)
        for limit in limits:
            args += (measure_arg(limit), limit.capacity, window_arg(limit, now), 0)
            args += (int(limit.shadow), limit.counter)
        reply = await self._client.run(lambda _: self._reserve(keys=keys, args=args))
        if reply[0] in (_LOST, _OLDER):
            raise LedgerLost(org_id)
        return tuple(
            LimitStatus(limit, *_standing(reply, index)) for index, limit in enumerate(limits)
        )

    async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> tuple[Charge, ...]:
        """Replace a hold by what was used, whether or not its lease has ended.

        A second time changes nothing. Returns the cost caps of which another whole percent was
        spent by this. A hold of requests alone needs no settlement, and no round trip.
        """
        # Two limits over one counter count once; the tighter one is the one to warn about.
        by_key: dict[str, Limit] = {}
        for limit in sorted(hold.limits, key=lambda limit: limit.capacity):
            if limit.holds:
                by_key.setdefault(limit_key(hold.org_id, limit), limit)
        if not by_key:
            return ()
        org_id, limits = hold.org_id, list(by_key.values())
        settled = settled_key(org_id, hold.request_id, hold.admitted_at)
        keys = [ledger_key(org_id), holds_key(org_id), settled, *limit_keys(org_id, limits)]
        admitted_at = "" if hold.admitted_at is None else to_us(hold.admitted_at)
        args: list[str | int] = [hold.request_id, admitted_at, REMEMBER_SETTLED_SECONDS]
        args += (self._client.mark.epoch, self._moved.get(org_id, 0))
        used = {Measure.TOKENS: tokens, Measure.COST: cost_microusd}
        now = datetime.now(UTC)
        instants = now, hold.admitted_at or now
        for limit in limits:
            args += (limit.measure.value, window_arg(limit, *instants), hold.amount(limit))
            args += (used.get(limit.measure, 0), limit.capacity, int(limit.shadow))
            args.append(limit.counter)
        moved, charges = await self._client.run(lambda _: self._settle(keys=keys, args=args))
        self._note_moved(org_id, moved)
        return tuple(Charge.settled(limits[index - 1], *spent) for index, *spent in charges)

    def _note_moved(self, org_id: str, moved: int) -> None:
        """Remember when costs last changed: a Redis that says less has forgotten some."""
        latest = max(moved, self._moved.pop(org_id, 0))
        if latest:
            self._moved[org_id] = latest
        if len(self._moved) > MOST_ORGANIZATIONS:
            del self._moved[next(iter(self._moved))]


def _standing(reply: Sequence[int], index: int) -> tuple[int, float]:
    """What is left of the limit at this place, and in how many seconds that changes."""
    _, remaining, reset, _ = reply[5 + 4 * index : 9 + 4 * index]
    return remaining, reset / _SECOND


def _decision(claim: Claim, reply: Sequence[int]) -> Decision:
    refused_by, retry_after, fits, admitted_at = reply[:4]
    statuses, would_refuse, counted = list[LimitStatus](), list[Limit](), list[Limit]()
    for index, limit in enumerate(claim.limits):
        if not limit.shadow:
            statuses.append(LimitStatus(limit, *_standing(reply, index)))
        elif reply[5 + 4 * index]:
            would_refuse.append(limit)
            continue
        is_shared = reply[8 + 4 * index]
        counted.append(replace(limit, counter=OTHERS) if is_shared else limit)
    hold = Hold(claim.request_id, claim.org_id)
    if not refused_by:
        amounts = claim.tokens, claim.cost_microusd
        at = from_us(admitted_at)
        hold = Hold(claim.request_id, claim.org_id, tuple(counted), *amounts, at)
    return Decision(
        hold=hold,
        statuses=tuple(statuses),
        refused_by=claim.limits[refused_by - 1] if refused_by else None,
        retry_after_seconds=retry_after / _SECOND,
        fits=bool(fits),
        would_refuse=tuple(would_refuse),
    )
