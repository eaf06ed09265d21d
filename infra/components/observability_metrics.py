"""Every metric that the dashboard shows and the alarms watch, named once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

if TYPE_CHECKING:
    from infra.components.observability import Monitored

# What `controlplane.telemetry` writes into its log lines.
NAMESPACE = "LLMControlPlane"
DETAIL = ("stage", "org_id", "model", "provider", "status")
MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


class Metrics:
    """The metrics of one stage."""

    def __init__(self, stage_name: str, parts: Monitored) -> None:
        self._stage = stage_name
        self._parts = parts

    def own(
        self, name: str, statistic: str = "Sum", period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """A metric of ours over the whole stage: `own("overhead", "p99")`."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=f"llm_cp.{name}",
            dimensions_map={"stage": self._stage},
            statistic=statistic,
            period=period,
        )

    def by(
        self, name: str, dimensions: tuple[str, ...], label: str, statistic: str = "Sum"
    ) -> cloudwatch.SearchExpression:
        """One line for each combination of `dimensions` that has been seen.

        An alarm cannot watch a search; it can watch `own`.
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
        """
        schema = ",".join((NAMESPACE, *dimensions))
        terms = f'MetricName="llm_cp.{name}" stage="{self._stage}"'
        return cloudwatch.SearchExpression(
            expression=f"SEARCH('{{{schema}}} {terms}', '{statistic}')",
            label=label,
            period=FIVE_MINUTES,
        )

    def api(self, name: str, statistic: str, period: Duration = FIVE_MINUTES) -> cloudwatch.Metric:
        """4XXError, 5XXError, Latency, IntegrationLatency or Count of the REST API.

        By the API alone, which has one stage: an alarm that refers to the stage would wait for the
        alias, which waits for the deployment group, which waits for the alarm.
        """
        return self._parts.api.metric(name, statistic=statistic, period=period)

    def aurora(self, name: str, statistic: str = "Maximum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html"""
        return self._parts.cluster.metric(name, statistic=statistic, period=FIVE_MINUTES)

    def cache(
        self, name: str, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """A serverless cache has no CPU metric: ElastiCacheProcessingUnits is its load.

        Its metrics come under `clusterId`, with a small c, unlike those of nodes (CacheClusterId).
        https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
        """
        return cloudwatch.Metric(
            namespace="AWS/ElastiCache",
            metric_name=name,
            dimensions_map={"clusterId": self._parts.cache_name},
            statistic=statistic,
            period=period,
        )

    def firewall(self, name: str) -> cloudwatch.SearchExpression:
        """AllowedRequests or BlockedRequests, wherever the web ACL stands."""
        return cloudwatch.SearchExpression(
            expression=(
                f'SEARCH(\'Namespace="AWS/WAFV2" MetricName="{name}" '
                f'WebACL="{self._parts.web_acl_name}" Rule="ALL"\', \'Sum\')'
            ),
            label=name,
            period=FIVE_MINUTES,
        )
