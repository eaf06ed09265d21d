"""How the ledger is laid out in Redis.

All keys of one organisation carry the same hash tag, `{org-123}`, so that one script may touch them
together. A shadow limit has keys of its own: `...:shadow`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from controlplane.domain.limits import Limit, Measure, Period

LOST_KEY = "ledgers:lost"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NAMED_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}
_PREFIX = {Measure.REQUESTS: "rate_limit"}


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
    `cost:{org-123}:app-456:day`, `concurrency:{org-123}:app-456`."""
    parts = [_PREFIX.get(limit.measure, limit.measure.value), f"{{{org_id}}}", limit.scope]
    if isinstance(limit.window, Period):
        parts.append(limit.window.value)
    elif limit.window is not None:
        seconds = f"{limit.window}s"
        is_log = limit.measure is Measure.REQUESTS
        parts.append(_NAMED_WINDOWS.get(limit.window, seconds) if is_log else seconds)
    if limit.shadow:
        parts.append("shadow")
    return ":".join(parts)


def limit_keys(org_id: str, limits: Iterable[Limit]) -> list[str]:
    """The keys of each limit: counters have a second one for their holds."""
    keys = []
    for limit in limits:
        key = limit_key(org_id, limit)
        keys.append(key)
        if limit.measure in (Measure.TOKENS, Measure.COST):
            keys.append(f"{key}:holds")
    return keys


def window_arg(limit: Limit) -> str | int:
    """A window as the scripts read it: `day`, `month`, or microseconds."""
    if isinstance(limit.window, Period):
        return limit.window.value
    return 0 if limit.window is None else limit.window * 1_000_000


def to_us(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """The inverse of `to_us`."""
    return _EPOCH + microseconds * _MICROSECOND
