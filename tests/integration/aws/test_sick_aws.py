"""SQS and S3 hang, break off, fail: no request waits for longer than it should, none is lost."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.audit_events import audit_event
from tests.integration.aws.sick import HANGING, WAYS, SickAws, sick_aws

from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.domain.time_left import state_seconds_left
from controlplane.errors import Unreachable
from controlplane.telemetry.lines import handler
from controlplane.wiring import Container

BOUND = 1.5
# What a busy machine adds; without the bound it is twenty seconds and more.
SLACK = 2.0
PASSING = 1.0
# Where nothing hangs, no time is to be the reason of anything.
PATIENT = 20.0

Lines = Callable[[], list[str]]


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def spilled(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The requests whose events are in the log, marked."""
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)

    def found() -> list[str]:
        lines = [json.loads(line) for line in buffer.getvalue().splitlines()]
        marked = [line["audit_event"] for line in lines if line["message"] == "AUDIT_SPILL"]
        return [AuditEvent.from_json(json.dumps(each)).request_id for each in marked]

    return found


@pytest.fixture(params=["function", "server"])
def long_lived(request: pytest.FixtureRequest) -> bool:
    """Either has a transport of its own."""
    return bool(request.param == "server")


def container(aws: SickAws, *, long_lived: bool, seconds: float = BOUND) -> Container:
    return Container(
        Settings(
            stage="local",
            region="us-east-1",
            redis_url="redis://127.0.0.1:9",
            audit_queue_url=f"{aws.url}/123456789012/audit",
            audit_bucket="bucket",
            aws_endpoint_url=aws.url,
            audit_timeout_ms=round(seconds * 1000),
            long_lived=long_lived,
        )
    )


async def seconds_of(parts: Container, count: int) -> list[float]:
    """How long `count` events took that came at once."""
    queue = parts.audit_queue

    async def one() -> float:
        started = time.monotonic()
        await queue.append(audit_event())
        return time.monotonic() - started

    return await asyncio.gather(*(one() for _ in range(count)))


async def test_both_frozen_cost_the_first_three_seconds_and_the_next_nothing(
    long_lived: bool, spilled: Lines
) -> None:
    async with sick_aws("frozen", "frozen") as aws:
        parts = container(aws, long_lived=long_lived)
        (first,) = await seconds_of(parts, 1)
        assert 2.9 < first < 3.0 + SLACK
        behind = await seconds_of(parts, 20)
        assert max(behind) < PASSING
        assert len(spilled()) == 21, "each is in the log, once"
        await parts.aws_connections.close()


async def test_twenty_at_once_wait_no_longer_than_one(long_lived: bool, spilled: Lines) -> None:
    async with sick_aws("frozen", "frozen") as aws:
        parts = container(aws, long_lived=long_lived)
        together = await seconds_of(parts, 20)
        assert max(together) < 2 * BOUND + SLACK
        assert len(set(spilled())) == 20
        await parts.aws_connections.close()


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_of_sqs_to_be_sick_ends_in_s3(long_lived: bool, way: str) -> None:
    async with sick_aws(way) as aws:
        bound = BOUND if way in HANGING else PATIENT
        parts = container(aws, long_lived=long_lived, seconds=bound)
        (first,) = await seconds_of(parts, 1)
        assert first < BOUND + SLACK
        assert len(aws.objects) == 1
        assert aws.requests["sqs"] <= 2, "tried again once at most"
        with pytest.raises(Unreachable):
            await parts.audit_queue.check()
        behind = await seconds_of(parts, 20)
        assert max(behind) < BOUND + SLACK
        assert len(aws.objects) == 21
        await parts.aws_connections.close()


@pytest.mark.parametrize("way", WAYS)
async def test_every_way_of_s3_to_be_sick_ends_in_the_log(
    long_lived: bool, way: str, spilled: Lines
) -> None:
    async with sick_aws("refusing", way) as aws:
        bound = BOUND if way in HANGING else PATIENT
        parts = container(aws, long_lived=long_lived, seconds=bound)
        (first,) = await seconds_of(parts, 1)
        assert first < BOUND + SLACK
        assert len(spilled()) == 1
        with pytest.raises(Unreachable):
            await parts.payloads.put("payloads/org=o/dt=2026-05-01/r.json", b"{}")
        assert aws.objects == {}
        await parts.aws_connections.close()


