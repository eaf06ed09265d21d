"""Each call of AWS that the tests have seen, against the roles: what they do, they may do.

`tests/aws_calls.json` has the calls. What a role allows beyond them is named here with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from tests import aws_calls
from tests.aws_calls import AwsCall
from tests.infra.policies import permits
from tests.infra.template import Template, as_list, text

# The permissions that an operation needs: its own name, unless it stands here.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
NAMED_OTHERWISE = {
    "SendMessageBatch": "SendMessage",
    "ListObjectsV2": "ListBucket",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
# What the key of the stage has to allow besides, where it encrypts the resource.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
BY_THE_KEY = {
    ("sqs", "SendMessage"): ("kms:GenerateDataKey", "kms:Decrypt"),
    ("sqs", "ReceiveMessage"): ("kms:Decrypt",),
    ("sns", "Publish"): ("kms:GenerateDataKey", "kms:Decrypt"),
    ("s3", "PutObject"): ("kms:GenerateDataKey", "kms:Decrypt"),
    ("s3", "GetObject"): ("kms:Decrypt",),
    ("secretsmanager", "GetSecretValue"): ("kms:Decrypt",),
}
# The resource of a call, as the beginning of its logical ids.
RESOURCES = {
    "queue": ("AuditQueue",),
    "dead letters": ("AuditDeadLetters",),
    "bucket": ("AuditBucket",),
    "secret": ("SecretsProviders", "SecretsKeyPepper", "SecretsRedis", "DatabaseClusterSecret"),
    "topic": ("WarningsTopic",),
    "codedeploy": (":deploymentgroup:",),
}
ROLES = {"task": "ServiceTaskRole", "function": "FunctionRole"}
# Nothing of ours makes these calls: Lambda does, by the function's role.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
BY_LAMBDA = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
# Permitted without a call that is recorded, by role.
NOT_RECORDED = {
    # The local stack reads no secret: what runs as a task does, at its start.
    "task": {"secretsmanager:GetSecretValue"},
    "function": set(),
}


def of_role(template: Template, role: str) -> list[dict[str, Any]]:
    """The statements of what a role may do."""
    return [
        statement
        for logical_id, statement in template.statements()
        if logical_id.startswith(ROLES[role]) and "Principal" not in statement
    ]


def permissions(call: AwsCall) -> Iterable[tuple[str, str]]:
    """The actions that a call needs, each with the resource that it is about."""
    operation = NAMED_OTHERWISE.get(call.operation, call.operation)
    for prefix in RESOURCES[call.resource]:
        yield f"{call.service}:{operation}", prefix
    for action in BY_THE_KEY.get((call.service, operation), ()):
        yield action, "EncryptionKey"


def needed(template: Template, role: str) -> set[tuple[str, str]]:
    """All permissions that the calls of a role need in a stage."""
    has_key = template.has("AWS::KMS::Key")
    return {
        (action, resource)
        for call in aws_calls.known()
        if call.role == role
        for action, resource in permissions(call)
        if has_key or not action.startswith("kms:")
    }


def roles_of(template: Template) -> list[str]:
    return [role for role in ROLES if role == "function" or template.has("AWS::ECS::Service")]


def test_what_was_called_is_permitted(template: Template) -> None:
    for role in roles_of(template):
        statements = of_role(template, role)
        missing = [
            f"{role}: {action} on {resource}"
            for action, resource in sorted(needed(template, role))
            if not permits(statements, action, resource)
        ]
        assert missing == []


def test_a_permission_that_is_taken_away_is_missed(templates: dict[str, Template]) -> None:
    """The test of the test: without any one statement some call fails."""
    for role in ROLES:
        statements = of_role(templates["prod"], role)
        for action, resource in needed(templates["prod"], role):
            without = [
                statement
                for statement in statements
                if action not in as_list(statement["Action"]) or statement["Effect"] == "Deny"
            ]
            assert not permits(without, action, resource)


def test_what_is_permitted_is_called(template: Template) -> None:
    for role in roles_of(template):
        used = {action for action, _ in needed(template, role)}
        given = {
            action
            for statement in of_role(template, role)
            if statement["Effect"] == "Allow"
            for action in as_list(statement["Action"])
        }
        unused = given - used - NOT_RECORDED[role] - (BY_LAMBDA if role == "function" else set())
        assert unused == set(), f"{role} is permitted what no test calls"


def test_each_call_is_about_something_that_the_stack_makes(template: Template) -> None:
    everything = text(template.body)
    for call in aws_calls.known():
        assert all(prefix in everything for prefix in RESOURCES[call.resource]), call


@pytest.mark.parametrize("role", ROLES)
def test_there_are_calls_of_each_role(role: str) -> None:
    called = {call.operation for call in aws_calls.known() if call.role == role}
    assert "SendMessageBatch" in called or "SendMessage" in called
    assert "PutObject" in called
