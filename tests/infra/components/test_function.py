"""The one function: what it is, who invokes it, and how a new version gets its traffic."""

from __future__ import annotations

import json

import pytest
from tests.infra.template import ROOT, Template, resolved, text

from controlplane.config import Settings, WaitSettings
from controlplane.events import EVENTS
from controlplane.providers.registry import SETTINGS
from controlplane.streaming_routes import STREAMING_ROUTES

# What touches PostgreSQL on every run, and would keep a sleeping Aurora awake.
WAKES_AURORA = {"ledger-reconcile"}


@pytest.fixture
def template(functions: dict[str, Template], stage: str) -> Template:
    """The stage with the function alone."""
    return functions[stage]


def test_the_function_is_what_the_package_is_built_for(template: Template, stage: str) -> None:
    function = template.one("AWS::Lambda::Function")
    assert function["FunctionName"] == f"llm-cp-{stage}"
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == "controlplane.lambda_handler.handler"
    assert function["MemorySize"] == 1024
    assert function.get("TracingConfig", {"Mode": "PassThrough"}) == {"Mode": "PassThrough"}
    # API Gateway waits for 29 s where it buffers; a stream lasts as long as the function.
    assert function["Timeout"] >= 30
    assert function["LoggingConfig"]["LogGroup"]["Ref"].startswith("LogsFunction")


def test_only_prod_snaps_versions(templates: dict[str, Template]) -> None:
    for stage, template in templates.items():
        snap_start = template.one("AWS::Lambda::Function").get("SnapStart")
        assert snap_start == ({"ApplyOn": "PublishedVersions"} if stage == "prod" else None)


