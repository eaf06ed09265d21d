"""How the ledger is laid out in Redis.

All keys of one organisation carry the same hash tag, `{org-123}`, so that one script may touch them
together. A shadow limit has keys of its own: `...:shadow`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from controlplane.domain.limits import OTHERS, UTC_ZONE, Limit, Measure, Period
from controlplane.domain.periods import starts_around

LOST_KEY = "ledgers:lost"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMED_WINDOWS = {"1s": "second", "60s": "minute", "3600s": "hour", "86400s": "day"}
_LOG_PREFIX = "rate_limit"


def ledger_key(org_id: str) -> str:
    """The hash of counters that can be trusted: counter key -> until when it has to exist."""
    return f"ledger:{{{org_id}}}"


def holds_key(org_id: str) -> str:
    """The hash of what is held: request id -> JSON `{"admitted_at", "expires_at", "note"}`."""
    return f"holds:{{{org_id}}}"


def settled_key(org_id: str, request_id: str, admitted_at: datetime | None) -> str:
    """The mark of a hold that is settled; a request id that is used again is another hold."""
    return f"settled:{{{org_id}}}:{request_id}:{'' if admitted_at is None else to_us(admitted_at)}"


def limit_key(org_id: str, limit: Limit) -> str:
    """`rate_limit:{org-123}:app-456:minute`, `tokens:{org-123}:app-456:60s`,
    `cost:{org-123}:app-456:day`, `concurrency:{org-123}:app-456`.

    Of a limit with many counters, the one that is meant:
    `cost:{org-123}:app-456:day:end_user:<digest>`.
    """
    counter = [limit.counter] if limit.per else []
    return ":".join([*_parts(org_id, limit), *counter, *_shadow(limit)])


def names_key(org_id: str, limit: Limit) -> str:
    """Which counters a limit has that has many: a sorted set, name -> until when it has to exist.

    The ledger trusts all of them by this key.
    """
    return ":".join([*_parts(org_id, limit), "names", *_shadow(limit)])


def trusted_key(org_id: str, limit: Limit) -> str:
    """Under which the ledger says until when a limit is trusted."""
    return limit_key(org_id, limit) if limit.per is None else names_key(org_id, limit)


def limit_keys(org_id: str, limits: Iterable[Limit]) -> list[str]:
    """The keys of each limit as settle.lua takes them: the counter; where something is held or it
    counts in buckets, a second one; and of a limit with many counters, their names."""
    keys = []
    for limit in limits:
        keys += counter_keys(org_id, limit)
        if limit.per is not None:
            keys.append(names_key(org_id, limit))
    return keys


def reserve_keys(org_id: str, limits: Iterable[Limit]) -> list[str]:
    """The same as reserve.lua takes them: behind the names the keys of the counter that is shared
    by all that come too late to have their own."""
    keys = []
    for limit in limits:
        keys += limit_keys(org_id, [limit])
        if limit.per is not None:
            keys += counter_keys(org_id, replace(limit, counter=OTHERS))
    return keys


def counter_keys(org_id: str, limit: Limit) -> list[str]:
    """The counter, and its holds where it has some. Beside one that counts requests in buckets
    stands where they were logged before the limit grew so large."""
    key = limit_key(org_id, limit)
    if limit.measure in (Measure.TOKENS, Measure.COST):
        return [key, f"{key}:holds"]
    if counts_in_buckets(limit):
        return [key, limit_key(org_id, replace(limit, capacity=0))]
    return [key]


def counts_in_buckets(limit: Limit) -> bool:
    """True of a limit of requests that is too large for a log of them."""
    return limit.measure is Measure.REQUESTS and not limit.is_logged


def measure_arg(limit: Limit) -> str:
    """A measure as the scripts read it."""
    return "counted" if counts_in_buckets(limit) else limit.measure.value


def window_arg(limit: Limit, *instants: datetime) -> str | int:
    """A window as the scripts read it: `day`, `week`, `month` (in UTC), `lifetime`, microseconds,
    or, in another time zone, where the periods around these instants begin.

    Redis has no time zones, so the boundaries come from here; which of them holds is still decided
    by its own clock.
    """
    if not isinstance(limit.window, Period):
        return 0 if limit.window is None else limit.window * 1_000_000
    if limit.time_zone == UTC_ZONE:
        return limit.window.value
    starts = starts_around(limit.window, limit.time_zone, instants)
    return " ".join(str(to_us(start)) for start in starts)


def _parts(org_id: str, limit: Limit) -> list[str]:
    if limit.measure is not Measure.REQUESTS or counts_in_buckets(limit):
        return [limit.measure.value, f"{{{org_id}}}", limit.scope, *limit.suffixes]
    window, *others = limit.suffixes
    named = _NAMED_WINDOWS.get(window, window)
    return [_LOG_PREFIX, f"{{{org_id}}}", limit.scope, named, *others]


def _shadow(limit: Limit) -> list[str]:
    return ["shadow"] if limit.shadow else []


def to_us(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The inverse of `to_us`."""
    return _EPOCH + microseconds * _MICROSECOND
