"""Answers under an `Idempotency-Key`."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.adapters.redis.client import RedisClient
from controlplane.adapters.redis.replays import RedisReplays
from controlplane.domain.replay import Stored

PRINT = "0f" * 32
OTHER = "a1" * 32
MINE, YOURS = "c0" * 16, "d1" * 16
ANSWERS = [b"", b'{"id": "a"}', bytes(range(256)) * 300, b"?=?", b"=" + b"0" * 32]


@pytest.fixture
def replays(client: RedisClient) -> RedisReplays:
    return RedisReplays(client)


async def test_one_of_many_gets_the_key(replays: RedisReplays) -> None:
    found = await asyncio.gather(
        *(replays.claim("org-1", "k", PRINT, f"{i:032x}", 30) for i in range(40))
    )
    assert found.count(None) == 1
    assert {f for f in found if f is not None} == {Stored(PRINT, None)}


@pytest.mark.parametrize("answer", ANSWERS, ids=len)
async def test_the_answer_is_given_again(replays: RedisReplays, answer: bytes) -> None:
    assert await replays.claim("org-1", "k", PRINT, MINE, 30) is None
    assert await replays.keep("org-1", "k", PRINT, MINE, answer) is True
    assert await replays.claim("org-1", "k", OTHER, YOURS, 30) == Stored(PRINT, answer)


async def test_organisations_and_names_are_apart(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, MINE, 30) is None
    assert await replays.claim("org-2", "k", PRINT, MINE, 30) is None
    assert await replays.claim("org-1", "other", PRINT, MINE, 30) is None


async def test_a_claim_ends_by_itself(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, MINE, 0.2) is None
    await asyncio.sleep(0.25)
    assert await replays.claim("org-1", "k", OTHER, YOURS, 30) is None


async def test_what_is_given_up_can_be_claimed_again(replays: RedisReplays) -> None:
    assert await replays.claim("org-1", "k", PRINT, MINE, 30) is None
    await replays.give_up("org-1", "k", MINE)
    assert await replays.claim("org-1", "k", OTHER, YOURS, 30) is None


async def test_nobody_gives_up_what_is_not_theirs(replays: RedisReplays) -> None:
    """Two requests of one process are strangers, too."""
    assert await replays.claim("org-1", "k", PRINT, MINE, 30) is None
    await replays.give_up("org-1", "k", YOURS)
    assert await replays.claim("org-1", "k", PRINT, YOURS, 30) == Stored(PRINT, None)
    assert await replays.keep("org-1", "k", PRINT, MINE, b"answer")
    await replays.give_up("org-1", "k", MINE)  # an answer stays
    assert await replays.claim("org-1", "k", PRINT, YOURS, 30) == Stored(PRINT, b"answer")
    await replays.give_up("org-1", "unknown", MINE)


async def test_an_answer_that_comes_after_its_claim_ended_is_not_kept(
    replays: RedisReplays,
) -> None:
    assert await replays.claim("org-1", "k", PRINT, MINE, 0.05) is None
    await asyncio.sleep(0.1)
    assert await replays.keep("org-1", "k", PRINT, MINE, b"nobody's") is False
    assert await replays.claim("org-1", "k", OTHER, YOURS, 30) is None
    assert await replays.keep("org-1", "k", PRINT, MINE, b"late") is False
    assert await replays.claim("org-1", "k", OTHER, MINE, 30) == Stored(OTHER, None)
    assert await replays.keep("org-1", "k", OTHER, YOURS, b"theirs") is True
    assert await replays.keep("org-1", "k", PRINT, MINE, b"later still") is False
    assert await replays.claim("org-1", "k", OTHER, MINE, 30) == Stored(OTHER, b"theirs")


async def test_every_key_expires(replays: RedisReplays, client: RedisClient) -> None:
    await replays.claim("org-1", "k", PRINT, MINE, 30)
    assert 29_000 < await client.redis.pttl("idempotency:{org-1}:k") <= 30_000
    await replays.keep("org-1", "k", PRINT, MINE, b"answer")
    assert 86_390 < await client.redis.ttl("idempotency:{org-1}:k") <= 86_400
