"""The service: who reaches it, what runs, how many, and how a release comes and goes back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.infra.alarm_state import heading
from tests.infra.template import ROOT, Template, as_list, resolved, text

from controlplane.config import Settings, WaitSettings
from controlplane.providers.registry import SETTINGS
from controlplane.server.__main__ import parser
from controlplane.server.serving import SERVING_PATH
from infra.stages import STAGES as STAGE_DATA

TARGETS = "AWS::ElasticLoadBalancingV2::TargetGroup"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
MOST_STOP_SECONDS = 120


@pytest.fixture(params=["demo", "prod"])
def stage(request: pytest.FixtureRequest) -> str:
    """The stages whose callers meet a service."""
    return str(request.param)


@pytest.fixture
def container(template: Template) -> dict[str, Any]:
    """The one container of a task."""
    (found,) = template.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def options(container: dict[str, Any]) -> Any:
    """What the server makes of its command."""
    program, dash, module, *words = container["Command"]
    assert (program, dash, module) == ("python", "-m", "controlplane.server")
    return parser().parse_args(words)


def attributes(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in rows}


def test_a_stage_has_one_entrance(
    templates: dict[str, Template], functions: dict[str, Template]
) -> None:
    for name, template in templates.items():
        is_service = STAGE_DATA[name].compute == "service"
        assert template.has("AWS::ECS::Service") is is_service
        assert template.has("AWS::ApiGateway::RestApi") is not is_service
        assert template.has("AWS::Lambda::EventSourceMapping"), "the queue is the function's"
    assert not any(template.has("AWS::ECS::Service") for template in functions.values())
    assert [name for name in templates if STAGE_DATA[name].compute == "service"] == ["demo", "prod"]


def test_only_cloudfront_reaches_it(template: Template, distribution: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html"""
    balancer = template.one(BALANCER)
    assert balancer["Scheme"] == "internal"
    for subnet in balancer["Subnets"]:
        assert subnet["Ref"].startswith("NetworkVpcPrivate")
    endpoint = template.one("AWS::CloudFront::VpcOrigin")["VpcOriginEndpointConfig"]
    assert endpoint["Arn"] == {"Ref": template.id_of(BALANCER)}
    (origin,) = (entry for entry in distribution["Origins"] if "VpcOriginConfig" in entry)
    assert {entry["TargetOriginId"] for entry in distribution["CacheBehaviors"]} == {origin["Id"]}
    assert template.id_of("AWS::CloudFront::VpcOrigin") in text(origin["VpcOriginConfig"])
    let_in = [
        rule
        for rule in template.all("AWS::EC2::SecurityGroupIngress").values()
        if "NetworkLoadBalancer" in text(rule["GroupId"])
    ]
    assert [rule.get("SourcePrefixListId") for rule in let_in] == ["pl-3b927c52"]


