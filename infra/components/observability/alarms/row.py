"""One alarm as a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.stages import Stage


@dataclass(frozen=True)
class AlarmRow:
    """Fires while `metric` is above `threshold` for `periods` of its periods in a row.

    Without a threshold it fires outside the band that CloudWatch learns. `essential` rows exist in
    every stage; `rolls_back` rows stop a deployment. `heading` is the alarm's entry in
    docs/RUNBOOK.md.
    """

    heading: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: float | None
    periods: int = 1
    essential: bool = False
    rolls_back: bool = False

    def create(
        self, scope: Construct, stage: Stage, action: cloudwatch.IAlarmAction
    ) -> cloudwatch.Alarm:
        """The alarm `llm-cp-{stage}-{heading}`; takes `action` when it fires and when it clears."""
        shared: dict[str, Any] = {
            "alarm_name": f"{stage.prefix}-{self.heading.lower().replace(' ', '-')}",
            "alarm_description": f'{self.meaning} See "{self.heading}" in docs/RUNBOOK.md.',
            "evaluation_periods": self.periods,
            "datapoints_to_alarm": self.periods,
            "treat_missing_data": cloudwatch.TreatMissingData.NOT_BREACHING,
        }
        id_ = self.heading.title().replace(" ", "").replace("-", "")
        if self.threshold is None:
            alarm: cloudwatch.Alarm = cloudwatch.AnomalyDetectionAlarm(
                scope, id_, metric=self.metric, std_devs=4, **shared
            )
        else:
            alarm = cloudwatch.Alarm(
                scope,
                id_,
                metric=self.metric,
                threshold=self.threshold,
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                **shared,
            )
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm
