"""A real queue with dead letters: a store that is down costs time, and only poison is set aside."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.audit_events import audit_event
from tests.aws import client as of_the_tests
from tests.integration.audit.stores import NO_FAILURE, Stores

from controlplane.adapters import aws
from controlplane.adapters.postgres.engine import Database
from controlplane.adapters.postgres.request_logs.repository import RequestLogRepository
from controlplane.adapters.sqs_deliveries import SqsDeliveries, seconds_until_again
from controlplane.audit.consume import consume
from controlplane.config import Settings
from controlplane.local.event_source import sqs_event, succeeded
from controlplane.local.worker import Outcome

ARN = "arn:aws:sqs:us-east-1:123456789012"
FOURTEEN_DAYS = 14 * 24 * 60 * 60
RECEIVES = 1_000  # maxReceiveCount of the template, as many as SQS allows
HIDDEN_SECONDS = 31 * 60  # of the queue itself, as in production


@dataclass
class Queue:
    """The audit queue and its dead letters."""

    sqs: Any
    url: str
    dead_url: str
    name: str

    def receive(self) -> list[dict[str, Any]]:
        """What SQS shows now; what is asked for again soon is shown at once."""
        reply = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, AttributeNames=["All"]
        )
        found: list[dict[str, Any]] = reply.get("Messages", [])
        return found

    async def deliver(self, messages: list[dict[str, Any]], stores: Stores) -> dict[str, Any]:
        """What Lambda does with a batch: hand it over, delete what was not listed."""
        answer = await consume(sqs_event(messages, f"{ARN}:{self.name}"), stores)
        for done in succeeded(messages, Outcome("", json.dumps(answer).encode(), failed=False)):
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=done["ReceiptHandle"])
        return answer

    def count(self, url: str) -> int:
        """All messages of a queue, the hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        reply = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(value) for value in reply["Attributes"].values())


@pytest.fixture
def queue(settings: Settings) -> Queue:
    sqs, name = of_the_tests("sqs", settings), f"audit-{uuid.uuid4().hex}"
    dead_url = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    attributes = {
        "VisibilityTimeout": str(HIDDEN_SECONDS),
        "RedrivePolicy": json.dumps(
            {"deadLetterTargetArn": f"{ARN}:{name}-dead", "maxReceiveCount": RECEIVES}
        ),
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return Queue(sqs, url, dead_url, name)


@pytest.fixture
def at(stores: Stores, queue: Queue, settings: Settings) -> Stores:
    """The stores, with the real queue."""
    deliveries = SqsDeliveries(lambda: aws.client("sqs", settings), queue.url)
    return replace(stores, deliveries=deliveries)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The delays that SQS was asked for; no test waits for them."""
    asked: list[int] = []

    def none(receives: int) -> int:
        asked.append(seconds_until_again(receives))
        return 0

    monkeypatch.setattr("controlplane.adapters.sqs_deliveries.seconds_until_again", none)
    return asked


def test_soon_first_and_patient_later() -> None:
    delays = [seconds_until_again(receive) for receive in range(1, RECEIVES + 1)]
    assert delays[:6] == [5, 10, 20, 40, 80, 120]
    first_hour = delays[:36]
    assert max(first_hour) <= 120
    assert sum(first_hour) > 60 * 60
    assert delays == sorted(delays)
    assert sum(delays) > FOURTEEN_DAYS, "the receives outlast what SQS keeps"


async def test_a_store_that_is_down_never_fills_the_dead_letters(
    at: Stores, queue: Queue, at_once: list[int], org_id: str, unused_tcp_port: int
) -> None:
    nowhere = Database(f"postgresql://127.0.0.1:{unused_tcp_port}/db")
    down = replace(at, request_logs=RequestLogRepository(nowhere))
    event = audit_event(org_id=org_id)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=event.to_json())
    for receive in range(1, 21):
        (message,) = queue.receive()
        assert message["Attributes"]["ApproximateReceiveCount"] == str(receive)
        answer = await queue.deliver([message], down)
        assert answer["batchItemFailures"] == [{"itemIdentifier": message["MessageId"]}]
    assert at_once == [seconds_until_again(receive) for receive in range(1, 21)]
    assert queue.count(queue.dead_url) == 0
    assert await queue.deliver(queue.receive(), at) == NO_FAILURE
    assert await at.request_logs.get(org_id, event.request_id) is not None
    assert queue.count(queue.url) == 0


async def test_a_failed_batch_is_hidden_for_seconds_and_not_for_half_an_hour(
    at: Stores, queue: Queue, org_id: str, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "controlplane.adapters.sqs_deliveries.FIRST_SECONDS"
    monkeypatch.setattr(where, 1)
    nowhere = Database(f"postgresql://127.0.0.1:{unused_tcp_port}/db")
    down = replace(at, request_logs=RequestLogRepository(nowhere))
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=audit_event(org_id=org_id).to_json())
    await queue.deliver(queue.receive(), down)
    reply = queue.sqs.receive_message(QueueUrl=queue.url, WaitTimeSeconds=10)
    assert len(reply["Messages"]) == 1


async def test_poison_goes_to_the_dead_letters_at_once_and_alone(
    at: Stores, queue: Queue, org_id: str
) -> None:
    good = audit_event(org_id=org_id)
    for body in (good.to_json(), "no audit event"):
        queue.sqs.send_message(QueueUrl=queue.url, MessageBody=body)
    messages = queue.receive()
    assert len(messages) == 2
    assert await queue.deliver(messages, at) == NO_FAILURE
    assert queue.count(queue.url) == 0
    (dead,) = queue.sqs.receive_message(QueueUrl=queue.dead_url)["Messages"]
    assert dead["Body"] == "no audit event"
    assert await at.request_logs.get(org_id, good.request_id) is not None


async def test_without_dead_letters_poison_stays_in_the_queue(
    at: Stores, queue: Queue, at_once: list[int]
) -> None:
    queue.sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": ""})
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="no audit event")
    (message,) = queue.receive()
    answer = await queue.deliver([message], at)
    assert answer["batchItemFailures"] == [{"itemIdentifier": message["MessageId"]}]
    assert at_once == [5]
    assert queue.count(queue.url) == 1


async def test_a_fault_of_ours_brings_the_batch_back_soon_too(
    at: Stores, queue: Queue, at_once: list[int], org_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(at.request_logs, "write", broken)
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody=audit_event(org_id=org_id).to_json())
    with pytest.raises(ZeroDivisionError):
        await queue.deliver(queue.receive(), at)
    assert at_once == [5]
    assert len(queue.receive()) == 1
