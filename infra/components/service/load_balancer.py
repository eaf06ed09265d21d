"""The load balancer of the service: inside the VPC, for CloudFront."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elbv2
from constructs import Construct

from infra.components.nag import acknowledge
from infra.components.network import Network
from infra.stages import Cors, Stage

PORT = 8080
# A connection that is kept is closed by the load balancer, never by the task: it has to be the one
# with less patience. And it has to outlast an answer that comes whole.
IDLE_MARGIN_SECONDS = 5
_PREFLIGHT = 10


class LoadBalancer(Construct):
    """`load_balancer`, its `targets`, and `arn` for the firewall."""

    def __init__(
        self, scope: Construct, id_: str, stage: Stage, network: Network, cors: Cors
    ) -> None:
        super().__init__(scope, id_)
        self.load_balancer = elbv2.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            load_balancer_name=stage.prefix,
            vpc=network.vpc,
            internet_facing=False,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_group=network.load_balancer,
            idle_timeout=Duration.seconds(idle_seconds(stage)),
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elbv2.DesyncMitigationMode.STRICTEST,
            deletion_protection=stage.is_protected,
        )
        self.arn = self.load_balancer.load_balancer_arn
        self.targets = elbv2.ApplicationTargetGroup(
            self,
            "Targets",
            vpc=network.vpc,
            port=PORT,
            protocol=elbv2.ApplicationProtocol.HTTP,
            target_type=elbv2.TargetType.IP,
            # The next request goes to where the fewest are open: they last from 0.1 s to minutes.
            load_balancing_algorithm_type=(
                elbv2.TargetGroupLoadBalancingAlgorithmType.LEAST_OUTSTANDING_REQUESTS
            ),
            # A task is told to end once its streams have, or had this long to.
            deregistration_delay=Duration.seconds(stage.timeout_seconds),
            health_check=elbv2.HealthCheck(
                path="/health/serving",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        listener = self.load_balancer.add_listener(
            "Listener",
            port=80,
            protocol=elbv2.ApplicationProtocol.HTTP,
            open=False,
            default_target_groups=[self.targets],
        )
        if cors.allow_origins:
            _let_browsers_ask(listener)
        self._explain()

    def origin(
        self, read_timeout: Duration, custom_headers: Mapping[str, str]
    ) -> cloudfront.IOrigin:
        """For CloudFront: through its own network interfaces in the VPC, over no other network."""
        return origins.VpcOrigin.with_application_load_balancer(
            self.load_balancer,
            protocol_policy=cloudfront.OriginProtocolPolicy.HTTP_ONLY,
            http_port=80,
            read_timeout=read_timeout,
            custom_headers=custom_headers,
        )

    def _explain(self) -> None:
        acknowledge(
            self.load_balancer,
            {
                "ELB2": "Its log has whole addresses, queries included, where a credential could "
                "stand. The gateway logs each request, metrics count what does not reach it.",
            },
        )


def idle_seconds(stage: Stage) -> int:
    """How long a connection may be silent: longer than CloudFront waits for a whole answer."""
    return stage.origin_read_timeout_seconds + IDLE_MARGIN_SECONDS


def _let_browsers_ask(listener: elbv2.ApplicationListener) -> None:
    """Answer a browser's question before its request; CloudFront's policy adds what it may do."""
    listener.add_action(
        "Preflight",
        priority=_PREFLIGHT,
        conditions=[
            elbv2.ListenerCondition.http_request_methods(["OPTIONS"]),
            elbv2.ListenerCondition.http_header("access-control-request-method", ["*"]),
        ],
        action=elbv2.ListenerAction.fixed_response(204),
    )
