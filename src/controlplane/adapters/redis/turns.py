"""Of all processes one reads anew what has become old: `refreshing:...`, while it is at it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from controlplane.adapters.redis.client import RedisClient
from controlplane.errors import Unreachable

# Longer than a look-up in the database takes; one that fails is not repeated before by any process.
TURN_SECONDS = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Renewed(Generic[T]):
    """What was read anew; None may be a value."""

    value: T


async def takes_turn(client: RedisClient, name: str) -> bool:
    """Whether it is this process that reads. Raises Unreachable."""
    return bool(await client.run(lambda r: r.set(name, 1, nx=True, ex=TURN_SECONDS)))


async def ends_turn(client: RedisClient, name: str) -> None:
    """It is done."""
    with suppress(Unreachable):
        await client.run(lambda r: r.delete(name))
