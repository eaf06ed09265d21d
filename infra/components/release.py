"""CodeDeploy: migrate first, move the alias by and by, move it back when an alarm goes off."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.components.nag import acknowledge, arn_in_finding
from infra.stages import Stage


class Release(Construct):
    """The deployment group of the alias; the function itself is the hook before traffic."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        *,
        function: lambda_.Function,
        alias: lambda_.Alias,
        alarms: Sequence[cloudwatch.IAlarm],
    ) -> None:
        super().__init__(scope, id_)
        # By its ARN: the grants that CDK would add make function and deployment group a circle.
        hook = lambda_.Function.from_function_attributes(
            self, "Hook", function_arn=function.function_arn, skip_permissions=True
        )
        codedeploy.LambdaDeploymentGroup(
            self,
            "Group",
            application=codedeploy.LambdaApplication(
                self, "Application", application_name=stage.prefix
            ),
            deployment_group_name=stage.prefix,
            alias=alias,
            role=self._role(function).without_policy_updates(),
            deployment_config=getattr(codedeploy.LambdaDeploymentConfig, stage.traffic_shift),
            pre_hook=hook,
            alarms=list(alarms),
            auto_rollback=codedeploy.AutoRollbackConfig(
                deployment_in_alarm=True, failed_deployment=True, stopped_deployment=True
            ),
        )

    def _role(self, function: lambda_.Function) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[
                    "lambda:GetAlias",
                    "lambda:GetProvisionedConcurrencyConfig",
                    "lambda:InvokeFunction",
                    "lambda:UpdateAlias",
                ],
                resources=[function.function_arn, f"{function.function_arn}:*"],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"])
        )
        acknowledge(
            role,
            {
                "IAM5[Resource::*]": "cloudwatch:DescribeAlarms, which names no resource.",
                f"IAM5[Resource::{arn_in_finding(function)}:*]": "The versions and the alias of "
                "the one function.",
            },
        )
        return role


def deployment_group_arn(scope: Construct, stage: Stage) -> str:
    """By name, so that the function's role does not wait for what waits for the function."""
    return Stack.of(scope).format_arn(
        service="codedeploy",
        resource="deploymentgroup",
        resource_name=f"{stage.prefix}/{stage.prefix}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
