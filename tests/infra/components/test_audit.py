"""The audit trail loses nothing and forgets nothing for seven years."""

from __future__ import annotations

from typing import Any

import pytest
from tests.infra.template import Template

FOURTEEN_DAYS = 14 * 24 * 60 * 60
SEVEN_YEARS_DAYS = 7 * 365.25


@pytest.fixture
def bucket(template: Template) -> dict[str, Any]:
    """The bucket that the function writes to."""
    name = template.one("AWS::Lambda::Function")["Environment"]["Variables"]["AUDIT_BUCKET"]["Ref"]
    found: dict[str, Any] = template.resources[name]["Properties"]
    return found


def test_messages_live_for_fourteen_days_and_are_given_up_by_nobody(template: Template) -> None:
    queues = template.all("AWS::SQS::Queue")
    assert {queue["MessageRetentionPeriod"] for queue in queues.values()} == {FOURTEEN_DAYS}
    (audit,) = (queue for queue in queues.values() if "RedrivePolicy" in queue)
    dead_letters = audit["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert dead_letters in queues
    assert "RedrivePolicy" not in queues[dead_letters]
    assert audit["RedrivePolicy"]["maxReceiveCount"] >= 3


def test_a_message_is_hidden_for_six_times_as_long_as_the_function_may_take(
    template: Template,
) -> None:
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    queue = template.resources[mapping["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]
    timeout = template.one("AWS::Lambda::Function")["Timeout"]
    window = mapping["MaximumBatchingWindowInSeconds"]
    assert queue["VisibilityTimeout"] >= 6 * timeout + window
    variables = template.one("AWS::Lambda::Function")["Environment"]["Variables"]
    assert variables["AUDIT_QUEUE_URL"]["Ref"] == mapping["EventSourceArn"]["Fn::GetAtt"][0]


def test_objects_are_locked_for_seven_years(bucket: dict[str, Any], stage: str) -> None:
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    retention = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert retention["Days"] >= SEVEN_YEARS_DAYS - 1
    assert retention["Mode"] == ("COMPLIANCE" if stage == "prod" else "GOVERNANCE")


def test_objects_go_to_deep_archive_and_end_after_seven_years(bucket: dict[str, Any]) -> None:
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert "Prefix" not in rule
    (transition,) = rule["Transitions"]
    assert transition["StorageClass"] == "DEEP_ARCHIVE"
    assert 1 <= transition["TransitionInDays"] <= 365
    lock = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Days"]
    assert lock < rule["ExpirationInDays"] < lock + 31
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] >= 1
