"""Notifications on their way: in the audit queue, whose consumer delivers them, and in a topic."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from controlplane.domain.notification import Notification
from controlplane.errors import Undelivered, Unreachable

BATCH_SIZE = 10
_SUBJECT = "LLM budget"


class NotificationQueue:
    """Raises Unreachable."""

    def __init__(self, sqs: Any, queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    async def send(self, notifications: Sequence[Notification], delay_seconds: int = 0) -> None:
        """Returns once all of them are durable; they are delivered after `delay_seconds`."""
        for first in range(0, len(notifications), BATCH_SIZE):
            entries = [
                {
                    "Id": str(index),
                    "MessageBody": orjson.dumps(each.to_dict()).decode(),
                    "DelaySeconds": delay_seconds,
                }
                for index, each in enumerate(notifications[first : first + BATCH_SIZE])
            ]
            try:
                reply = await asyncio.to_thread(
                    self._sqs.send_message_batch, QueueUrl=self._queue_url, Entries=entries
                )
            except (BotoCoreError, ClientError) as error:
                raise Unreachable("sqs") from error
            if reply.get("Failed"):
                raise Unreachable("sqs")


class WarningTopic:
    """The operator's topic in SNS."""

    def __init__(self, sns: Any, arn: str) -> None:
        self._sns = sns
        self._arn = arn

    async def publish(self, message_id: str, message: Mapping[str, Any]) -> None:
        """The text for mail, the whole message for programs. Raises Undelivered."""
        body = orjson.dumps({**message, "id": message_id}, option=orjson.OPT_INDENT_2).decode()
        try:
            await asyncio.to_thread(
                self._sns.publish, TopicArn=self._arn, Subject=_SUBJECT, Message=body
            )
        except (BotoCoreError, ClientError) as error:
            raise Undelivered(f"SNS: {type(error).__name__}") from None
