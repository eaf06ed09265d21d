"""`python -m infra.app`: all stages in one go, past every gate."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.infra.template import ROOT, STAGES, Template, text

Synthesise = Callable[[str], tuple[subprocess.CompletedProcess[str], Path]]
OUTPUTS = {
    "FunctionName",
    "AliasName",
    "ApiUrl",
    "DistributionDomain",
    "DistributionId",
    "ConsoleBucket",
    "UserPoolId",
    "UserPoolClientId",
    "UserPoolDomain",
    "AuditQueueUrl",
    "AuditBucket",
    "AlarmTopicArn",
    "WarningTopicArn",
}


@pytest.fixture(scope="module")
def synthesise(infra_python: str, tmp_path_factory: pytest.TempPathFactory) -> Synthesise:
    """Synthesises a variant of the sandbox; returns the process and the path of the template."""

    def run(variant: str) -> tuple[subprocess.CompletedProcess[str], Path]:
        folder = tmp_path_factory.mktemp(variant)
        process = subprocess.run(
            [infra_python, "-m", "tests.infra.synthesise", variant],
            cwd=ROOT,
            env={**os.environ, "CDK_OUTDIR": str(folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return process, folder / "llm-cp-sandbox.template.json"

    return run


@pytest.fixture(scope="module")
def complete(synthesise: Synthesise) -> Template:
    """The sandbox with Datadog, a domain of its own and a reader of its alarms."""
    process, path = synthesise("complete")
    assert process.returncode == 0, process.stderr
    return Template.read(path)


def test_all_stages_come_from_one_run_without_a_lookup(assembly: Path) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    stacks = {
        name
        for name, artifact in manifest["artifacts"].items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    assert stacks == {f"llm-cp-{stage}" for stage in STAGES}
    assert "missing" not in manifest


def test_a_bound_account_needs_no_lookup_either(infra_python: str, tmp_path: Path) -> None:
    environment = {
        "CDK_DEFAULT_ACCOUNT": "123456789012",
        "CDK_DEFAULT_REGION": "eu-central-1",
        "ALARM_EMAILS": "alarms@example.com",
    }
    command = json.loads((ROOT / "infra" / "cdk.json").read_text())["app"]
    subprocess.run(
        command.replace("../.venv-infra/bin/python", infra_python),
        shell=True,  # as the CDK CLI does
        cwd=ROOT / "infra",
        env={"PATH": "", "HOME": str(tmp_path), "CDK_OUTDIR": str(tmp_path), **environment},
        check=True,
        timeout=300,
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["artifacts"]["llm-cp-prod"]["environment"] == "aws://123456789012/eu-central-1"
    assert "missing" not in manifest


def test_cfn_lint_passes(infra_python: str, assembly: Path) -> None:
    templates = [*assembly.glob("*.template.json"), *(ROOT / "infra" / "bootstrap").glob("*.yaml")]
    assert len(templates) == len(STAGES) + 1
    process = subprocess.run(
        [str(Path(infra_python).parent / "cfn-lint"), *map(str, templates)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == 0, process.stdout


def test_cdk_nag_is_the_gate(synthesise: Synthesise) -> None:
    process, _ = synthesise("careless")
    assert process.returncode != 0
    assert "AwsSolutions-SQS4" in process.stderr  # a queue that takes what comes without TLS


def test_the_stack_tells_what_a_deployment_needs(template: Template) -> None:
    service = {"ClusterName", "ServiceName"} if template.has("AWS::ECS::Service") else set()
    assert set(template.body["Outputs"]) == OUTPUTS | service


def test_everything_that_takes_tags_says_its_stage(template: Template, stage: str) -> None:
    for type_ in (
        "AWS::Lambda::Function",
        "AWS::RDS::DBCluster",
        "AWS::S3::Bucket",
        "AWS::EC2::VPC",
    ):
        for properties in template.all(type_).values():
            tags = {tag["Key"]: tag["Value"] for tag in properties["Tags"]}
            assert tags["application"] == "llm-control-plane"
            assert tags["stage"] == stage


def test_logs_are_kept_for_thirty_days(template: Template) -> None:
    groups = template.all("AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {30}
    # The ones that AWS would make by itself, and keep for ever.
    names = text([group["LogGroupName"] for group in groups.values()])
    assert "/aws/lambda/llm-cp-" in names
    assert ("API-Gateway-Execution-Logs_" in names) is template.has("AWS::ApiGateway::RestApi")


def test_datadog_is_off(template: Template) -> None:
    assert "Layers" not in template.one("AWS::Lambda::Function")
    assert "datadog" not in text(template.body).lower()


def test_datadog_comes_with_its_extension_and_its_key(complete: Template) -> None:
    function = complete.one("AWS::Lambda::Function")
    assert "Datadog-Extension-ARM" in text(function["Layers"])
    assert function["Handler"] == "controlplane.lambda_handler.handler"
    variables = function["Environment"]["Variables"]
    assert variables["DD_CAPTURE_LAMBDA_PAYLOAD"] == "false"
    key = variables["DD_API_KEY_SECRET_ARN"]["Ref"]
    assert complete.resources[key]["Properties"]["Name"] == "/llm-cp/sandbox/datadog"
    readable = [
        text(statement["Resource"])
        for _, statement in complete.statements()
        if "secretsmanager:GetSecretValue" in text(statement["Action"])
    ]
    assert any(key in resources for resources in readable)


def test_an_own_domain_has_its_certificate_and_modern_tls(complete: Template) -> None:
    distribution = complete.one("AWS::CloudFront::Distribution")["DistributionConfig"]
    assert distribution["Aliases"] == ["llm.example.com"]
    assert distribution["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert "certificate/1" in distribution["ViewerCertificate"]["AcmCertificateArn"]
    client = complete.one("AWS::Cognito::UserPoolClient")
    assert client["CallbackURLs"] == ["https://llm.example.com/oauth2/idpresponse"]
    readers = complete.all("AWS::SNS::Subscription").values()
    assert [reader["Endpoint"] for reader in readers] == ["ops@example.com"] * 2


def test_a_service_answers_browsers_where_the_stage_has_origins(synthesise: Synthesise) -> None:
    """API Gateway does it elsewhere; CloudFront's policy adds to the answer what may be done."""
    process, path = synthesise("service")
    assert process.returncode == 0, process.stderr
    template = Template.read(path)
    rule = template.one("AWS::ElasticLoadBalancingV2::ListenerRule")
    (action,) = rule["Actions"]
    assert (action["Type"], action["FixedResponseConfig"]["StatusCode"]) == (
        "fixed-response",
        "204",
    )
    fields = {condition["Field"]: condition for condition in rule["Conditions"]}
    assert fields["http-request-method"]["HttpRequestMethodConfig"]["Values"] == ["OPTIONS"]
    asked = fields["http-header"]["HttpHeaderConfig"]
    assert asked["HttpHeaderName"] == "access-control-request-method"
    policy = template.one("AWS::CloudFront::ResponseHeadersPolicy")["ResponseHeadersPolicyConfig"]
    assert policy["CorsConfig"]["OriginOverride"] is True
