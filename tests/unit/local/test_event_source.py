"""Queue messages become Lambda's event, and its answer says which may be deleted; schedules."""

from __future__ import annotations

import json
import queue
from collections import Counter
from typing import Any

import pytest

from controlplane.events import EVENTS
from controlplane.local.event_source import SCHEDULES, sqs_event, start_schedules, succeeded
from controlplane.local.worker import Outcome

ARN = "arn:aws:sqs:eu-west-1:123456789012:llm-cp-audit"
MESSAGES = [{"MessageId": "one", "ReceiptHandle": "1"}, {"MessageId": "two", "ReceiptHandle": "2"}]


def test_the_event_is_lambdas() -> None:
    message = {
        "MessageId": "one",
        "ReceiptHandle": "handle",
        "MD5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
        "MD5OfMessageAttributes": "d1",
        "Body": "{}",
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
        "MessageAttributes": {"kind": {"StringValue": "audit", "DataType": "String"}},
    }
    assert sqs_event([message], ARN) == {
        "Records": [
            {
                "messageId": "one",
                "receiptHandle": "handle",
                "body": "{}",
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
                "messageAttributes": {
                    "kind": {
                        "stringValue": "audit",
                        "dataType": "String",
                        "stringListValues": [],
                        "binaryListValues": [],
                    }
                },
                "md5OfBody": "99914b932bd37a50b983c5e7c90ae93b",
                "md5OfMessageAttributes": "d1",
                "eventSource": "aws:sqs",
                "eventSourceARN": ARN,
                "awsRegion": "eu-west-1",
            }
        ]
    }


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        (None, ["one", "two"]),
        ({}, ["one", "two"]),
        ({"batchItemFailures": None}, ["one", "two"]),
        ({"batchItemFailures": []}, ["one", "two"]),
        ({"batchItemFailures": [{"itemIdentifier": "one"}]}, ["two"]),
        ({"batchItemFailures": [{"itemIdentifier": "one"}, {"itemIdentifier": "two"}]}, []),
        ({"batchItemFailures": [{"itemIdentifier": "three"}]}, []),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, []),
        ({"batchItemFailures": [{"itemIdentifier": None}]}, []),
        ({"batchItemFailures": [{"wrong": "one"}]}, []),
        ({"batchItemFailures": ["one"]}, []),
    ],
)
def test_only_what_succeeded_is_deleted(answer: Any, deleted: list[str]) -> None:
    outcome = Outcome("request", json.dumps(answer).encode(), failed=False)
    assert [message["MessageId"] for message in succeeded(MESSAGES, outcome)] == deleted


def test_a_function_error_deletes_nothing() -> None:
    assert succeeded(MESSAGES, Outcome("request", b'{"errorMessage": "x"}', failed=True)) == []


def test_each_comes_as_often_as_its_row_says() -> None:
    came: queue.SimpleQueue[Any] = queue.SimpleQueue()
    start_schedules(came.put, {"often": 0.01, "seldom": 0.1})
    counts = Counter(came.get(timeout=5)["type"] for _ in range(22))
    assert counts["often"] >= 5 * counts["seldom"] >= 5


def test_every_scheduled_event_is_one_of_the_functions() -> None:
    assert set(SCHEDULES) <= set(EVENTS)
