"""Synthesises every stage into `infra/cdk.out/`; needs no Docker, no credentials and no network.

    python -m infra.app

CDK_OUTDIR moves the output; CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION, set by the CDK CLI, bind
the stacks to an account; what else is read is in `infra/deployment.py`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import infra.environment  # noqa: F401  (before aws_cdk)

# isort: split
import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from infra import REPOSITORY
from infra.deployment import DeploymentError, chosen_stages
from infra.stack import ControlPlaneStack
from infra.stages import Stage

# https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/cx-api/FEATURE_FLAGS.md
FLAGS = {
    "@aws-cdk/aws-iam:minimizePolicies": True,
    "@aws-cdk/core:enablePartitionLiterals": True,
    "@aws-cdk/core:validateAgainstDefaultRules": True,
    "@aws-cdk/core:target-partitions": ["aws"],
    "@aws-cdk/aws-codedeploy:removeAlarmsFromDeploymentGroup": True,
    "@aws-cdk/aws-secretsmanager:useAttachedSecretResourcePolicyForSecretTargetAttachments": True,
    "@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption": True,
}


def build_app(stages: Iterable[Stage]) -> cdk.App:
    """The app with one stack for each stage, and cdk-nag's AwsSolutions rules as its gate."""
    app = cdk.App(
        outdir=os.environ.get("CDK_OUTDIR") or str(REPOSITORY / "infra" / "cdk.out"),
        analytics_reporting=False,
        context=FLAGS,
    )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for stage in stages:
        ControlPlaneStack(app, stage, env=_environment())
    return app


def _environment() -> cdk.Environment | None:
    account = os.environ.get("CDK_DEFAULT_ACCOUNT")
    region = os.environ.get("CDK_DEFAULT_REGION")
    return cdk.Environment(account=account, region=region) if account and region else None


def main() -> str | None:
    """Write the templates; a sentence for the exit where a stage is refused."""
    try:
        stages = chosen_stages(os.environ)
    except DeploymentError as error:
        return str(error)
    build_app(stages).synth()
    return None


if __name__ == "__main__":
    sys.exit(main())
