"""Answers under an `Idempotency-Key`."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.replays import RedisReplays
from controlplane.domain.replay import Stored

PRINT = "0f" * 32
OTHER = "a1" * 32
ANSWERS = [b"", b'{"id": "a"}', bytes(range(256)) * 300, b"?=?", b"=" + b"0" * 32]


@pytest.fixture
def replays(client: RedisClient) -> RedisReplays:
    return RedisReplays(client)


async def test_one_of_many_gets_the_key(replays: RedisReplays) -> None:
    found = await asyncio.gather(*(replays.claim("org-1", "k", PRINT, 30) for _ in range(40)))
    assert found.count(None) == 1
    assert {f for f in found if f is not None} == {Stored(PRINT, None)}


@pytest.mark.parametrize("answer", ANSWERS, ids=len)
async def test_the_answer_is_given_again(replays: RedisReplays, answer: bytes) -> None:
    assert await replays.claim("org-1", "k", PRINT, 30) is None
    await replays.keep("org-1", "k", PRINT, answer)
    assert await replays.claim("org-1", "k", OTHER, 30) == Stored(PRINT, answer)


async def test_organisations_and_names_are_apart(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, 30) is None
    assert await replays.claim("org-2", "k", PRINT, 30) is None
    assert await replays.claim("org-1", "other", PRINT, 30) is None


async def test_a_claim_ends_by_itself(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, 0.2) is None
    await asyncio.sleep(0.25)
    assert await replays.claim("org-1", "k", OTHER, 30) is None


async def test_what_is_given_up_can_be_claimed_again(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, 30) is None
    await replays.give_up("org-1", "k")
    assert await replays.claim("org-1", "k", OTHER, 30) is None


async def test_nobody_gives_up_what_is_not_theirs(
    replays: RedisReplays, client: RedisClient
) -> None:
    stranger = RedisReplays(client)
    assert await replays.claim("org-1", "k", PRINT, 30) is None
    await stranger.give_up("org-1", "k")
    assert await stranger.claim("org-1", "k", PRINT, 30) == Stored(PRINT, None)
    await replays.keep("org-1", "k", PRINT, b"answer")
    await replays.give_up("org-1", "k")  # an answer stays
    assert await stranger.claim("org-1", "k", PRINT, 30) == Stored(PRINT, b"answer")
    await replays.give_up("org-1", "unknown")


async def test_every_key_expires(replays: RedisReplays, client: RedisClient) -> None:
    await replays.claim("org-1", "k", PRINT, 30)
    assert 29_000 < await client.redis.pttl("idempotency:{org-1}:k") <= 30_000
    await replays.keep("org-1", "k", PRINT, b"answer")
    assert 86_390 < await client.redis.ttl("idempotency:{org-1}:k") <= 86_400
