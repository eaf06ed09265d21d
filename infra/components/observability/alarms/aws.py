"""The alarms on metrics of AWS: the function, API Gateway, Aurora, Valkey and the audit queue."""

from __future__ import annotations

from aws_cdk import Duration

from infra.components.observability.alarms import service
from infra.components.observability.alarms.row import AlarmRow
from infra.components.observability.metrics import (
    FIVE_MINUTES,
    MINUTE,
    Metrics,
    Monitored,
    account_concurrency,
    share,
)
from infra.stages import Stage

GIBIBYTE = 1024**3


def rows(metrics: Metrics, parts: Monitored, stage: Stage) -> list[AlarmRow]:
    """All of them, from what callers notice down to the stores."""
    entrance = _api(metrics, parts, stage) if parts.api else service.rows(metrics, stage)
    return [
        *_function(parts, stage),
        *entrance,
        *_database(metrics, stage),
        *_cache(metrics, stage),
        *_audit(parts),
    ]


def _function(parts: Monitored, stage: Stage) -> list[AlarmRow]:
    alias = parts.alias
    return [
        AlarmRow(
            "Function errors",
            "More than one call in fifty raised, ran out of time or of memory.",
            share(
                alias.metric_errors(statistic="Sum", period=MINUTE),
                alias.metric_invocations(statistic="Sum", period=MINUTE),
            ),
            threshold=0.02,
            periods=2,
            essential=True,
            rolls_back=True,
        ),
        AlarmRow(
            "Function throttled",
            "Lambda refused one start of the function in a hundred: its concurrency is used up.",
            # A call that is throttled is no invocation; where all are, there is none.
            share(
                alias.metric_throttles(statistic="Sum", period=MINUTE),
                alias.metric_invocations(statistic="Sum", period=MINUTE),
                of_both=True,
            ),
            threshold=0.01,
            periods=2,
            essential=True,
        ),
        AlarmRow(
            "Function slow",
            "One call in a hundred takes longer than a caller should wait.",
            alias.metric_duration(statistic="p99", period=FIVE_MINUTES),
            threshold=1_000 * stage.slow_seconds,
            periods=3,
        ),
        AlarmRow(
            "Function concurrency",
            "Four fifths of the concurrency that the account has are in use.",
            account_concurrency(),
            threshold=0.8 * stage.account_concurrency,
        ),
    ]


def _api(metrics: Metrics, parts: Monitored, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "API server errors",
            "More than one answer in fifty was a 5xx.",
            share(metrics.api("5XXError", "Sum", MINUTE), metrics.api("Count", "Sum", MINUTE)),
            threshold=0.02,
            periods=3,
            essential=True,
            rolls_back=True,
        ),
        AlarmRow(
            "API client errors",
            "More than half of the answers were a 4xx.",
            share(metrics.api("4XXError", "Sum"), metrics.api("Count", "Sum"), at_least=20),
            threshold=0.5,
            periods=3,
        ),
        AlarmRow(
            "API slow",
            "One answer in a hundred takes longer than a caller should wait.",
            metrics.api("Latency", "p99"),
            threshold=1_000 * stage.slow_seconds,
            periods=3,
        ),
        AlarmRow(
            "Unusual traffic",
            "Far more or far fewer requests than at this hour of other days.",
            parts.alias.metric_invocations(statistic="Sum", period=Duration.minutes(15)),
            threshold=None,
            periods=2,
        ),
    ]


def _database(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Database connections",
            "Four fifths of the connections that Aurora allows are open.",
            metrics.aurora("DatabaseConnections"),
            threshold=0.8 * stage.database_connections,
            periods=2,
        ),
        AlarmRow(
            "Database CPU",
            "Aurora's CPU has been above 80 % for a quarter of an hour.",
            metrics.aurora("CPUUtilization", "Average"),
            threshold=80,
            periods=3,
        ),
        AlarmRow(
            "Database capacity",
            "Aurora has been at the largest size that the stage allows for a quarter of an hour.",
            metrics.aurora("ACUUtilization", "Average"),
            threshold=95,
            periods=3,
            essential=True,
        ),
    ]


def _cache(metrics: Metrics, stage: Stage) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Cache load",
            "Valkey uses four fifths of the processing units that its limit allows.",
            metrics.cache("ElastiCacheProcessingUnits", "Sum", MINUTE),
            threshold=0.8 * stage.cache_max_ecpu_per_second * 60,
            periods=5,
        ),
        AlarmRow(
            "Cache throttled",
            "Valkey refused commands: it is at its limit or cannot grow fast enough.",
            metrics.cache("ThrottledCmds", "Sum"),
            threshold=0,
        ),
        AlarmRow(
            "Cache memory",
            "Valkey holds four fifths of the data that its limit allows.",
            metrics.cache("BytesUsedForCache", "Maximum"),
            threshold=0.8 * stage.cache_max_gb * GIBIBYTE,
        ),
        AlarmRow(
            "Cache evictions",
            "Valkey threw out keys before their time: limits and budgets lose their memory.",
            metrics.cache("Evictions", "Sum"),
            threshold=0,
            essential=True,
        ),
    ]


def _audit(parts: Monitored) -> list[AlarmRow]:
    return [
        AlarmRow(
            "Audit queue old",
            "The oldest audit event has waited for a quarter of an hour.",
            parts.queue.metric_approximate_age_of_oldest_message(
                statistic="Maximum", period=FIVE_MINUTES
            ),
            threshold=900,
            periods=3,
            essential=True,
        ),
        AlarmRow(
            "Audit dead letters",
            "Audit events could not be stored and wait in the dead-letter queue.",
            parts.dead_letters.metric_approximate_number_of_messages_visible(
                statistic="Maximum", period=FIVE_MINUTES
            ),
            threshold=0,
            essential=True,
        ),
    ]
