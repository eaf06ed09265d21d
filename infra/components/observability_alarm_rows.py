"""One alarm as a row, and the rows of the stores and of the audit trail.

Each row has its heading in docs/RUNBOOK.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.components.observability_metrics import FIVE_MINUTES, MINUTE, Metrics

if TYPE_CHECKING:
    from infra.components.observability import Monitored

GIBIBYTE = 1024**3


@dataclass(frozen=True)
class AlarmRow:
    """Fires while `metric` is above `threshold` for `periods` of its periods in a row.

    Without a threshold it fires outside of the band that CloudWatch learns. `essential` rows are
    there in every stage; `rolls_back` rows end a deployment. `heading` is the runbook's.
    """

    heading: str
    meaning: str
    metric: cloudwatch.IMetric
    threshold: float | None
    periods: int = 1
    essential: bool = False
    rolls_back: bool = False

    @property
    def slug(self) -> str:
        """The end of the alarm's name."""
        return self.heading.lower().replace(" ", "-")


def database(metrics: Metrics, parts: Monitored) -> list[AlarmRow]:
    """Aurora: connections, CPU, capacity."""
    return [
        AlarmRow(
            "Database connections",
            "Four fifths of the connections that Aurora allows are open.",
            metrics.aurora("DatabaseConnections"),
            threshold=0.8 * parts.max_connections,
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


def cache(metrics: Metrics, parts: Monitored) -> list[AlarmRow]:
    """Valkey: load, throttling, memory, evictions."""
    return [
        AlarmRow(
            "Cache load",
            "Valkey uses four fifths of the processing units that its limit allows.",
            metrics.cache("ElastiCacheProcessingUnits", "Sum", MINUTE),
            threshold=0.8 * parts.cache_ecpu_per_second * 60,
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
            threshold=0.8 * parts.cache_gb * GIBIBYTE,
        ),
        AlarmRow(
            "Cache evictions",
            "Valkey threw out keys before their time: limits and budgets lose their memory.",
            metrics.cache("Evictions", "Sum"),
            threshold=0,
            essential=True,
        ),
    ]


def audit(metrics: Metrics, parts: Monitored) -> list[AlarmRow]:
    """What must not get lost."""
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
        AlarmRow(
            "Audit spilled",
            "SQS did not take audit events: they are in S3, or only in the log.",
            metrics.own("audit_spilled"),
            threshold=0,
            essential=True,
        ),
    ]
