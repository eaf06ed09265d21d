"""How many audit events are on their way."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.audit_events import audit_event
from tests.aws import client

from controlplane.config import Settings
from controlplane.errors import Unreachable
from controlplane.wiring import Container


async def test_waiting_and_delivered_events_count_until_they_are_done(settings: Settings) -> None:
    queue, url = Container(settings).audit_queue, settings.audit_queue_url
    assert await queue.depth() == 0
    for _ in range(3):
        await queue.append(audit_event())
    assert await queue.depth() == 3
    sqs = client("sqs", settings)
    (taken,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert await queue.depth() == 3
    sqs.delete_message(QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"])
    assert await queue.depth() == 2


async def test_a_queue_that_is_down_is_unreachable(settings: Settings) -> None:
    down = replace(settings, audit_queue_url=f"{settings.aws_endpoint_url}/123456789012/none")
    with pytest.raises(Unreachable):
        await Container(down).audit_queue.depth()
