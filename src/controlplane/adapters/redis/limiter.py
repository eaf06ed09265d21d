"""The limiter: one Lua round trip decides all limits of a request (`scripts/reserve.lua`)."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.scripts import script
from controlplane.domain.access import Decision, Hold, LimitStatus, WindowLimit

_MICROSECONDS = 1_000_000
_WINDOW_NAMES = {1: "second", 60: "minute", 3600: "hour", 86_400: "day"}


class RedisLimiter:
    """Sliding windows shared by all processes."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._reserve = client.redis.register_script(script("reserve.lua"))

    async def reserve(
        self, org_id: str, request_id: str, limits: Sequence[WindowLimit]
    ) -> Decision:
        """Admit the request under all limits, or under none. Raises Unreachable."""
        hold = Hold(request_id, org_id)
        if not limits:
            return Decision(hold, ())
        keys = [limit_key(org_id, limit) for limit in limits]
        args: list[str | int] = [request_id]
        for limit in limits:
            args += [limit.capacity, limit.window_seconds * _MICROSECONDS]
        reply = await self._client.run(lambda _: self._reserve(keys=keys, args=args))
        refused_by, retry_after, *places = (int(value) for value in reply)
        statuses = tuple(
            LimitStatus(limit, places[2 * i], places[2 * i + 1] / _MICROSECONDS)
            for i, limit in enumerate(limits)
        )
        return Decision(
            hold=hold,
            statuses=statuses,
            refused_by=limits[refused_by - 1] if refused_by else None,
            retry_after_seconds=retry_after / _MICROSECONDS,
        )


def limit_key(org_id: str, limit: WindowLimit) -> str:
    """`rate_limit:{org-123}:app-456:minute`; the braces keep one organisation on one shard."""
    window = _WINDOW_NAMES.get(limit.window_seconds, f"{limit.window_seconds}s")
    return f"rate_limit:{{{org_id}}}:{limit.scope}:{window}"
