"""The audit queue: an event is sent before the answer ends, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controlplane.domain.audit import AuditEvent
from controlplane.errors import Unreachable
from controlplane.telemetry import count, log

BATCH_SIZE = 10  # SQS takes no more in one call
MAX_CALLS = 4
_DEPTHS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]

_Waiting = tuple[AuditEvent, "asyncio.Future[None]"]


class AuditQueue:
    """The gateway's AuditSink: SQS, else S3 under `audit-spill/`, else the log, marked and counted.

    Events that come while a call is under way share the next one, so that a busy server pays for
    one call in ten.
    """

    def __init__(
        self,
        sqs: Any,
        queue_url: str,
        spill: Callable[[str, bytes], Awaitable[None]],
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._spill = spill
        self._waiting: list[_Waiting] = []
        self._calls: set[asyncio.Task[None]] = set()

    async def append(self, event: AuditEvent) -> None:
        """Returns once the event is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, done))
        self._start()
        # The event is sent even if the caller leaves meanwhile.
        await asyncio.shield(done)

    async def check(self) -> None:
        """Raises Unreachable where the queue does not answer."""
        try:
            await asyncio.to_thread(
                self._sqs.get_queue_attributes,
                QueueUrl=self._queue_url,
                AttributeNames=["QueueArn"],
            )
        except (BotoCoreError, ClientError) as error:
            raise Unreachable("sqs") from error

    async def depth(self) -> int:
        """How many events are on their way, about: SQS counts with a delay of up to a minute.

        Raises Unreachable.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        """
        try:
            reply = await asyncio.to_thread(
                self._sqs.get_queue_attributes, QueueUrl=self._queue_url, AttributeNames=_DEPTHS
            )
        except (BotoCoreError, ClientError) as error:
            raise Unreachable("sqs") from error
        return sum(int(reply["Attributes"][name]) for name in _DEPTHS)

    def _start(self) -> None:
        busy = len(self._calls)
        if self._waiting and (busy == 0 or (busy < MAX_CALLS and len(self._waiting) >= BATCH_SIZE)):
            batch, self._waiting = self._waiting[:BATCH_SIZE], self._waiting[BATCH_SIZE:]
            task = asyncio.create_task(self._send(batch))
            self._calls.add(task)
            task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        self._start()

    async def _send(self, batch: list[_Waiting]) -> None:
        entries = [
            {"Id": str(index), "MessageBody": event.to_json()}
            for index, (event, _) in enumerate(batch)
        ]
        try:
            reply = await asyncio.to_thread(
                self._sqs.send_message_batch, QueueUrl=self._queue_url, Entries=entries
            )
            refused = {int(failure["Id"]) for failure in reply.get("Failed", ())}
        except (BotoCoreError, ClientError) as error:
            log.error("audit_queue_down", extra={"error": type(error).__name__})
            refused = set(range(len(batch)))
        for index, (event, done) in enumerate(batch):
            if index in refused:
                await self._keep(event)
            if not done.done():
                done.set_result(None)

    async def _keep(self, event: AuditEvent) -> None:
        day = event.occurred_at.astimezone(UTC).date().isoformat()
        key = f"audit-spill/org={event.org_id}/dt={day}/{event.request_id}.json"
        try:
            await self._spill(key, event.to_json().encode())
            count("audit_spilled", to="s3", org_id=event.org_id)
        except Unreachable:
            count("audit_spilled", to="log", org_id=event.org_id)
            log.error("AUDIT_SPILL", extra={"audit_event": event.to_dict()})
