"""A Redis that is down or frozen costs a bounded time, and then none."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from tests.integration.redis.slow_handshake import SlowHandshake, self_signed

from controlplane.adapters.redis import client as module
from controlplane.adapters.redis.client import FAILURES_TO_OPEN, RedisClient
from controlplane.errors import StoreRefused, Unreachable


async def test_a_refused_connection_is_unreachable() -> None:
    client = RedisClient("redis://127.0.0.1:1", 50, 4)
    with pytest.raises(Unreachable, match="redis"):
        await client.run(lambda redis: redis.ping())


async def test_a_frozen_server_is_given_up_and_then_left_alone() -> None:
    async def never_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = RedisClient(f"redis://127.0.0.1:{port}", 50, 4)
    for _ in range(FAILURES_TO_OPEN):
        started = time.monotonic()
        with pytest.raises(Unreachable):
            await client.run(lambda redis: redis.ping())
        assert time.monotonic() - started < 1
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(Unreachable):
            await client.run(lambda redis: redis.ping())
    assert time.monotonic() - started < 0.05
    server.close()


async def test_connecting_has_more_time_than_a_command(
    clean_redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A handshake that is slower than any command may be, and then a command that gets no answer:
    it costs its own timeout. The times are longer than real ones, for a machine that is busy."""
    monkeypatch.setattr(module, "CONNECT_SECONDS", 5.0)
    async with SlowHandshake(
        clean_redis, self_signed(tmp_path / "redis.pem"), 0.6
    ).listening() as redis:
        client = RedisClient(redis.url, 300, 4)
        assert await client.run(lambda redis: redis.set("k", "v"))
        assert await client.run(lambda redis: redis.get("k")) == b"v"
        redis.freeze()
        started = time.monotonic()
        with pytest.raises(Unreachable):
            await client.run(lambda redis: redis.get("k"))
        assert 0.25 < time.monotonic() - started < 2
        await client.close()


async def test_the_breaker_closes_when_redis_is_back(
    clean_redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OPEN_SECONDS", 0.3)
    client = RedisClient(clean_redis, 1_000, 4)

    async def fail(_redis: object) -> None:
        raise ConnectionError

    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unreachable):
            await client.run(fail)
    with pytest.raises(Unreachable):
        await client.run(lambda redis: redis.ping())
    await asyncio.sleep(0.3)
    assert await client.run(lambda redis: redis.ping())
    assert await client.run(lambda redis: redis.ping())
    await client.close()


@pytest.mark.parametrize("fault", ["incrby", "script", "wrong type"])
async def test_what_redis_cannot_do_for_one_is_no_outage_for_others(
    fault: str, clean_redis: str
) -> None:
    client = RedisClient(clean_redis, 500, 4)
    await client.run(lambda redis: redis.set("full", 2**63 - 1))
    commands = {
        "incrby": lambda redis: redis.incrby("full", 1),
        "script": lambda redis: redis.eval("return redis.call('INCRBY', 'full', 1)", 0),
        "wrong type": lambda redis: redis.hgetall("full"),
    }
    for _ in range(2 * FAILURES_TO_OPEN):
        with pytest.raises(StoreRefused, match="redis"):
            await client.run(commands[fault])
        assert await client.run(lambda redis: redis.ping())
    await client.close()


async def test_a_server_that_takes_no_writes_is_an_outage(clean_redis: str) -> None:
    client = RedisClient(clean_redis, 500, 4)
    await client.run(lambda redis: redis.set("k", "v"))
    refusal = "return redis.error_reply('MISCONF the disk is full')"
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unreachable) as raised:
            await client.run(lambda redis: redis.eval(refusal, 0))
        assert not isinstance(raised.value, StoreRefused)
    with pytest.raises(Unreachable):
        await client.run(lambda redis: redis.ping())
    await client.close()
