"""Which targets fail, known to all processes: `cooling_down:{org-123}`, empty while all is well.

The configuration cache reads it in its own round trip, so health costs a request nothing until
something fails.
"""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.scripts import script
from controlplane.domain.routing import Target

FAILURES_IN_A_ROW = 3
COOL_DOWN_SECONDS = 30
PROBE_SECONDS = 10
FORGET_SECONDS = 3_600


class RedisTargetHealth:
    """The gateway's TargetHealth."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._failed = client.redis.register_script(script("target_failed.lua"))

    async def failed(self, org_id: str, target: Target) -> None:
        """Note a failure; after FAILURES_IN_A_ROW it is left alone for COOL_DOWN_SECONDS."""
        args = [target.key, FAILURES_IN_A_ROW, COOL_DOWN_SECONDS, FORGET_SECONDS]
        await self._client.run(lambda _: self._failed(keys=[cooling_down_key(org_id)], args=args))

    async def recovered(self, org_id: str, target: Target) -> None:
        """Forget its failures."""
        await self._client.run(lambda r: r.hdel(cooling_down_key(org_id), target.key))

    async def may_probe(self, org_id: str, target: Target) -> bool:
        """True for one caller every PROBE_SECONDS."""
        name = f"probe:{{{org_id}}}:{target.key}"
        taken = await self._client.run(lambda r: r.set(name, 1, nx=True, ex=PROBE_SECONDS))
        return bool(taken)


def cooling_down_key(org_id: str) -> str:
    """The hash of an organisation, on the shard of its other keys."""
    return f"cooling_down:{{{org_id}}}"


def cooling_down(fields: Mapping[bytes, bytes]) -> dict[str, float]:
    """The hash as `Configuration.cooling_down`."""
    return {
        name.decode(): float(value.decode().partition(":")[2]) for name, value in fields.items()
    }
