"""The one function, its alias, and a role that says what it may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import REPOSITORY
from infra.components.audit import AuditTrail
from infra.components.nag import acknowledge, arn_in_finding
from infra.components.network import Network
from infra.components.release import deployment_group_arn
from infra.stages import Stage

ALIAS = "live"
COLD_START_SECONDS = 2
_PACKAGE = REPOSITORY / "dist" / "lambda.zip"
_PLACEHOLDER = REPOSITORY / "infra" / "package" / "placeholder"


@dataclass(frozen=True, slots=True)
class Reach:
    """What the function works with."""

    network: Network
    audit: AuditTrail
    warnings: sns.ITopic
    secrets: Iterable[secretsmanager.ISecret]
    key_statement: iam.PolicyStatement | None


class ControlPlaneFunction(Construct):
    """`function` (its newest code) and `alias` (what callers, queue and schedules invoke)."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        *,
        reach: Reach,
        environment: Mapping[str, str],
        log_group: logs.ILogGroup,
    ) -> None:
        super().__init__(scope, id_)
        role = self._role(stage, reach, log_group)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=stage.prefix,
            description="LLM Control Plane: HTTP, audit batches, maintenance",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="controlplane.lambda_handler.handler",
            code=lambda_.Code.from_asset(str(package())),
            memory_size=stage.memory_mb,
            timeout=Duration.seconds(stage.timeout_seconds),
            environment=dict(environment) | _streaming(stage) | _waits(stage),
            role=role,
            vpc=reach.network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[reach.network.function],
            log_group=log_group,
            # A version that a later release has replaced is where to go back to; the workflow
            # deletes the oldest.
            current_version_options=lambda_.VersionOptions(
                removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            ),
            snap_start=(lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if stage.snap_start else None),
            tracing=lambda_.Tracing.ACTIVE if stage.xray else lambda_.Tracing.DISABLED,
        )
        acknowledge(
            self.function,
            {"L1": "Python 3.13 is what the package is locked, compiled and tested for."},
        )
        self.alias = lambda_.Alias(
            self, "Alias", alias_name=ALIAS, version=self.function.current_version
        )
        # A maintenance event that fails is not repeated, nor a late one run: the next one comes.
        # EventBridge's own setting ends with Lambda's "accepted".
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        self.alias.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(1))
        self._consume(stage, reach.audit)

    def _consume(self, stage: Stage, audit: AuditTrail) -> None:
        self.alias.add_event_source(
            event_sources.SqsEventSource(
                audit.queue,
                batch_size=stage.audit_batch_size,
                max_batching_window=Duration.seconds(stage.audit_batch_window_seconds),
                max_concurrency=stage.audit_max_concurrency,
                report_batch_item_failures=True,
            )
        )

    def _role(self, stage: Stage, reach: Reach, log_group: logs.ILogGroup) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=f"What {stage.prefix} may do",
        )
        for statement in (
            *_network_interfaces(_function_arn(self, stage)),
            _allow([f"{log_group.log_group_arn}"], "logs:CreateLogStream", "logs:PutLogEvents"),
            _allow(
                [secret.secret_arn for secret in reach.secrets], "secretsmanager:GetSecretValue"
            ),
            _allow(
                [reach.audit.queue.queue_arn],
                *("sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"),
                *("sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"),
            ),
            _allow(
                [reach.audit.dead_letters.queue_arn],
                *("sqs:SendMessage", "sqs:GetQueueUrl"),
            ),
            _allow([reach.warnings.topic_arn], "sns:Publish"),
            _allow([reach.audit.bucket.arn_for_objects("*")], "s3:GetObject", "s3:PutObject"),
            _allow([reach.audit.bucket.bucket_arn], "s3:ListBucket"),
            # Of what was spilled and is in the trail now; the lock keeps its versions.
            _allow([reach.audit.bucket.arn_for_objects("audit-spill/*")], "s3:DeleteObject"),
            _allow(
                [deployment_group_arn(self, stage)],
                "codedeploy:PutLifecycleEventHookExecutionStatus",
            ),
            reach.key_statement,
        ):
            if statement:
                role.add_to_policy(statement)
        bucket = arn_in_finding(reach.audit.bucket)
        acknowledge(
            role,
            {
                "IAM5[Resource::*]": "Lambda's service makes network interfaces whose names nobody "
                "knows before; the same actions are denied to the function's own code.",
                f"IAM5[Resource::{bucket}/*]": "Objects of the one audit bucket: their names hold "
                "organisation, day and content.",
                f"IAM5[Resource::{bucket}/audit-spill/*]": "What was spilled, and is in the trail "
                "by now; nothing else of the bucket can be deleted.",
            },
        )
        return role


def package() -> Path:
    """The built package; a placeholder while there is none, so that synthesis needs no build."""
    return _PACKAGE if _PACKAGE.is_file() else _PLACEHOLDER


def _function_arn(scope: Construct, stage: Stage) -> str:
    """By name, because the function waits for its role."""
    return Stack.of(scope).format_arn(
        service="lambda",
        resource="function",
        resource_name=stage.prefix,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _streaming(stage: Stage) -> dict[str, str]:
    if not stage.streaming:
        return {}
    return {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bin/stream"}


def _waits(stage: Stage) -> dict[str, str]:
    """How long those in front wait, less what a cold start takes of it."""
    seconds = {
        "LLM_CP_COLLECTED_SECONDS": stage.collect_seconds,
        "LLM_CP_WHOLE_ANSWER_SECONDS": min(stage.origin_read_timeout_seconds, 900),
    }
    return {name: str(waited - COLD_START_SECONDS) for name, waited in seconds.items()}


def _allow(resources: list[str], *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=resources)


def _network_interfaces(function_arn: str) -> tuple[iam.PolicyStatement, iam.PolicyStatement]:
    """For Lambda's service, not for the code it runs.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-best-practice
    """
    actions = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]
    return (
        iam.PolicyStatement(actions=actions, resources=["*"]),
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=actions,
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn}},
        ),
    )
