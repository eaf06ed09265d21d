"""The audit queue: an event is sent before the answer ends, and never lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any, Protocol

from controlplane.adapters.aws_http import AwsRefusal
from controlplane.adapters.breaker import BreakerOpen
from controlplane.domain.audit import AuditEvent
from controlplane.errors import Unreachable
from controlplane.telemetry import count, log

if TYPE_CHECKING:
    from controlplane.adapters.aws_http.service import AwsService

# SQS takes no more in one call, and 256 KiB of them: no event has more than MAX_EVENT_BYTES.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BATCH_SIZE = 10
MAX_CALLS = 4
ATTRIBUTES_SECONDS = 1.5
LEAST_SECONDS = 0.25
OK = 200
_DEPTHS = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]
SPILL_FOLDER = "audit-spill/"


class Queue(Protocol):
    """One queue. Every method raises Unreachable."""

    async def send(self, bodies: Sequence[str], *, seconds: float) -> Sequence[bool]:
        """Send up to BATCH_SIZE messages; says which of them were taken."""
        ...

    async def attributes(self, names: Sequence[str]) -> Mapping[str, str]:
        """What the queue says of itself."""
        ...


class SqsQueue:
    """SQS, in its JSON protocol.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
    """

    def __init__(self, sqs: AwsService, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    async def send(self, bodies: Sequence[str], *, seconds: float) -> Sequence[bool]:
        """One SendMessageBatch."""
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
        # Half of what a function has left: the other half is for what follows if this fails.
        reply = await self._call("SendMessageBatch", {"Entries": entries}, seconds, share=0.5)
        taken = {str(each.get("Id")) for each in reply.get("Successful", ())}
        return [str(index) in taken for index in range(len(bodies))]

    async def attributes(self, names: Sequence[str]) -> Mapping[str, str]:
        """GetQueueAttributes."""
        reply = await self._call(
            "GetQueueAttributes", {"AttributeNames": names}, ATTRIBUTES_SECONDS
        )
        found: Mapping[str, str] = reply.get("Attributes", {})
        return found

    async def _call(
        self, operation: str, members: Mapping[str, Any], seconds: float, share: float = 1.0
    ) -> Mapping[str, Any]:
        answer = await self._sqs.call(
            "POST",
            "/",
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"AmazonSQS.{operation}",
            },
            body=json.dumps({"QueueUrl": self._queue_url, **members}).encode(),
            seconds=seconds,
            share=share,
        )
        try:
            reply = json.loads(answer.body)
        except ValueError:
            reply = None
        if answer.status != OK or not isinstance(reply, dict):
            raise Unreachable("sqs") from AwsRefusal(_code(reply) or f"status {answer.status}")
        return reply


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: AuditEvent
    body: str
    since: float
    done: asyncio.Future[None]


class AuditQueue:
    """The gateway's AuditSink: SQS, else S3 under `audit-spill/`, else the log, marked and counted.

    Events that come while a call is under way share the next one, so that a busy server pays for
    one call in ten. `seconds` is how long an event waits for SQS, the wait for its turn included.
    """

    def __init__(
        self,
        queue: Queue,
        spill: Callable[[str, bytes], Awaitable[None]],
        *,
        seconds: float,
    ) -> None:
        self._queue = queue
        self._spill = spill
        self._seconds = seconds
        self._waiting: list[_Waiting] = []
        self._calls: set[asyncio.Task[None]] = set()
        self._spills: set[asyncio.Task[None]] = set()

    async def append(self, event: AuditEvent) -> None:
        """Returns once the event is durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(event, event.to_json(), time.monotonic(), done)
        self._waiting.append(waiting)
        self._start()
        # The event is sent even if the caller leaves meanwhile.
        await asyncio.shield(done)

    async def check(self) -> None:
        """Raises Unreachable where the queue does not answer."""
        await self._queue.attributes(["QueueArn"])

    async def depth(self) -> int:
        """How many events are on their way, about: SQS counts with a delay of up to a minute.

        Raises Unreachable.
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
        """
        attributes = await self._queue.attributes(_DEPTHS)
        try:
            return sum(int(attributes[name]) for name in _DEPTHS)
        except (KeyError, TypeError, ValueError):
            raise Unreachable("sqs") from None

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

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        waited = time.monotonic() - batch[0].since
        taken: Sequence[bool] = [False] * len(batch)
        try:
            taken = await self._queue.send(
                [each.body for each in batch], seconds=max(LEAST_SECONDS, self._seconds - waited)
            )
        except BreakerOpen:
            pass  # the log has said so
        except Unreachable as error:
            log.error("audit_queue_down", extra={"error": _reason(error)})
        finally:  # whatever went wrong, a fault of ours included
            for each, is_taken in zip(batch, taken, strict=True):
                if not is_taken:
                    self._keep(each)
                elif not each.done.done():
                    each.done.set_result(None)

    def _keep(self, waiting: _Waiting) -> None:
        """All at once: none waits for another, nor does the next call."""
        task = asyncio.create_task(self._put(waiting))
        self._spills.add(task)
        task.add_done_callback(self._spills.discard)

    async def _put(self, waiting: _Waiting) -> None:
        event = waiting.event
        day = event.occurred_at.astimezone(UTC).date().isoformat()
        key = f"{SPILL_FOLDER}org={event.org_id}/dt={day}/{event.request_id}.json"
        kept = False
        try:
            await self._spill(key, waiting.body.encode())
            kept = True
        except Unreachable:
            pass
        finally:
            count("audit_spilled", to="s3" if kept else "log", org_id=event.org_id)
            if not kept:
                log.error("AUDIT_SPILL", extra={"audit_event": event.to_dict()})
            if not waiting.done.done():
                waiting.done.set_result(None)


def _code(reply: Any) -> str | None:
    name = reply.get("__type") if isinstance(reply, dict) else None
    return name.rpartition("#")[2] if isinstance(name, str) else None


def _reason(error: Unreachable) -> str:
    cause = error.__cause__
    return str(cause) if isinstance(cause, AwsRefusal) else type(cause).__name__
