"""Least privilege: every role says what it may do, and to what."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.infra.template import ROOT, Template, as_list, text

# Actions that may name every resource, and why.
EVERY_RESOURCE = {
    # Network interfaces have no names before Lambda's service makes them.
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    # Takes no resource.
    "cloudwatch:DescribeAlarms",
}
# Of who starts the tasks of a service: it takes no resource.
OF_THE_SERVICE = {"ecr:GetAuthorizationToken"}
MANAGED_POLICIES = {"AmazonAPIGatewayPushToCloudWatchLogs"}


def test_no_action_has_a_wildcard(template: Template) -> None:
    for logical_id, statement in template.statements():
        if statement["Effect"] == "Allow":
            assert "NotAction" not in statement, logical_id
            for action in as_list(statement["Action"]):
                assert "*" not in action, f"{logical_id}: {action}"


def test_every_resource_is_for_what_has_no_names_only(template: Template) -> None:
    actions = {
        action
        for logical_id, statement in template.statements()
        if statement["Effect"] == "Allow"
        # In the policy of a resource, `*` is that resource.
        and template.resources[logical_id]["Type"].startswith("AWS::IAM::")
        and "*" in as_list(statement.get("Resource"))
        for action in as_list(statement["Action"])
    }
    service = OF_THE_SERVICE if template.has("AWS::ECS::Service") else set()
    assert actions == EVERY_RESOURCE | service


@pytest.mark.parametrize("compute", ["function", "service"])
def test_roles_have_policies_of_their_own(
    templates: dict[str, Template], functions: dict[str, Template], stage: str, compute: str
) -> None:
    template = functions[stage] if compute == "function" else templates[stage]
    managed = {
        text(policy).rpartition("/")[2].strip('"]}')
        for role in template.all("AWS::IAM::Role").values()
        for policy in role.get("ManagedPolicyArns", ())
    }
    assert managed == (MANAGED_POLICIES if template.has("AWS::ApiGateway::RestApi") else set())


def test_only_services_take_on_roles(template: Template) -> None:
    for role in template.all("AWS::IAM::Role").values():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert list(statement["Principal"]) == ["Service"]
            assert statement["Action"] == "sts:AssumeRole"


def test_nothing_is_open_to_everybody(template: Template) -> None:
    for logical_id, statement in template.statements():
        if statement["Effect"] == "Allow":
            assert statement.get("Principal") not in ("*", {"AWS": "*"}), logical_id
    for permission in template.all("AWS::Lambda::Permission").values():
        assert permission["Principal"] in ("apigateway.amazonaws.com", "events.amazonaws.com")
        assert permission["SourceArn"]


def test_the_function_may_do_what_it_does_and_no_more(template: Template, stage: str) -> None:
    allowed: dict[str, str] = {}
    for logical_id, statement in template.statements():
        if logical_id.startswith("FunctionRole") and statement["Effect"] == "Allow":
            for action in as_list(statement.get("Action")):
                allowed[action] = allowed.get(action, "") + text(statement.get("Resource"))
    own_key = {"kms:Decrypt", "kms:GenerateDataKey"} if stage == "prod" else set()
    assert set(allowed) - EVERY_RESOURCE - {"sts:AssumeRole"} == own_key | {
        "codedeploy:PutLifecycleEventHookExecutionStatus",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sns:Publish",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
    }
    assert "AuditBucket" in allowed["s3:PutObject"]
    assert allowed["s3:DeleteObject"].count("audit-spill/*") == 1, "and nothing else of the trail"
    assert "AuditQueue" in allowed["sqs:SendMessage"]
    assert "WarningsTopic" in allowed["sns:Publish"]
    assert (
        f"deploymentgroup:llm-cp-{stage}/llm-cp-{stage}"
        in allowed["codedeploy:PutLifecycleEventHookExecutionStatus"]
    )
    assert "SecretsOrigin" not in allowed["secretsmanager:GetSecretValue"]


def test_the_code_of_the_function_may_not_touch_the_network(template: Template, stage: str) -> None:
    (denied,) = (
        statement
        for logical_id, statement in template.statements()
        if logical_id.startswith("FunctionRole") and statement["Effect"] == "Deny"
    )
    assert "ec2:CreateNetworkInterface" in denied["Action"]
    assert f":function:llm-cp-{stage}" in text(
        denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    )


class _Loader(yaml.SafeLoader):
    """CloudFormation's short tags, read as what they are about."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


_Loader.add_multi_constructor("!", _tag)


@pytest.fixture(scope="module")
def github() -> Template:
    """The template of the roles for GitHub."""
    path = Path(ROOT, "infra", "bootstrap", "github-deployment.yaml")
    return Template(yaml.load(path.read_text(), Loader=_Loader))


# Of a repository that was made, renamed or moved since July 2026, and of an older one.
# https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims
PREFIXES = ("repo:octo-org@123456/octo-repo@456789", "repo:octo-org/octo-repo")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("role", "environment"), [("DeployRole", "demo"), ("DriftRole", "drift-demo")]
)
def test_one_environment_of_one_repository_takes_on_a_role(
    github: Template, role: str, environment: str, prefix: str
) -> None:
    (trust,) = github.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    said = text(trust["Condition"]).replace("${SubjectPrefix}", prefix).replace("${Stage}", "demo")
    issuer = "token.actions.githubusercontent.com"
    assert json.loads(said) == {
        "StringEquals": {
            f"{issuer}:aud": "sts.amazonaws.com",
            f"{issuer}:sub": f"{prefix}:environment:{environment}",
        }
    }


def test_a_prefix_names_one_repository(github: Template) -> None:
    pattern = re.compile(github.body["Parameters"]["SubjectPrefix"]["AllowedPattern"])
    for prefix in PREFIXES:
        assert pattern.search(prefix), prefix
        assert not pattern.search(f"{prefix}:environment:prod"), "what follows is ours to say"
    for wrong in (
        "octo-org/octo-repo",
        "repo:octo-org@123456/octo-repo",
        "repo:octo-org/*",
        "repo:*",
        "repo:octo-org@*/octo-repo@*",
    ):
        assert not pattern.search(wrong), wrong


def test_github_has_no_wildcard_action_and_reaches_one_stage(github: Template) -> None:
    for logical_id, statement in github.statements():
        for action in as_list(statement["Action"]):
            assert "*" not in action, logical_id
        if statement.get("Sid") in ("SeeWhetherItHasEnded", None):
            continue
        for resource in as_list(statement["Resource"]):
            of_stage = "${Stage}" in resource or "aws:ResourceTag/stage" in text(statement)
            assert of_stage or ":role/cdk-${CdkQualifier}-" in resource, resource


def test_github_reaches_what_the_stack_makes(
    github: Template, template: Template, stage: str
) -> None:
    """Names are literal on both sides: they must be the same."""
    named = text(
        [statement["Resource"] for _, statement in github.statements() if "Sid" in statement]
    )
    named = named.replace("${Stage}", stage)
    assert f":function:{template.one('AWS::Lambda::Function')['FunctionName']}:live" in named
    console = next(
        bucket["BucketName"]["Fn::Join"][1][0]
        for bucket in template.all("AWS::S3::Bucket").values()
        if "BucketName" in bucket
    )
    assert f":::{console}" in named
