"""An audit event is in the queue when `append` returns; else in S3, else in the log."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.aws import client as of_the_tests

from controlplane.adapters.sqs import AuditQueue, Queue
from controlplane.config import Settings
from controlplane.domain.audit import AuditEvent
from controlplane.errors import Unreachable
from controlplane.telemetry.lines import handler
from controlplane.wiring import Container

EVENT = AuditEvent(
    request_id="req_1",
    occurred_at=datetime(2026, 5, 1, tzinfo=UTC),
    org_id="org-1",
    subject="key:k",
    role="service",
    status=200,
    model_requested="naughty \x1b \u202e ﷽",
)


class Spill:
    """Stands for S3."""

    def __init__(self, *, down: bool = False) -> None:
        self.objects: dict[str, bytes] = {}
        self.down = down

    async def __call__(self, key: str, body: bytes) -> None:
        if self.down:
            raise Unreachable("s3")
        self.objects[key] = body


class Counting:
    """The real queue, with the messages of each call."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.calls: list[Sequence[str]] = []

    async def send(self, bodies: Sequence[str], *, seconds: float) -> Sequence[bool]:
        self.calls.append(bodies)
        return await self.queue.send(bodies, seconds=seconds)

    async def attributes(self, names: Sequence[str]) -> Mapping[str, str]:
        return await self.queue.attributes(names)


class Partly(Counting):
    """Refuses what holds `req_bad`."""

    async def send(self, bodies: Sequence[str], *, seconds: float) -> Sequence[bool]:
        kept = [body for body in bodies if "req_bad" not in body]
        assert all(await self.queue.send(kept, seconds=seconds))
        return [body in kept for body in bodies]


def queue_of(settings: Settings, suffix: str = "") -> Queue:
    url = settings.audit_queue_url + suffix
    return Container(replace(settings, audit_queue_url=url)).sqs_queue


def received(settings: Settings) -> list[AuditEvent]:
    sqs = of_the_tests("sqs", settings)
    found = []
    while messages := sqs.receive_message(
        QueueUrl=settings.audit_queue_url, MaxNumberOfMessages=10
    ).get("Messages"):
        found += [AuditEvent.from_json(message["Body"]) for message in messages]
    return found


async def test_an_event_is_in_the_queue_when_append_returns(settings: Settings) -> None:
    spill = Spill()
    queue = AuditQueue(queue_of(settings), spill, seconds=20)
    await queue.append(EVENT)
    assert received(settings) == [EVENT]
    assert spill.objects == {}


async def test_events_of_one_moment_share_calls(settings: Settings) -> None:
    sqs = Counting(queue_of(settings))
    queue = AuditQueue(sqs, Spill(), seconds=20)
    events = [replace(EVENT, request_id=f"req_{i}") for i in range(55)]
    await asyncio.gather(*(queue.append(event) for event in events))
    assert {event.request_id for event in received(settings)} == {e.request_id for e in events}
    assert len(sqs.calls) <= 8


async def test_an_event_is_sent_even_if_its_caller_leaves(settings: Settings) -> None:
    queue = AuditQueue(queue_of(settings), Spill(), seconds=20)
    task = asyncio.create_task(queue.append(EVENT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(100):
        if found := received(settings):
            break
        await asyncio.sleep(0.02)
    assert found == [EVENT]


async def test_a_queue_that_fails_spills_to_s3(settings: Settings) -> None:
    spill = Spill()
    queue = AuditQueue(queue_of(settings, "-gone"), spill, seconds=20)
    early_in_nepal = timezone(timedelta(hours=5, minutes=45))
    event = replace(EVENT, occurred_at=datetime(2026, 5, 1, 5, 44, tzinfo=early_in_nepal))
    await queue.append(event)
    ((key, body),) = spill.objects.items()
    assert key == "audit-spill/org=org-1/dt=2026-04-30/req_1.json", "the day is that of UTC"
    assert AuditEvent.from_json(body.decode()) == event
    with pytest.raises(Unreachable):
        await queue.check()


async def test_when_s3_fails_too_the_log_has_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    queue = AuditQueue(queue_of(settings, "-gone"), Spill(down=True), seconds=20)
    await queue.append(EVENT)
    lines = [json.loads(line) for line in buffer.getvalue().splitlines()]
    (marked,) = [line for line in lines if line["message"] == "AUDIT_SPILL"]
    assert AuditEvent.from_json(json.dumps(marked["audit_event"])) == EVENT


async def test_one_refused_message_does_not_take_the_others_with_it(settings: Settings) -> None:
    spill = Spill()
    queue = AuditQueue(Partly(queue_of(settings)), spill, seconds=20)
    await queue.append(replace(EVENT, request_id="req_first"))
    await asyncio.gather(
        *(queue.append(replace(EVENT, request_id=name)) for name in ("req_bad", "req_good"))
    )
    assert {event.request_id for event in received(settings)} == {"req_first", "req_good"}
    assert list(spill.objects) == ["audit-spill/org=org-1/dt=2026-05-01/req_bad.json"]


class Broken(Counting):
    """Fails in a way that was not thought of."""

    async def send(self, bodies: Sequence[str], *, seconds: float) -> Sequence[bool]:
        raise ZeroDivisionError


async def test_a_fault_of_ours_loses_nothing_and_keeps_none_waiting(settings: Settings) -> None:
    spill = Spill()
    queue = AuditQueue(Broken(queue_of(settings)), spill, seconds=20)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    await asyncio.wait_for(queue.append(EVENT), 5)
    assert len(spill.objects) == 1