async def test_a_connection_that_went_stale_is_replaced_at_once(long_lived: bool) -> None:
    async with sick_aws() as aws:
        parts = container(aws, long_lived=long_lived, seconds=PATIENT)
        await seconds_of(parts, 1)
        aws.sqs = "stale"
        (again,) = await seconds_of(parts, 1)
        assert again < PASSING
        assert [len(batch) for batch in aws.batches] == [1, 1]
        assert aws.objects == {}, "nothing spilled"
        assert aws.connections == 2
        await seconds_of(parts, 5)
        await parts.aws_connections.close()


async def test_it_is_asked_again_and_taken_back_when_it_is_well(long_lived: bool) -> None:
    async with sick_aws("frozen") as aws:
        parts = container(aws, long_lived=long_lived)
        await seconds_of(parts, 1)
        assert aws.requests["sqs"] == 2
        await seconds_of(parts, 20)
        assert aws.requests["sqs"] == 2, "it is left alone"
        aws.sqs = "well"
        await asyncio.sleep(2.0)
        (probing,) = await seconds_of(parts, 1)
        assert probing < PASSING
        assert [len(batch) for batch in aws.batches] == [1]
        await parts.aws_connections.close()


async def test_a_function_at_its_end_still_writes_the_line(
    long_lived: bool, spilled: Lines
) -> None:
    async with sick_aws("frozen", "frozen") as aws:
        parts = container(aws, long_lived=long_lived)
        state_seconds_left(0.8)
        try:
            (seconds,) = await seconds_of(parts, 1)
            assert seconds < 0.7 + PASSING
            state_seconds_left(0.1)
            fresh = container(aws, long_lived=long_lived)
            (none_left,) = await seconds_of(fresh, 1)
        finally:
            state_seconds_left(None)
        assert none_left < PASSING
        assert len(spilled()) == 2
        await parts.aws_connections.close()
        await fresh.aws_connections.close()


async def test_events_of_any_size_fit_together(long_lived: bool) -> None:
    async with sick_aws() as aws:
        parts = container(aws, long_lived=long_lived, seconds=PATIENT)
        events = [audit_event(model_requested="x" * 300_000) for _ in range(21)]
        await asyncio.gather(*map(parts.audit_queue.append, events))
        assert sum(len(batch) for batch in aws.batches) == 21
        assert max(sum(map(len, batch)) for batch in aws.batches) <= 256 * 1024
        assert aws.objects == {}
        await parts.aws_connections.close()


async def test_what_is_written_is_signed_and_has_a_checksum(long_lived: bool) -> None:
    async with sick_aws() as aws:
        parts = container(aws, long_lived=long_lived, seconds=PATIENT)
        await parts.payloads.put("payloads/org=o/dt=2026-05-01/é &.json", b"{}" * 100_000)
        (head,) = aws.heads
        assert head.startswith(b"PUT /bucket/payloads/org%3Do/dt%3D2026-05-01/%C3%A9%20%26.json ")
        lower = head.lower()
        assert b"\r\nx-amz-checksum-crc32: " in lower, "Object Lock insists"
        assert b"\r\ncontent-encoding: gzip\r\n" in lower
        assert b"/us-east-1/s3/aws4_request" in lower
        await parts.aws_connections.close()


async def test_another_loop_gets_its_own_connections(long_lived: bool) -> None:
    async with sick_aws() as aws:
        parts = container(aws, long_lived=long_lived, seconds=PATIENT)
        await seconds_of(parts, 1)
        first = parts.aws_connections.kept
        other = await asyncio.to_thread(asyncio.run, seconds_of(parts, 1))
        assert len(other) == 1
        assert parts.aws_connections.kept is not first
        await parts.aws_connections.close()
        await first.aclose()


async def test_a_real_bucket_takes_and_gives_it_back(settings: Settings, long_lived: bool) -> None:
    parts = Container(replace(settings, long_lived=long_lived))
    store = parts.object_store
    assert await store.get("nothing") is None
    keys = [f"audit-spill/org=o/dt=2026-05-01/r é+&<{n}>.json" for n in range(3)]
    for key in keys:
        await store.put(key, b"\x1f\x8b no gzip", "application/json", "gzip")
    assert await store.get(keys[0]) == b"\x1f\x8b no gzip", "as it was put"
    assert await store.keys("audit-spill/", 2) == sorted(keys)[:2]
    await store.delete(keys[0])
    assert await store.keys("audit-spill/", 10) == sorted(keys)[1:]
    await parts.aws_connections.close()
