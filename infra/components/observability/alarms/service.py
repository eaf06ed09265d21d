"""The alarms on metrics of the load balancer and of the tasks behind it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.components.observability.alarms.row import AlarmRow
from infra.components.observability.metrics import MINUTE, Metrics, share
from infra.stages import Stage

FULL_PERCENT = 85


def rows(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    """What callers meet, then the tasks."""
    return [*_answers(metrics, stage), *_tasks(metrics)]


def _answers(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "API server errors",
            "More than one answer in fifty was a 5xx.",
            _failed(metrics),
            threshold=0.02,
            periods=3,
            essential=True,
            rolls_back=True,
        ),
        AlarmRow(
            "API client errors",
            "More than half of the answers were a 4xx.",
            share(
                metrics.balancer("HTTPCode_Target_4XX_Count"),
                metrics.balancer("RequestCount"),
                at_least=20,
            ),
            threshold=0.5,
            periods=3,
        ),
        AlarmRow(
            "API slow",
            "One answer in a hundred takes longer than a caller should wait to begin.",
            metrics.balancer("TargetResponseTime", "p99"),
            threshold=stage.slow_seconds,
            periods=3,
        ),
        AlarmRow(
            "Unusual traffic",
            "Far more or far fewer requests than at this hour of other days.",
            metrics.balancer("RequestCount", period=Duration.minutes(15)),
            threshold=None,
            periods=2,
        ),
    ]


def _tasks(metrics: Metrics) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Service CPU",
            "The tasks have been busy for a quarter of an hour: no more of them come.",
            metrics.tasks("CPUUtilization"),
            threshold=FULL_PERCENT,
            periods=3,
            essential=True,
        ),
        AlarmRow(
            "Service memory",
            "The tasks have hardly any memory left; one without any is ended, with its streams.",
            metrics.tasks("MemoryUtilization", "Maximum"),
            threshold=FULL_PERCENT,
            periods=3,
        ),
        AlarmRow(
            "Service connections",
            "The load balancer reached no task, or a task hung up.",
            metrics.balancer("TargetConnectionErrorCount"),
            threshold=5,
            periods=2,
        ),
    ]


def _failed(metrics: Metrics) -> cloudwatch.MathExpression:
    """The tasks' own 5xx, and those with which the load balancer stands in for them."""
    failed = "(FILL(tasks, 0) + FILL(balancer, 0))"
    return cloudwatch.MathExpression(
        expression=f"IF({failed} >= 2, {failed} / calls, 0)",
        using_metrics={
            "tasks": metrics.balancer("HTTPCode_Target_5XX_Count", period=MINUTE),
            "balancer": metrics.balancer("HTTPCode_ELB_5XX_Count", period=MINUTE),
            "calls": metrics.balancer("RequestCount", period=MINUTE),
        },
        label="share",
        period=MINUTE,
    )
