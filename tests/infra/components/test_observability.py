"""The dashboard shows what operators need, and every alarm has its entry in the runbook."""

from __future__ import annotations

import json
import re

import pytest
from tests.infra.alarm_state import alarms, heading, metric_names
from tests.infra.template import ROOT, Template

from controlplane.events import EVENTS
from controlplane.telemetry.metrics import COUNTER_DIMENSIONS, DETAIL, NAMESPACE

RUNBOOK = (ROOT / "docs/RUNBOOK.md").read_text()
SOURCE = "\n".join(path.read_text() for path in (ROOT / "src/controlplane").rglob("*.py"))
# CloudWatch bills no more than what goes beyond ten alarms and three dashboards.
# https://aws.amazon.com/cloudwatch/pricing/
FREE_ALARMS = 10
SHOWN = {
    "AWS/Lambda": ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"],
    "AWS/ApiGateway": ["4XXError", "5XXError", "Latency"],
    "AWS/ApplicationELB": [
        "RequestCount",
        "HTTPCode_Target_4XX_Count",
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "TargetResponseTime",
    ],
    "AWS/ECS": ["CPUUtilization", "MemoryUtilization"],
    "AWS/RDS": [
        "DatabaseConnections",
        "CPUUtilization",
        "ACUUtilization",
        "ServerlessDatabaseCapacity",
    ],
    "AWS/ElastiCache": ["ElastiCacheProcessingUnits", "BytesUsedForCache", "Evictions"],
    "AWS/SQS": ["ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"],
}


def dashboard(template: Template) -> str:
    """The body as CloudWatch gets it, with every reference as `?`."""
    body = template.one("AWS::CloudWatch::Dashboard")["DashboardBody"]
    parts = body["Fn::Join"][1] if isinstance(body, dict) else [body]
    text = "".join(part if isinstance(part, str) else "?" for part in parts)
    assert json.loads(text)["widgets"]
    return text


def test_every_alarm_has_its_entry_in_the_runbook(template: Template) -> None:
    headings = set(re.findall(r"^### (.+)$", RUNBOOK, re.M))
    for alarm in alarms(template):
        assert heading(alarm) in headings
        assert alarm["AlarmName"].endswith(heading(alarm).lower().replace(" ", "-"))


def test_every_entry_of_the_runbook_has_its_alarm(templates: dict[str, Template]) -> None:
    section = RUNBOOK.partition("\n## Alarms\n")[2]
    headings = re.findall(r"^### (.+)$", section, re.M)
    assert len(headings) == len(set(headings))
    assert sorted(headings) == sorted(heading(alarm) for alarm in alarms(templates["prod"]))


def test_the_runbook_names_events_and_messages_that_exist() -> None:
    events = set(re.findall(r'"type": "([a-z-]+)"', RUNBOOK))
    assert events
    assert events <= set(EVENTS)
    messages = set(re.findall(r'message = "([a-z_]+)"', RUNBOOK))
    assert messages
    assert {name for name in messages if f'"{name}"' not in SOURCE} == set()


def test_the_runbook_names_settings_of_a_stage_that_exist() -> None:
    stages = (ROOT / "infra/stages.py").read_text()
    settings = r"`((?:aurora|cache|daily|firewall|rds|snap)_[a-z_0-9]+|audit_max_[a-z]+)"
    named = set(re.findall(settings, RUNBOOK))
    assert named
    assert {name for name in named if f"    {name}: " not in stages} == set()


def test_every_alarm_mails_when_it_comes_and_when_it_goes(template: Template) -> None:
    of_alarms, _of_warnings = sorted(template.all("AWS::SNS::Topic"))
    topic = {"Ref": of_alarms}
    for alarm in alarms(template):
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
        assert alarm["TreatMissingData"] == "notBreaching"


def test_a_lean_stage_has_the_alarms_that_cost_nothing(templates: dict[str, Template]) -> None:
    lean = {heading(alarm) for alarm in alarms(templates["sandbox"])}
    # One more than is free: a rate reads two metrics.
    assert sum(len(metric_names(alarm)) for alarm in alarms(templates["sandbox"])) <= 13
    assert lean < {heading(alarm) for alarm in alarms(templates["prod"])}


def test_what_goes_wrong_after_a_deployment_takes_it_back(template: Template) -> None:
    group = template.one("AWS::CodeDeploy::DeploymentGroup")
    names = {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}
    found = {heading(template.resources[name]["Properties"]) for name in names}
    assert found == {"Function errors", "API server errors"}


@pytest.mark.parametrize("namespace", SHOWN)
def test_the_dashboard_shows_every_part(
    templates: dict[str, Template], functions: dict[str, Template], stage: str, namespace: str
) -> None:
    if namespace == "AWS/ApiGateway":
        template = functions[stage]
    elif namespace in ("AWS/ApplicationELB", "AWS/ECS"):
        template = templates["demo" if stage == "sandbox" else stage]
    else:
        template = templates[stage]
    text = dashboard(template)
    for metric in SHOWN[namespace]:
        assert f'"{namespace}","{metric}"' in text


def test_the_dashboard_shows_models_and_organisations(template: Template, stage: str) -> None:
    lines = [
        line
        for widget in json.loads(dashboard(template))["widgets"]
        for line in widget["properties"].get("metrics", [])
    ]
    searches = {line[-1]["expression"] for line in lines if "expression" in line[-1]}
    schema = ",".join((NAMESPACE, *DETAIL))
    for metric in ("requests", "tokens", "cost_usd"):
        terms = f'MetricName="llm_cp.{metric}" stage="{stage}"'
        assert f"SEARCH('{{{schema}}} {terms}', 'Sum')" in searches


def test_the_cache_is_found_by_the_dimension_of_serverless_caches(template: Template) -> None:
    """Its metrics have `clusterId`; those of nodes have `CacheClusterId`, which would be empty."""
    name = template.one("AWS::ElastiCache::ServerlessCache")["ServerlessCacheName"]
    assert f'"AWS/ElastiCache","Evictions","clusterId","{name}"' in dashboard(template)


def test_alarms_on_our_metrics_watch_what_the_function_writes(
    templates: dict[str, Template], stage: str
) -> None:
    ours = [alarm for alarm in alarms(templates[stage]) if alarm.get("Namespace") == NAMESPACE]
    assert ours
    for alarm in ours:
        assert alarm["Dimensions"] == [{"Name": "stage", "Value": stage}]
        name = alarm["MetricName"].removeprefix("llm_cp.")
        assert name in written(), name


def written() -> set[str]:
    """Every metric that the code writes: those of a request, and each name that is counted."""
    counted = set(re.findall(r'(?<![\w.])(?:count|gauge)\(\s*"([a-z_]+)"', SOURCE))
    assert set(COUNTER_DIMENSIONS) <= counted
    return counted | {"requests", "latency", "overhead", "tokens", "cost_usd", "refusals"}


def test_all_dashboards_and_alarms_are_named_by_their_stage(template: Template, stage: str) -> None:
    assert template.one("AWS::CloudWatch::Dashboard")["DashboardName"] == f"llm-cp-{stage}"
    assert all(alarm["AlarmName"].startswith(f"llm-cp-{stage}-") for alarm in alarms(template))
