"""What an operator sees and is called for: a dashboard, and alarms with their runbook entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.observability_alarm_rows import AlarmRow
from infra.components.observability_alarms import alarm_rows
from infra.components.observability_dashboard import widgets
from infra.components.observability_metrics import Metrics

if TYPE_CHECKING:
    from infra.stages import Stage


@dataclass(frozen=True)
class Monitored:
    """The parts that are watched, and how much each of them can take.

    `cache_name` is the name of the serverless cache. `max_connections` is what Aurora allows at the
    stage's largest size, `max_concurrency` what the account (or a reservation) gives the function.
    `cache_ecpu_per_second` and `cache_gb` are the cache's usage limits; `daily_cost_usd` is what
    the models of one day may cost before somebody looks.
    """

    function: lambda_.IFunction
    alias: lambda_.Alias
    api: apigateway.RestApi
    cluster: rds.IDatabaseCluster
    cache_name: str
    queue: sqs.IQueue
    dead_letters: sqs.IQueue
    web_acl_name: str | None = None
    distribution: cloudfront.Distribution | None = None
    max_connections: int = 300
    max_concurrency: int = 1000
    cache_ecpu_per_second: int = 1000
    cache_gb: int = 1
    daily_cost_usd: int = 100


class Observability(Construct):
    """The dashboard `llm-cp-{stage}` and the alarms `llm-cp-{stage}-...`, all to one topic.

    `stage.alarms` is "essential" (what CloudWatch gives away: ten) or "all".
    `rollback_alarms` are those that stop a deployment.
    """

    def __init__(
        self, scope: Construct, id: str, *, stage: Stage, parts: Monitored, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, id)
        self._stage = stage
        self._action = actions.SnsAction(topic)
        metrics = Metrics(stage.name, parts)
        self.alarms: list[cloudwatch.IAlarm] = []
        self.rollback_alarms: list[cloudwatch.IAlarm] = []
        for row in alarm_rows(metrics, parts, stage):
            if row.essential or stage.alarms == "all":
                alarm = self._alarm(row)
                self.alarms.append(alarm)
                if row.rolls_back:
                    self.rollback_alarms.append(alarm)
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=f"llm-cp-{stage.name}")
        for line in widgets(metrics, parts, self.alarms):
            dashboard.add_widgets(*line)

    def _alarm(self, row: AlarmRow) -> cloudwatch.Alarm:
        shared: dict[str, Any] = {
            "alarm_name": f"llm-cp-{self._stage.name}-{row.slug}",
            "alarm_description": f'{row.meaning} See "{row.heading}" in docs/RUNBOOK.md.',
            "evaluation_periods": row.periods,
            "datapoints_to_alarm": row.periods,
            "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
        }
        name = row.heading.title().replace(" ", "").replace("-", "")
        if row.threshold is None:
            alarm: cloudwatch.Alarm = cloudwatch.AnomalyDetectionAlarm(
                self, name, metric=row.metric, std_devs=4, **shared
            )
        else:
            alarm = cloudwatch.Alarm(
                self,
                name,
                metric=row.metric,
                threshold=row.threshold,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                **shared,
            )
        alarm.add_alarm_action(self._action)
        alarm.add_ok_action(self._action)
        return alarm