def test_the_settings_can_be_read_from_what_the_function_is_given(
    template: Template, stage: str
) -> None:
    variables = template.one("AWS::Lambda::Function")["Environment"]["Variables"]
    environment = {name: resolved(value) for name, value in variables.items()}
    # References that must be addresses for the reader.
    environment["AUDIT_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/1/llm-cp"
    settings = Settings.load(SETTINGS, environment)
    # Each is over before those in front stop waiting, a cold start included.
    assert settings.waits == WaitSettings(collected=27, whole_answer=118)

    assert settings.stage == stage
    attachment = template.id_of("AWS::SecretsManager::SecretTargetAttachment")
    assert settings.aurora_secret_arn == f"<{attachment}>"
    cache = template.id_of("AWS::ElastiCache::ServerlessCache")
    endpoint = f"<{cache}.Endpoint.Address>:<{cache}.Endpoint.Port>"
    assert settings.redis_url == f"rediss://{endpoint}"
    assert settings.cognito is not None
    assert settings.database_pauses is (stage == "sandbox")
    assert settings.aurora_host is None
    secrets = {secret["Name"] for secret in template.all("AWS::SecretsManager::Secret").values()}
    assert {settings.providers_secret, settings.key_pepper_secret, settings.redis_secret} <= secrets


def test_the_secret_of_the_cache_is_what_its_user_signs_in_with(template: Template) -> None:
    (secret_id,) = (
        logical_id
        for logical_id, secret in template.all("AWS::SecretsManager::Secret").items()
        if secret["Name"].endswith("/redis")
    )
    generated = template.resources[secret_id]["Properties"]["GenerateSecretString"]
    user = template.one("AWS::ElastiCache::User")
    assert json.loads(generated["SecretStringTemplate"]) == {"username": user["UserName"]}
    assert generated["GenerateStringKey"] == "password"
    assert generated["ExcludePunctuation"] is True
    assert 16 <= generated["PasswordLength"] <= 128
    assert secret_id in text(user["AuthenticationMode"])


def test_http_queue_and_schedules_invoke_the_alias(template: Template) -> None:
    alias = template.id_of("AWS::Lambda::Alias")
    assert template.one("AWS::Lambda::Alias")["Name"] == "live"
    integrations = [
        method["Integration"]
        for method in template.all("AWS::ApiGateway::Method").values()
        if method["Integration"]["Type"] != "MOCK"
    ]
    assert integrations
    for integration in integrations:
        assert f"/functions/<{alias}>/" in resolved(integration["Uri"])
    mapping = template.one("AWS::Lambda::EventSourceMapping")["FunctionName"]["Fn::Join"][1]
    assert alias in text(mapping[0])
    assert mapping[1] == ":live"
    for rule in template.all("AWS::Events::Rule").values():
        assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": alias}]
    for permission in template.all("AWS::Lambda::Permission").values():
        assert permission["FunctionName"] == {"Ref": alias}


def test_audit_batches_fail_in_part_and_are_held_back(template: Template) -> None:
    mapping = template.one("AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
    assert mapping["EventSourceArn"]["Fn::GetAtt"][0].startswith("AuditQueue")


def test_schedules_send_events_that_the_function_knows(template: Template, stage: str) -> None:
    sent = {}
    for rule in template.all("AWS::Events::Rule").values():
        (target,) = rule["Targets"]
        sent[json.loads(target["Input"])["type"]] = rule["ScheduleExpression"]
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
        assert rule["State"] == "ENABLED"
    expected = {
        "audit-recover": "rate(5 minutes)",
        "hold-sweep": "rate(5 minutes)",
        "ledger-restore": "rate(1 minute)",
    }
    if stage != "sandbox":
        expected["ledger-reconcile"] = "rate(1 hour)"
    assert sent == expected
    assert set(sent) <= set(EVENTS)


def test_nothing_on_a_schedule_wakes_a_database_that_may_sleep(
    templates: dict[str, Template],
) -> None:
    for template in templates.values():
        scaling = template.one("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
        if scaling["MinCapacity"] == 0:
            inputs = text([rule["Targets"] for rule in template.all("AWS::Events::Rule").values()])
            assert not any(event in inputs for event in WAKES_AURORA)


def test_function_and_api_stream_the_same_routes(template: Template, stage: str) -> None:
    """A streaming answer on a buffered route is a 502, and the reverse too."""
    streamed = {
        (method["HttpMethod"], template.path_of(method["ResourceId"]))
        for method in template.all("AWS::ApiGateway::Method").values()
        if method["Integration"].get("ResponseTransferMode") == "STREAM"
    }
    variables = template.one("AWS::Lambda::Function")["Environment"]["Variables"]
    if stage == "sandbox":
        assert streamed == set()
        assert "AWS_LAMBDA_EXEC_WRAPPER" not in variables
    else:
        assert streamed == set(STREAMING_ROUTES)
        assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/var/task/bin/stream"
        assert (ROOT / "infra" / "lambda" / "bin" / "stream").is_file()


def test_api_gateway_collects_for_as_long_as_its_quota_says(template: Template) -> None:
    waited = {
        method["Integration"].get("TimeoutInMillis")
        for method in template.all("AWS::ApiGateway::Method").values()
        if method["Integration"]["Type"] == "AWS_PROXY"
        and method["Integration"].get("ResponseTransferMode") != "STREAM"
    }
    assert waited == {29_000}


def test_a_streaming_integration_waits_as_long_as_the_function(
    functions: dict[str, Template],
) -> None:
    for stage in ("demo", "prod"):
        function = functions[stage].one("AWS::Lambda::Function")
        for method in functions[stage].all("AWS::ApiGateway::Method").values():
            integration = method["Integration"]
            if integration.get("ResponseTransferMode") == "STREAM":
                assert integration["TimeoutInMillis"] == 1000 * function["Timeout"]
                assert resolved(integration["Uri"]).endswith("/response-streaming-invocations")


def test_a_release_migrates_first_and_goes_back_when_an_alarm_goes_off(
    template: Template, stage: str
) -> None:
    function = template.id_of("AWS::Lambda::Function")
    update = template.resources[template.id_of("AWS::Lambda::Alias")]["UpdatePolicy"]
    update = update["CodeDeployLambdaAliasUpdate"]
    # The function itself: by its name alone, so that its newest code migrates.
    hook = update["BeforeAllowTrafficHook"]
    assert hook == {"Fn::Select": [6, {"Fn::Split": [":", {"Fn::GetAtt": [function, "Arn"]}]}]}
    assert update["DeploymentGroupName"] == {
        "Ref": template.id_of("AWS::CodeDeploy::DeploymentGroup")
    }

    group = template.one("AWS::CodeDeploy::DeploymentGroup")
    assert set(group["AutoRollbackConfiguration"]["Events"]) == {
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_ALARM",
        "DEPLOYMENT_STOP_ON_REQUEST",
    }
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert group["AlarmConfiguration"]["Enabled"] is True
    alarms = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    assert alarms
    assert alarms <= set(template.all("AWS::CloudWatch::Alarm"))
    shift = {"sandbox": "CodeDeployDefault.LambdaAllAtOnce"}
    assert group["DeploymentConfigName"] == shift.get(
        stage, "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    )
    assert (group["ApplicationName"]["Ref"], group["DeploymentGroupName"]) == (
        template.id_of("AWS::CodeDeploy::Application"),
        f"llm-cp-{stage}",
    )
    assert template.one("AWS::CodeDeploy::Application")["ApplicationName"] == f"llm-cp-{stage}"


def test_a_maintenance_event_that_fails_is_not_repeated(template: Template) -> None:
    """EventBridge invokes asynchronously: what fails then is repeated by Lambda, twice by default.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """
    config = template.one("AWS::Lambda::EventInvokeConfig")
    assert config["MaximumRetryAttempts"] == 0
    assert config["MaximumEventAgeInSeconds"] == 60
    assert template.id_of("AWS::Lambda::Alias") in text(config["Qualifier"])
    for rule in template.all("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert template.id_of("AWS::Lambda::Alias") in text(target["Arn"])


def test_a_version_outlives_the_release_that_replaces_it(template: Template) -> None:
    """CloudFormation would delete it with the update, and nothing would be left to go back to.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
    """
    (version,) = (
        resource
        for resource in template.resources.values()
        if resource["Type"] == "AWS::Lambda::Version"
    )
    assert version["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_function_outlasts_an_aurora_that_wakes(template: Template, stage: str) -> None:
    """After a day's sleep it takes half a minute or more.

    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
    """
    minimum = template.one("AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]["MinCapacity"]
    assert (minimum == 0) is (stage == "sandbox")
    if minimum == 0:
        assert template.one("AWS::Lambda::Function")["Timeout"] >= 120
