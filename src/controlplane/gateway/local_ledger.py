"""A ledger for one process alone: what serves while Redis does not answer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from controlplane.domain.budget import Charge
from controlplane.domain.limits import Claim, Decision, Hold, Limit, LimitStatus, Measure

MAX_COUNTERS = 10_000

# (when it leaves, request id), the first to leave first
_Entries = deque[tuple[float, str]]
_COUNTED = (Measure.REQUESTS, Measure.CONCURRENCY)


class LocalLedger:
    """Counts the requests, in windows and at one time, that this process saw.

    Only Redis knows what was spent, so tokens and costs pass: the caller of this decides first
    whether that may be. Shadow limits are not tried out here.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counters: dict[tuple[str, Limit], _Entries] = {}

    async def reserve(self, claim: Claim) -> Decision:
        """Admit the request under all limits that are counted here, or under none."""
        now = self._clock()
        limits = [limit for limit in claim.limits if limit.measure in _COUNTED and not limit.shadow]
        counters = [self._counter(claim.org_id, limit, now) for limit in limits]
        refused_by, retry_after = None, 0.0
        for limit, entries in zip(limits, counters, strict=True):
            if len(entries) < limit.capacity or _has(entries, claim.request_id):
                continue
            wait = _wait(limit, entries, now)
            if refused_by is None or wait > retry_after:
                refused_by, retry_after = limit, wait
        hold = Hold(claim.request_id, claim.org_id)
        if refused_by is None:
            for limit, entries in zip(limits, counters, strict=True):
                if not _has(entries, claim.request_id):
                    entries.append((now + _life(limit, claim), claim.request_id))
            hold = _hold(claim)
        statuses = tuple(
            _status(limit, entries, now) for limit, entries in zip(limits, counters, strict=True)
        )
        fits = refused_by is None or refused_by.capacity > 0
        return Decision(hold, statuses, refused_by, retry_after, fits)

    async def settle(self, hold: Hold, *, tokens: int, cost_microusd: int) -> tuple[Charge, ...]:
        """Release what was under way; there is nothing to warn about."""
        for limit in hold.limits:
            entries = self._counters.get((hold.org_id, limit))
            if entries and limit.measure is Measure.CONCURRENCY:
                remaining = deque(entry for entry in entries if entry[1] != hold.request_id)
                self._counters[hold.org_id, limit] = remaining
        return ()

    def _counter(self, org_id: str, limit: Limit, now: float) -> _Entries:
        key = (org_id, limit)
        entries = self._counters.pop(key, None) or deque()
        if limit.measure is Measure.CONCURRENCY:  # leases differ in length
            entries = deque(entry for entry in entries if entry[0] > now)
        while entries and entries[0][0] <= now:
            entries.popleft()
        self._counters[key] = entries  # the least recently used stands first
        if len(self._counters) > MAX_COUNTERS:
            del self._counters[next(iter(self._counters))]
        return entries


def _hold(claim: Claim) -> Hold:
    """All that the shared ledger is to be told once it answers again, by this machine's clock."""
    limits = tuple(limit for limit in claim.limits if not limit.shadow)
    amounts = claim.tokens, claim.cost_microusd
    return Hold(claim.request_id, claim.org_id, limits, *amounts, datetime.now(UTC))


def _life(limit: Limit, claim: Claim) -> float:
    return claim.lease_seconds if limit.window is None else _seconds(limit)


def _seconds(limit: Limit) -> float:
    assert isinstance(limit.window, int)  # requests are counted in windows of seconds
    return float(limit.window)


def _has(entries: _Entries, request_id: str) -> bool:
    return any(entry == request_id for _, entry in entries)


def _wait(limit: Limit, entries: _Entries, now: float) -> float:
    if limit.measure is Measure.CONCURRENCY:
        return 1.0
    return entries[-limit.capacity][0] - now if limit.capacity else _seconds(limit)


def _status(limit: Limit, entries: _Entries, now: float) -> LimitStatus:
    is_window = limit.measure is Measure.REQUESTS
    reset = entries[0][0] - now if entries and is_window else 0.0
    return LimitStatus(limit, max(0, limit.capacity - len(entries)), reset)
