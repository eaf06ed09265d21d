"""Answers under an `Idempotency-Key`: `idempotency:{org-123}:<name>`."""

from __future__ import annotations

import math

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.scripts import script
from controlplane.domain.replay import Stored

KEEP_SECONDS = 86_400

# What is stored: the fingerprint, a letter, and behind it whose claim it is, or the answer.
_UNDER_WAY, _ANSWERED = b"?", b"="


class RedisReplays:
    """The gateway's ReplayStore. Every method raises Unreachable."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._give_up = client.redis.register_script(script("give_up.lua"))
        self._keep = client.redis.register_script(script("keep.lua"))

    async def claim(
        self, org_id: str, name: str, fingerprint: str, owner: str, seconds: float
    ) -> Stored | None:
        """None where the key is the owner's now, for so many seconds; else what is stored."""
        value = fingerprint.encode() + _UNDER_WAY + owner.encode()
        milliseconds = max(1, math.ceil(seconds * 1000))
        found = await self._client.run(
            lambda r: r.set(_key(org_id, name), value, nx=True, get=True, px=milliseconds)
        )
        return None if found is None else _stored(found)

    async def keep(
        self, org_id: str, name: str, fingerprint: str, owner: str, answer: bytes
    ) -> bool:
        """Store the answer for a day, unless the claim has gone to another; returns whether."""
        value = fingerprint.encode() + _ANSWERED + answer
        args = [_UNDER_WAY + owner.encode(), value, KEEP_SECONDS]
        kept = await self._client.run(lambda _: self._keep(keys=[_key(org_id, name)], args=args))
        return bool(kept)

    async def give_up(self, org_id: str, name: str, owner: str) -> None:
        """Forget the claim, if it is still the owner's and there is no answer."""
        ending = _UNDER_WAY + owner.encode()
        await self._client.run(lambda _: self._give_up(keys=[_key(org_id, name)], args=[ending]))


def _key(org_id: str, name: str) -> str:
    return f"idempotency:{{{org_id}}}:{name}"


def _stored(value: bytes) -> Stored:
    # A fingerprint is a hash in letters and digits: the first mark ends it.
    place = min(at for at in (value.find(_UNDER_WAY), value.find(_ANSWERED)) if at >= 0)
    is_answered = value[place : place + 1] == _ANSWERED
    return Stored(value[:place].decode(), value[place + 1 :] if is_answered else None)
