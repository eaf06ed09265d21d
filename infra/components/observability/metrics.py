"""The parts that are monitored, and every metric that the dashboard and the alarms read."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sqs as sqs

from infra.components.service import LoadBalancer
from infra.stages import Stage

# What `controlplane.telemetry` writes into its log lines.
NAMESPACE = "LLMControlPlane"
DETAIL = ("stage", "org_id", "model", "provider", "status")
MINUTE = Duration.minutes(1)
FIVE_MINUTES = Duration.minutes(5)


@dataclass(frozen=True)
class Monitored:
    """The parts of a stack that have metrics; `cache_name` is that of the serverless cache."""

    function: lambda_.IFunction
    alias: lambda_.Alias
    api: apigateway.RestApi | None  # this, or the load balancer and the service behind it
    load_balancer: LoadBalancer | None
    service: ecs.FargateService | None
    cluster: rds.IDatabaseCluster
    cache_name: str
    queue: sqs.IQueue
    dead_letters: sqs.IQueue
    web_acl_name: str
    distribution: cloudfront.Distribution


class Metrics:
    """The metrics of one stage."""

    def __init__(self, stage: Stage, parts: Monitored) -> None:
        self._stage = stage.name
        self._parts = parts

    def own(
        self, name: str, statistic: str = "Sum", period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """One of our own metrics over the whole stage: `own("overhead", "p99")`."""
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

        An alarm cannot watch a search, but it can watch `own`.
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

        Taken from the API, which has one stage. An alarm that referred to the stage would close a
        cycle: it depends on the alias, the alias on the deployment group, and that on the alarm.
        """
        assert self._parts.api is not None
        return self._parts.api.metric(name, statistic=statistic, period=period)

    def balancer(
        self, name: str, statistic: str = "Sum", period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """RequestCount, HTTPCode_Target_5XX_Count, HTTPCode_ELB_5XX_Count, TargetResponseTime, ...

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
        """
        assert self._parts.load_balancer is not None
        return self._parts.load_balancer.load_balancer.metrics.custom(
            name, statistic=statistic, period=period
        )

    def tasks(self, name: str, statistic: str = "Average") -> cloudwatch.Metric:
        """CPUUtilization or MemoryUtilization of the service."""
        assert self._parts.service is not None
        return self._parts.service.metric(name, statistic=statistic, period=FIVE_MINUTES)

    def aurora(self, name: str, statistic: str = "Maximum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html"""
        return self._parts.cluster.metric(name, statistic=statistic, period=FIVE_MINUTES)

    def cache(
        self, name: str, statistic: str, period: Duration = FIVE_MINUTES
    ) -> cloudwatch.Metric:
        """A serverless cache has no CPU metric: ElastiCacheProcessingUnits is its load.

        Its metrics have the dimension `clusterId`; those of nodes have CacheClusterId.
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
        """AllowedRequests or BlockedRequests, in whichever scope the web ACL is."""
        return cloudwatch.SearchExpression(
            expression=(
                f'SEARCH(\'Namespace="AWS/WAFV2" MetricName="{name}" '
                f'WebACL="{self._parts.web_acl_name}" Rule="ALL"\', \'Sum\')'
            ),
            label=name,
            period=FIVE_MINUTES,
        )


def share(
    bad: cloudwatch.IMetric,
    calls: cloudwatch.IMetric,
    *,
    at_least: int = 2,
    of_both: bool = False,
) -> cloudwatch.MathExpression:
    """Which part of `calls` was `bad`, 0 where fewer than `at_least` were: one is no rate.

    With `of_both`, what was bad is not among the calls.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    every = "(bad + FILL(calls, 0))" if of_both else "calls"
    return cloudwatch.MathExpression(
        expression=f"IF(bad >= {at_least}, bad / {every}, 0)",
        using_metrics={"bad": bad, "calls": calls},
        label="share",
        period=_period(bad),
    )


def _period(metric: cloudwatch.IMetric) -> Duration:
    assert isinstance(metric, cloudwatch.Metric)
    return metric.period


def account_concurrency() -> cloudwatch.Metric:
    """What of the account's concurrency is taken, by all of its functions in the region.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    """
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="ClaimedAccountConcurrency",
        statistic="Maximum",
        period=FIVE_MINUTES,
    )
