"""What a task may do: what a request needs, and nothing of queue, events and releases."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.components.function import Reach
from infra.components.nag import acknowledge, arn_in_finding
from infra.stages import Stage


def task_role(scope: Construct, stage: Stage, reach: Reach) -> iam.Role:
    """The role `TaskRole` in `scope`."""
    role = iam.Role(
        scope,
        "TaskRole",
        assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        description=f"What a request to {stage.prefix} may do",
    )
    for statement in (
        _allow([secret.secret_arn for secret in reach.secrets], "secretsmanager:GetSecretValue"),
        _allow([reach.audit.queue.queue_arn], "sqs:SendMessage", "sqs:GetQueueAttributes"),
        _allow([reach.audit.bucket.arn_for_objects("*")], "s3:PutObject"),
        reach.key_statement,
    ):
        if statement:
            role.add_to_policy(statement)
    bucket = arn_in_finding(reach.audit.bucket)
    acknowledge(
        role,
        {
            f"IAM5[Resource::{bucket}/*]": "Objects of the one audit bucket: their names hold "
            "organisation, day and content.",
        },
    )
    return role


def _allow(resources: list[str], *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources)
