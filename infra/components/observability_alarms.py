"""The alarms as a table: what is watched from the outside in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration

from infra.components.observability_alarm_rows import AlarmRow, audit, cache, database
from infra.components.observability_metrics import FIVE_MINUTES, MINUTE, Metrics

if TYPE_CHECKING:
    from infra.components.observability import Monitored
    from infra.stages import Stage

DAY = Duration.days(1)


def alarm_rows(metrics: Metrics, parts: Monitored, stage: Stage) -> list[AlarmRow]:
    """All rows. Ten are essential: as many alarms as CloudWatch does not bill."""
    return [
        *_function(parts, stage),
        *_api(metrics, stage),
        *database(metrics, parts),
        *cache(metrics, parts),
        *audit(metrics, parts),
        *_gateway(metrics),
        *_money(metrics, parts),
    ]


def _function(parts: Monitored, stage: Stage) -> list[AlarmRow]:
    alias = parts.alias
    return [
        AlarmRow(
            "Function errors",
            "The function raised, ran out of time or of memory.",
            alias.metric_errors(statistic="Sum", period=MINUTE),
            threshold=0,
            periods=2,
            essential=True,
            rolls_back=True,
        ),
        AlarmRow(
            "Function throttled",
            "Lambda refused to start the function: its concurrency is used up.",
            alias.metric_throttles(statistic="Sum", period=MINUTE),
            threshold=0,
            periods=2,
            essential=True,
        ),
        AlarmRow(
            "Function slow",
            "One call in a hundred takes nearly as long as the function may run.",
            alias.metric_duration(statistic="p99", period=FIVE_MINUTES),
            threshold=900 * stage.timeout_seconds,
            periods=3,
        ),
        AlarmRow(
            "Function concurrency",
            "Four fifths of the concurrency that there is are in use.",
            parts.function.metric("ConcurrentExecutions", statistic="Maximum", period=FIVE_MINUTES),
            threshold=0.8 * parts.max_concurrency,
        ),
        AlarmRow(
            "Unusual traffic",
            "Far more or far fewer invocations than at this hour of other days.",
            alias.metric_invocations(statistic="Sum", period=Duration.minutes(15)),
            threshold=None,
            periods=2,
        ),
    ]


def _api(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "API server errors",
            "More than one answer in fifty was a 5xx.",
            metrics.api("5XXError", "Average", MINUTE),
            threshold=0.02,
            periods=3,
            essential=True,
            rolls_back=True,
        ),
        AlarmRow(
            "API client errors",
            "More than half of the answers were a 4xx.",
            metrics.api("4XXError", "Average"),
            threshold=0.5,
            periods=3,
        ),
        AlarmRow(
            "API slow",
            "One answer in a hundred takes nearly as long as there is time.",
            metrics.api("Latency", "p99"),
            threshold=900 * stage.timeout_seconds,
            periods=3,
        ),
    ]


def _gateway(metrics: Metrics) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Redis degraded",
            "Requests were decided without Valkey.",
            metrics.own("redis_degraded"),
            threshold=0,
            periods=2,
            essential=True,
        ),
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


def _money(metrics: Metrics, parts: Monitored) -> list[AlarmRow]:
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
            "Model cost",
            "The models of one day cost more than was expected of a day.",
            metrics.own("cost_usd", period=DAY),
            threshold=parts.daily_cost_usd,
        ),
    ]
