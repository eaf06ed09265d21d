"""The dashboard, line by line, from what callers notice down to the stores."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.components.observability.metrics import DETAIL, FIVE_MINUTES, Metrics, Monitored

Lines = list[list[cloudwatch.IWidget]]

BY_MODEL_AND_ORGANISATION = "${PROP('Dim.org_id')} ${PROP('Dim.model')} ${PROP('Dim.status')}"
FULL_WIDTH = 24


def widgets(metrics: Metrics, parts: Monitored, alarms: Sequence[cloudwatch.IAlarm]) -> Lines:
    """All lines, top to bottom; each is 24 columns wide."""
    return [
        [
            cloudwatch.AlarmStatusWidget(
                title="Alarms (each has its entry in docs/RUNBOOK.md)",
                alarms=list(alarms),
                width=FULL_WIDTH,
                height=3,
            )
        ],
        *_models(metrics),
        *(_api(metrics, parts) if parts.api else _service(metrics, parts)),
        *_function(parts),
        *_stores(metrics),
        *_audit(metrics, parts),
    ]


def _graph(title: str, *left: cloudwatch.IMetric, width: int = 6) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(
        title=title,
        left=list(left),
        width=width,
        left_y_axis=cloudwatch.YAxisProps(min=0, show_units=False),
    )


def _models(metrics: Metrics) -> Lines:
    each = BY_MODEL_AND_ORGANISATION
    return [
        [
            _graph("Requests by model and organisation", metrics.by("requests", DETAIL, each)),
            _graph("Tokens by model and organisation", metrics.by("tokens", DETAIL, each)),
            _graph("Cost by model and organisation, US$", metrics.by("cost_usd", DETAIL, each)),
            _graph(
                "Latency by model and organisation, p95 ms",
                metrics.by("latency", DETAIL, each, "p95"),
            ),
        ],
        [
            _graph(
                "Own overhead, ms",
                metrics.own("overhead", "p50"),
                metrics.own("overhead", "p99"),
            ),
            _graph(
                "Refusals by reason",
                metrics.by("refusals", ("stage", "reason"), "${PROP('Dim.reason')}"),
            ),
            _graph(
                "Provider errors",
                metrics.by(
                    "provider_errors",
                    ("stage", "provider", "failure"),
                    "${PROP('Dim.provider')} ${PROP('Dim.failure')}",
                ),
                metrics.own("provider_misconfigured"),
            ),
            _graph(
                "Decided without Redis; failed logins",
                metrics.own("redis_degraded"),
                metrics.own("auth_failed"),
            ),
        ],
    ]


def _api(metrics: Metrics, parts: Monitored) -> Lines:
    return [
        [
            _graph("API requests", metrics.api("Count", "Sum")),
            _graph(
                "API 4xx and 5xx",
                metrics.api("4XXError", "Sum"),
                metrics.api("5XXError", "Sum"),
            ),
            _graph(
                "API latency, ms",
                metrics.api("Latency", "p50"),
                metrics.api("Latency", "p99"),
                metrics.api("IntegrationLatency", "p99"),
            ),
            _graph(
                "Edge: requests, blocked requests",
                metrics.firewall("BlockedRequests"),
                parts.distribution.metric_requests(period=FIVE_MINUTES),
            ),
        ]
    ]


def _service(metrics: Metrics, parts: Monitored) -> Lines:
    return [
        [
            _graph("API requests", metrics.balancer("RequestCount")),
            _graph(
                "API 4xx and 5xx",
                metrics.balancer("HTTPCode_Target_4XX_Count"),
                metrics.balancer("HTTPCode_Target_5XX_Count"),
                metrics.balancer("HTTPCode_ELB_5XX_Count"),
            ),
            _graph(
                "Until an answer begins, s",
                metrics.balancer("TargetResponseTime", "p50"),
                metrics.balancer("TargetResponseTime", "p99"),
            ),
            _graph(
                "Edge: requests, blocked requests",
                metrics.firewall("BlockedRequests"),
                parts.distribution.metric_requests(period=FIVE_MINUTES),
            ),
        ],
        [
            _graph("Tasks: CPU, %", metrics.tasks("CPUUtilization"), width=8),
            _graph(
                "Tasks: memory, %",
                metrics.tasks("MemoryUtilization"),
                metrics.tasks("MemoryUtilization", "Maximum"),
                width=8,
            ),
            _graph(
                "Open requests of a process",
                metrics.own("open_requests", "Average"),
                metrics.own("open_requests", "Maximum"),
                width=8,
            ),
        ],
    ]


def _function(parts: Monitored) -> Lines:
    alias = parts.alias
    return [
        [
            _graph("Invocations", alias.metric_invocations(period=FIVE_MINUTES)),
            _graph(
                "Errors and throttles",
                alias.metric_errors(period=FIVE_MINUTES),
                alias.metric_throttles(period=FIVE_MINUTES),
            ),
            _graph(
                "Duration, ms",
                alias.metric_duration(statistic="p50", period=FIVE_MINUTES),
                alias.metric_duration(statistic="p99", period=FIVE_MINUTES),
            ),
            _graph(
                "Concurrent executions",
                parts.function.metric(
                    "ConcurrentExecutions", statistic="Maximum", period=FIVE_MINUTES
                ),
            ),
        ]
    ]


def _stores(metrics: Metrics) -> Lines:
    return [
        [
            _graph("Aurora connections", metrics.aurora("DatabaseConnections"), width=8),
            _graph(
                "Aurora CPU and share of its largest size, %",
                metrics.aurora("CPUUtilization", "Average"),
                metrics.aurora("ACUUtilization", "Average"),
                width=8,
            ),
            _graph("Aurora ACU", metrics.aurora("ServerlessDatabaseCapacity"), width=8),
        ],
        [
            _graph(
                "Valkey processing units (its CPU)",
                metrics.cache("ElastiCacheProcessingUnits", "Sum"),
            ),
            _graph("Valkey memory, bytes", metrics.cache("BytesUsedForCache", "Maximum")),
            _graph(
                "Valkey evictions and throttled commands",
                metrics.cache("Evictions", "Sum"),
                metrics.cache("ThrottledCmds", "Sum"),
            ),
            _graph("Valkey connections", metrics.cache("CurrConnections", "Maximum")),
        ],
    ]


def _audit(metrics: Metrics, parts: Monitored) -> Lines:
    return [
        [
            _graph(
                "Age of the oldest audit event, s",
                parts.queue.metric_approximate_age_of_oldest_message(
                    statistic="Maximum", period=FIVE_MINUTES
                ),
                width=8,
            ),
            _graph(
                "Audit events waiting, and dead letters",
                parts.queue.metric_approximate_number_of_messages_visible(
                    statistic="Maximum", period=FIVE_MINUTES
                ),
                parts.dead_letters.metric_approximate_number_of_messages_visible(
                    statistic="Maximum", period=FIVE_MINUTES
                ),
                width=8,
            ),
            _graph(
                "Audit and ledger trouble",
                metrics.own("audit_spilled"),
                metrics.own("audit_batch_postponed"),
                metrics.own("audit_message_refused"),
                metrics.own("ledger_lost"),
                metrics.own("ledger_difference"),
                metrics.own("unsettled"),
                metrics.own("unpriced_requests"),
                width=8,
            ),
        ]
    ]
