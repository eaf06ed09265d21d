"""What invokes the function in AWS: the poller of its queue, with batches, and its schedules.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from controlplane.local.worker import FunctionWorker, Outcome

BATCH_SIZE = 10
WAIT_SECONDS = 1
DRAIN_SECONDS = 3.0
# Seconds between two events of a kind; `infra/components/schedules.py` has the same in AWS.
SCHEDULES: Mapping[str, float] = {
    "ledger-restore": 60.0,
    "hold-sweep": 300.0,
    "audit-recover": 300.0,
}


class QueuePoller:
    """Polls `queue_url` in a thread of its own, one batch at a time, and stops the worker last.

    The AWS settings are those of the environment.
    """

    def __init__(self, queue_url: str, worker: FunctionWorker) -> None:
        self._queue_url = queue_url
        self._worker = worker
        self._stopping = False

    def start(self) -> None:
        """Start polling."""
        threading.Thread(target=self._run, name="event-source", daemon=True).start()

    def stop(self) -> None:
        """Take what is in the queue already, then stop the worker. A signal handler may call it."""
        self._stopping = True

    def _run(self) -> None:
        sqs = boto3.client("sqs")
        arn = ""
        drained_by: float | None = None
        while drained_by is None or time.monotonic() < drained_by:
            if self._stopping and drained_by is None:
                drained_by = time.monotonic() + DRAIN_SECONDS
            try:
                arn = arn or self._queue_arn(sqs)
                if not self._take_batch(sqs, arn) and self._stopping:
                    break
            except (BotoCoreError, ClientError) as error:
                print(f"The queue did not answer: {type(error).__name__}", flush=True)
                if self._stopping:
                    break
                time.sleep(WAIT_SECONDS)
        self._worker.stop()

    def _queue_arn(self, sqs: Any) -> str:
        answer = sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def _take_batch(self, sqs: Any, arn: str) -> bool:
        """Whether there was one."""
        messages = sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=BATCH_SIZE,
            WaitTimeSeconds=0 if self._stopping else WAIT_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return False
        outcome = self._worker.submit(sqs_event(messages, arn)).result()
        done = succeeded(messages, outcome)
        if done:
            entries = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(done)
            ]
            sqs.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
        return True


def sqs_event(messages: Sequence[Mapping[str, Any]], arn: str) -> dict[str, Any]:
    """Messages as `receive_message` gives them, in the form that Lambda hands to functions."""
    return {"Records": [_record(message, arn) for message in messages]}


def _record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: {
                **{key[0].lower() + key[1:]: value for key, value in attribute.items()},
                "stringListValues": [],
                "binaryListValues": [],
            }
            for name, attribute in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def succeeded(
    messages: Sequence[Mapping[str, Any]], outcome: Outcome
) -> Sequence[Mapping[str, Any]]:
    """The messages that may be deleted. An answer that names what it was not given fails all."""
    if outcome.failed:
        return []
    answer = json.loads(outcome.payload)
    failures = (answer or {}).get("batchItemFailures") or [] if isinstance(answer, dict) else []
    if not all(isinstance(failure, dict) for failure in failures):
        return []
    failed = {failure.get("itemIdentifier") for failure in failures}
    if not failed <= {message["MessageId"] for message in messages}:
        return []
    return [message for message in messages if message["MessageId"] not in failed]


def start_schedules(
    submit: Callable[[Mapping[str, Any]], Any], schedules: Mapping[str, float] = SCHEDULES
) -> None:
    """Submit each event as often as its row says, from a thread that ends with the process."""
    threading.Thread(
        target=_run, args=(submit, dict(schedules)), name="schedules", daemon=True
    ).start()


def _run(submit: Callable[[Mapping[str, Any]], Any], schedules: Mapping[str, float]) -> None:
    started = time.monotonic()
    due = {name: started + seconds for name, seconds in schedules.items()}
    while True:
        name = min(due, key=lambda each: due[each])
        time.sleep(max(0.0, due[name] - time.monotonic()))
        submit({"type": name})
        due[name] = time.monotonic() + schedules[name]
