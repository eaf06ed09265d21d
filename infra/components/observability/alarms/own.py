"""The alarms on metrics that the function itself writes."""

from __future__ import annotations

from aws_cdk import Duration

from infra.components.observability.alarms.row import AlarmRow
from infra.components.observability.metrics import Metrics
from infra.stages import Stage


def rows(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    """All of them: lost stores, then requests, then money."""
    return [*_stores(metrics), *_requests(metrics), *_money(metrics, stage)]


def _stores(metrics: Metrics) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Audit spilled",
            "SQS did not take audit events: they are in S3, or only in the log.",
            metrics.own("audit_spilled"),
            threshold=0,
            essential=True,
        ),
        AlarmRow(
            "Notifications failed",
            "A warning about a budget was given up: its receiver never took it.",
            metrics.own("notification_failed"),
            threshold=0,
        ),
        AlarmRow(
            "Redis degraded",
            "Requests were decided without Valkey.",
            metrics.own("redis_degraded"),
            threshold=0,
            periods=2,
            essential=True,
        ),
    ]


def _requests(metrics: Metrics) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Provider misconfigured",
            "A provider refused our key, our deployment or our address.",
            metrics.own("provider_misconfigured"),
            threshold=0,
            essential=True,
        ),
        AlarmRow(
            "Provider errors",
            "More than fifty attempts at providers failed within five minutes.",
            metrics.own("provider_errors"),
            threshold=50,
            periods=2,
        ),
        AlarmRow(
            "Own overhead",
            "The gateway's own time is above a quarter of a second for one request in a hundred.",
            metrics.own("overhead", "p99"),
            threshold=250,
            periods=3,
        ),
        AlarmRow(
            "Failed logins",
            "More than two hundred credentials were refused within five minutes.",
            metrics.own("auth_failed"),
            threshold=200,
        ),
    ]


def _money(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Ledger lost",
            "Valkey lost what an organisation has spent; its requests wait for the restoration.",
            metrics.own("ledger_lost"),
            threshold=0,
            periods=2,
        ),
        AlarmRow(
            "Ledger difference",
            "What Valkey says was spent is not what the audit trail says.",
            metrics.own("ledger_difference", period=Duration.hours(1)),
            threshold=0,
        ),
        AlarmRow(
            "Unpriced requests",
            "More than twenty requests within an hour used something that has no known price.",
            metrics.own("unpriced_requests", period=Duration.hours(1)),
            threshold=20,
        ),
        AlarmRow(
            "Model cost",
            "The models of one day cost more than was expected of a day.",
            metrics.own("cost_usd", period=Duration.days(1)),
            threshold=stage.daily_cost_usd,
        ),
    ]
