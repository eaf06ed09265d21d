"""Messages of the audit queue that the consumer could not store: sooner again, or set aside.

SQS would show them again after the queue's visibility timeout, which is made for a process that has
died, and would give a message up after so many receives, whatever the reason was.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controlplane.adapters.sqs import BATCH_SIZE
from controlplane.telemetry import count, log

FIRST_SECONDS = 5
SOON_SECONDS = 120
# An outage of more than an hour: so rarely that the receives that SQS allows outlast the fourteen
# days for which it keeps a message.
PATIENT_AFTER_RECEIVES = 36
PATIENT_SECONDS = 1_260

Record = Mapping[str, Any]


def seconds_until_again(receives: int) -> int:
    """How long a message stays hidden after its so-manieth receive failed."""
    if receives > PATIENT_AFTER_RECEIVES:
        return PATIENT_SECONDS
    doubled: int = FIRST_SECONDS * 2 ** min(receives - 1, 10)
    return min(SOON_SECONDS, doubled)


class SqsDeliveries:
    """The messages of a batch, as Lambda hands them over. No method raises."""

    def __init__(self, sqs: Callable[[], Any], queue_url: str) -> None:
        self._make = sqs
        self._queue_url = queue_url

    @cached_property
    def _client(self) -> Any:
        return self._make()

    async def postpone(self, records: Sequence[Record]) -> None:
        """Bring them back soon, later each time; where SQS refuses, after the queue's own time."""
        await asyncio.to_thread(self._postpone, records)

    async def set_aside(self, records: Sequence[Record]) -> Sequence[Record]:
        """Copy them to the dead letters; returns those that are there and may be deleted."""
        return await asyncio.to_thread(self._set_aside, records)

    def _postpone(self, records: Sequence[Record]) -> None:
        for part in _tens(records):
            entries = [
                {
                    "Id": str(index),
                    "ReceiptHandle": record["receiptHandle"],
                    "VisibilityTimeout": seconds_until_again(_receives(record)),
                }
                for index, record in enumerate(part)
            ]
            try:
                self._client.change_message_visibility_batch(
                    QueueUrl=self._queue_url, Entries=entries
                )
            except (BotoCoreError, ClientError) as error:
                log.error("audit_queue_down", extra={"error": type(error).__name__})
                return

    def _set_aside(self, records: Sequence[Record]) -> Sequence[Record]:
        there: list[Record] = []
        try:
            dead_letters = self._dead_letters()
            for record in records:  # they are rare, and ten together may be more than SQS takes
                self._client.send_message(QueueUrl=dead_letters, MessageBody=record["body"])
                there.append(record)
        except (BotoCoreError, ClientError, KeyError) as error:
            log.error("audit_dead_letters_down", extra={"error": type(error).__name__})
        count("audit_set_aside", len(there))
        return there

    def _dead_letters(self) -> str:
        """The address of the queue's own dead letters. Raises KeyError where it has none."""
        reply = self._client.get_queue_attributes(
            QueueUrl=self._queue_url, AttributeNames=["RedrivePolicy"]
        )
        arn = json.loads(reply["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
        name = arn.rpartition(":")[2]
        return str(self._client.get_queue_url(QueueName=name)["QueueUrl"])


def _receives(record: Record) -> int:
    return int(record["attributes"]["ApproximateReceiveCount"])


def _tens(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), BATCH_SIZE):
        yield records[start : start + BATCH_SIZE]
