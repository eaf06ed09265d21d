"""Messages as Lambda hands them over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""

from __future__ import annotations

from typing import Any


def sqs_record(message_id: str, body: str, handle: str = "none") -> dict[str, Any]:
    """A message that was received for the first time."""
    return {
        "messageId": message_id,
        "receiptHandle": handle,
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "body": body,
    }