def test_the_tasks_let_in_their_load_balancer_alone(template: Template, stage: str) -> None:
    let_in = [
        rule
        for rule in template.all("AWS::EC2::SecurityGroupIngress").values()
        if "NetworkTasks" in text(rule["GroupId"])
    ]
    assert len(let_in) == 1
    assert "NetworkLoadBalancer" in text(let_in[0]["SourceSecurityGroupId"])
    network = template.one("AWS::ECS::Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
    has_addresses = STAGE_DATA[stage].task_addresses
    assert network["AssignPublicIp"] == ("ENABLED" if has_addresses else "DISABLED")
    for subnet in network["Subnets"]:
        place = "NetworkVpcPublic" if has_addresses else "NetworkVpcPrivate"
        assert subnet["Ref"].startswith(place)
    (group,) = network["SecurityGroups"]
    assert "NetworkTasks" in text(group)


def test_each_closes_a_connection_after_the_one_in_front(
    template: Template, distribution: dict[str, Any], options: Any
) -> None:
    """The one in front would else send a request into a connection that is being closed: a 502.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#connection-idle-timeout
    """
    (origin,) = (entry for entry in distribution["Origins"] if "VpcOriginConfig" in entry)
    waited = int(origin["VpcOriginConfig"]["OriginReadTimeout"])
    set_to = attributes(template.one(BALANCER)["LoadBalancerAttributes"])
    idle = int(set_to["idle_timeout.timeout_seconds"])
    assert waited < idle < options.keep_alive_seconds


def test_streams_have_their_time_before_a_task_ends(template: Template, options: Any) -> None:
    """First the load balancer lets go of it, then it is told to end, then it is ended."""
    delay = attributes(template.one(TARGETS)["TargetGroupAttributes"])
    longest = template.one("AWS::Lambda::Function")["Timeout"]
    assert int(delay["deregistration_delay.timeout_seconds"]) >= longest
    (container,) = template.one("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    assert options.drain_seconds < container["StopTimeout"] <= MOST_STOP_SECONDS


def test_a_task_is_asked_whether_it_may_have_requests(template: Template) -> None:
    targets = template.one(TARGETS)
    assert targets["HealthCheckPath"] == SERVING_PATH
    assert targets["HealthCheckTimeoutSeconds"] < targets["HealthCheckIntervalSeconds"]
    assert targets["TargetType"] == "ip"


def test_a_process_for_each_core_of_the_image_for_arm64(
    template: Template, options: Any, stage: str
) -> None:
    task = template.one("AWS::ECS::TaskDefinition")
    assert int(task["Cpu"]) == 1024 * options.processes
    assert options.processes == STAGE_DATA[stage].task_cores
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert task["NetworkMode"] == "awsvpc"
    assert "container-assets" in text(task["ContainerDefinitions"][0]["Image"])


def test_a_task_writes_nothing_but_its_log(container: dict[str, Any]) -> None:
    assert container["ReadonlyRootFilesystem"] is True
    assert "Privileged" not in container
    log = container["LogConfiguration"]
    assert log["LogDriver"] == "awslogs"
    assert log["Options"]["awslogs-group"]["Ref"].startswith("LogsService")
    assert re.search(r"^USER 10001:10001$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def test_the_settings_can_be_read_from_what_a_task_is_given(
    container: dict[str, Any], template: Template, stage: str
) -> None:
    given = {row["Name"]: resolved(row["Value"]) for row in container["Environment"]}
    given["AUDIT_QUEUE_URL"] = "https://sqs.eu-central-1.amazonaws.com/1/llm-cp"
    settings = Settings.load(SETTINGS, given)
    assert settings.waits == WaitSettings(collected=118, whole_answer=118)
    assert settings.long_lived
    assert settings.stage == stage
    assert "Secrets" not in container
    variables = template.one("AWS::Lambda::Function")["Environment"]["Variables"]
    differ = {name for name in given if given[name] != resolved(variables.get(name, ""))}
    assert differ == {
        *("LLM_CP_LONG_LIVED", "AWS_REGION", "LLM_CP_COLLECTED_SECONDS", "AUDIT_QUEUE_URL")
    }


def test_there_are_as_many_tasks_as_the_load_needs(template: Template, stage: str) -> None:
    target = template.one("AWS::ApplicationAutoScaling::ScalableTarget")
    assert 2 <= target["MinCapacity"] < target["MaxCapacity"]
    assert target["MinCapacity"] >= len(STAGE_DATA[stage].zones), "one in each zone"
    # A release with a number of its own would throw away what the scaling has made.
    assert "DesiredCount" not in template.one("AWS::ECS::Service")
    policies = [
        policy["TargetTrackingScalingPolicyConfiguration"]
        for policy in template.all("AWS::ApplicationAutoScaling::ScalingPolicy").values()
    ]
    (cpu,) = (policy for policy in policies if "PredefinedMetricSpecification" in policy)
    assert cpu["PredefinedMetricSpecification"]["PredefinedMetricType"] == (
        "ECSServiceAverageCPUUtilization"
    )
    (waiting,) = (policy for policy in policies if "CustomizedMetricSpecification" in policy)
    metric = waiting["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "llm_cp.open_requests"
    assert metric["Statistic"] == "Average"
    assert metric["Dimensions"] == [{"Name": "stage", "Value": stage}]


def test_a_release_waits_for_its_migration_and_goes_back_on_the_same_alarms(
    template: Template,
) -> None:
    service_id = template.id_of("AWS::ECS::Service")
    assert template.id_of("AWS::Lambda::Alias") in template.resources[service_id]["DependsOn"]
    deployment = template.one("AWS::ECS::Service")["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert deployment["MinimumHealthyPercent"] == 100
    assert deployment["Alarms"]["Enable"] is True
    assert deployment["Alarms"]["Rollback"] is True
    names = {alarm["Ref"] for alarm in deployment["Alarms"]["AlarmNames"]}
    found = {heading(template.resources[name]["Properties"]) for name in names}
    assert found == {"Function errors", "API server errors"}
    group = template.one("AWS::CodeDeploy::DeploymentGroup")["AlarmConfiguration"]["Alarms"]
    assert {alarm["Name"]["Ref"] for alarm in group} == names


def test_a_task_may_do_what_a_request_needs(template: Template, stage: str) -> None:
    allowed = {
        action
        for logical_id, statement in template.statements()
        if logical_id.startswith("ServiceTaskRole") and statement["Effect"] == "Allow"
        for action in as_list(statement["Action"])
    }
    own_key = {"kms:Decrypt", "kms:GenerateDataKey"} if stage == "prod" else set()
    assert allowed - {"sts:AssumeRole"} == own_key | {
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
    }
