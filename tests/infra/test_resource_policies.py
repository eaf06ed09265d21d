"""Policies of resources: nothing that AWS itself must do is left out, nothing else is let in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.infra.policies import allows
from tests.infra.template import Template, as_list, resolved, text

# What CloudFormation calls on a resource, from the handlers of its schema; only those that the
# policy of the resource has a say in. In KMS that is all of them: without the key's policy, the
# account's administrator has no right.
# https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-kms/blob/master/key/aws-kms-key.json
KEY_HANDLERS = {
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
}
# On the alias and on its key: https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
ALIAS_HANDLERS = {"kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"}
# For the resources that the key encrypts, with the rights of who makes them.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.Encryption.Keys.html
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
ENCRYPTED_RESOURCES = {
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RevokeGrant",
}
# The calls on resources with a policy of their own. Of the same account, the caller's own policy is
# enough: a resource's policy can only take it away, by a Deny.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics.html
HANDLERS = {
    "AWS::S3::BucketPolicy": [
        "s3:CreateBucket",
        "s3:DeleteBucket",
        "s3:DeleteBucketPolicy",
        "s3:GetBucketPolicy",
        "s3:ListBucket",
        "s3:PutBucketObjectLockConfiguration",
        "s3:PutBucketPolicy",
        "s3:PutBucketVersioning",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
    ],
    "AWS::SQS::QueuePolicy": [
        "sqs:CreateQueue",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:ListQueueTags",
        "sqs:SetQueueAttributes",
        "sqs:TagQueue",
        "sqs:UntagQueue",
    ],
    "AWS::SNS::TopicPolicy": [
        "sns:CreateTopic",
        "sns:DeleteTopic",
        "sns:GetTopicAttributes",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:TagResource",
        "sns:Unsubscribe",
        "sns:UntagResource",
    ],
    "AWS::SecretsManager::ResourcePolicy": [
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutResourcePolicy",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecret",
    ],
}
POLICY = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
}
# Resources that call the topic, and as whom.
PUBLISHERS = {"AWS::CloudWatch::Alarm": "cloudwatch.amazonaws.com"}
ACCOUNT = "<AWS::AccountId>"


def key_policy(templates: dict[str, Template]) -> list[dict[str, Any]]:
    """The statements of prod's key."""
    found: list[dict[str, Any]] = templates["prod"].one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    return found


@pytest.mark.parametrize("action", sorted(KEY_HANDLERS | ALIAS_HANDLERS | ENCRYPTED_RESOURCES))
def test_the_account_may_do_with_the_key_what_cloudformation_does(
    templates: dict[str, Template], action: str
) -> None:
    assert templates["prod"].has("AWS::KMS::Alias")
    assert allows(key_policy(templates), "root", action)


def test_the_key_may_not_be_handed_to_another_account(templates: dict[str, Template]) -> None:
    for statement in key_policy(templates):
        for name in as_list(statement["Principal"].get("AWS", [])):
            assert resolved(name).endswith(f"::{ACCOUNT}:root")


@pytest.mark.parametrize("type_", HANDLERS)
def test_no_policy_of_a_resource_keeps_cloudformation_out(
    templates: dict[str, Template], type_: str
) -> None:
    request = {"aws__SecureTransport": "true", "s3__TlsVersion": "1.3"}
    own = {"Effect": "Allow", "Principal": {"AWS": ":root"}, "Action": ["*"]}
    for stage, template in templates.items():
        if not template.has(type_):
            assert type_ == "AWS::SecretsManager::ResourcePolicy", f"{stage} has no {type_}"
            continue
        for properties in template.all(type_).values():
            statements = [own, *properties[POLICY[type_]]["Statement"]]
            for action in HANDLERS[type_]:
                assert allows(statements, "root", action, **request), action


def test_who_publishes_to_the_topic_may(template: Template, stage: str) -> None:
    """A topic with a policy of its own has lost the default one.

    https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
    """
    (topic,) = (
        logical_id
        for logical_id, properties in template.all("AWS::SNS::Topic").items()
        if properties["TopicName"].endswith("-alarms")
    )
    (topic_policy,) = (
        policy["PolicyDocument"]["Statement"]
        for policy in template.all("AWS::SNS::TopicPolicy").values()
        if topic in text(policy["Topics"])
    )
    publishers = {
        (resource["Type"], text(resource["Properties"].get("AlarmName", "")).strip('"'))
        for resource in template.resources.values()
        if topic in text(resource.get("Properties", {}))
        and resource["Type"] not in ("AWS::SNS::TopicPolicy", "AWS::SNS::Subscription")
    }
    assert len(publishers) >= 10
    for type_, name in publishers:
        arn = f"arn:<AWS::Partition>:cloudwatch:<AWS::Region>:{ACCOUNT}:alarm:{name}"
        request = {
            "aws__SecureTransport": "true",
            "aws__SourceAccount": ACCOUNT,
            "aws__SourceArn": arn,
        }
        assert allows(topic_policy, PUBLISHERS[type_], "sns:Publish", **request), name
        plain = request | {"aws__SecureTransport": "false"}
        assert not allows(topic_policy, PUBLISHERS[type_], "sns:Publish", **plain)
        foreign = request | {"aws__SourceAccount": "999999999999"}
        assert not allows(topic_policy, PUBLISHERS[type_], "sns:Publish", **foreign)
        if template.has("AWS::KMS::Key"):
            key = template.one("AWS::KMS::Key")["KeyPolicy"]["Statement"]
            # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            for action in ("kms:Decrypt", "kms:GenerateDataKey"):
                assert allows(key, PUBLISHERS[type_], action, **request)


def test_log_groups_may_use_the_key(templates: dict[str, Template]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html"""
    service = "logs.<AWS::Region>.amazonaws.com"
    of_us = f"arn:<AWS::Partition>:logs:<AWS::Region>:{ACCOUNT}:log-group:/aws/lambda/llm-cp-prod"
    for action in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom"):
        for arn, may in ((of_us, True), (of_us.replace(ACCOUNT, "999999999999"), False)):
            context = {"kms__EncryptionContext__aws__logs__arn": arn}
            said = allows(key_policy(templates), service, f"kms:{action}", **context)
            assert said is may, (action, arn)
