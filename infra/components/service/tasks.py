"""The tasks of the service: what runs, what it may do, how many, and how a new release comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, IDependable

from infra import REPOSITORY
from infra.components.function import Reach
from infra.components.nag import acknowledge
from infra.components.service.load_balancer import (
    IDLE_MARGIN_SECONDS,
    PORT,
    LoadBalancer,
    idle_seconds,
)
from infra.components.service.role import task_role
from infra.stages import Stage

# Fargate ends a task that long after it has told it to; the server is done before.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
STOP_SECONDS = 120
DRAIN_SECONDS = 110
BUSY_PERCENT = 60
NAMESPACE = "LLMControlPlane"


class Service(Construct):
    """`service`, whose tasks are the targets of the load balancer."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        *,
        reach: Reach,
        environment: Mapping[str, str],
        log_group: logs.ILogGroup,
        load_balancer: LoadBalancer,
    ) -> None:
        super().__init__(scope, id_)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name=stage.prefix,
            vpc=reach.network.vpc,
            container_insights_v2=ecs.ContainerInsights.DISABLED,
        )
        acknowledge(
            cluster,
            {"ECS4": "Metrics of the service and of its load balancer say the same, unbilled."},
        )
        self.service = ecs.FargateService(
            self,
            "Service",
            service_name=stage.prefix,
            cluster=cluster,
            task_definition=self._task(stage, reach, environment, log_group),
            vpc_subnets=ec2.SubnetSelection(
                subnet_type=ec2.SubnetType.PUBLIC
                if stage.task_addresses
                else ec2.SubnetType.PRIVATE_WITH_EGRESS
            ),
            security_groups=[reach.network.tasks],
            assign_public_ip=stage.task_addresses,
            min_healthy_percent=100,
            max_healthy_percent=200,
            health_check_grace_period=Duration.minutes(2),
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        # How many there are is the scaling's to say: a release must not start with the fewest.
        resource = self.service.node.default_child
        assert isinstance(resource, ecs.CfnService)
        resource.add_property_deletion_override("DesiredCount")
        self.service.attach_to_application_target_group(load_balancer.targets)
        self.service.node.add_dependency(load_balancer.load_balancer.node.find_child("Listener"))
        self._scale(stage)

    def follow(self, migrated: IDependable, alarms: Sequence[cloudwatch.IAlarm]) -> None:
        """A release comes after `migrated`, and these alarms turn it back."""
        self.service.node.add_dependency(migrated)
        self.service.enable_deployment_alarms(
            [alarm.alarm_name for alarm in alarms], behavior=ecs.AlarmBehavior.ROLLBACK_ON_ALARM
        )

    def _task(
        self,
        stage: Stage,
        reach: Reach,
        environment: Mapping[str, str],
        log_group: logs.ILogGroup,
    ) -> ecs.FargateTaskDefinition:
        execution = iam.Role(
            self,
            "ExecutionRole",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            description=f"Starts the tasks of {stage.prefix}",
        )
        acknowledge(
            execution,
            {"IAM5[Resource::*]": "ecr:GetAuthorizationToken, which names no resource."},
        )
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            family=stage.prefix,
            cpu=1024 * stage.task_cores,
            memory_limit_mib=stage.task_memory_mb,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
            task_role=task_role(self, stage, reach).without_policy_updates(),
            execution_role=execution,
        )
        task.add_container(
            "gateway",
            image=ecs.ContainerImage.from_asset(
                str(REPOSITORY), platform=ecr_assets.Platform.LINUX_ARM64
            ),
            command=_command(stage),
            environment=dict(environment) | _settings(stage),
            # CloudWatch makes metrics of what the lines say, as it does of the function's.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Generation_PutLogEvents.html
            logging=ecs.LogDrivers.aws_logs(
                stream_prefix="task",
                log_group=log_group,
                # A request never waits for its log; what does not fit in 25 MB is dropped.
                mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            ),
            port_mappings=[ecs.PortMapping(container_port=PORT)],
            readonly_root_filesystem=True,
            stop_timeout=Duration.seconds(STOP_SECONDS),
        )
        acknowledge(task, {"ECS2": "Names and addresses; secrets are read from Secrets Manager."})
        return task

    def _scale(self, stage: Stage) -> None:
        """Out within minutes of load, in slowly: each task that ends has its streams to finish."""
        scaling = self.service.auto_scale_task_count(
            min_capacity=stage.tasks_least, max_capacity=stage.tasks_most
        )
        slowly, at_once = Duration.minutes(10), Duration.minutes(1)
        scaling.scale_on_cpu_utilization(
            "Cpu",
            target_utilization_percent=BUSY_PERCENT,
            scale_in_cooldown=slowly,
            scale_out_cooldown=at_once,
        )
        # What waits for models takes memory and connections, and no CPU.
        scaling.scale_to_track_custom_metric(
            "OpenRequests",
            metric=cloudwatch.Metric(
                namespace=NAMESPACE,
                metric_name="llm_cp.open_requests",
                dimensions_map={"stage": stage.name},
                statistic="Average",
                period=Duration.minutes(1),
            ),
            target_value=stage.open_requests_per_process,
            scale_in_cooldown=slowly,
            scale_out_cooldown=at_once,
        )


def _command(stage: Stage) -> list[str]:
    options = {
        "--host": "0.0.0.0",  # noqa: S104 - in the VPC, behind its security group
        "--port": str(PORT),
        "--processes": str(stage.task_cores),
        "--drain-seconds": str(DRAIN_SECONDS),
        "--keep-alive-seconds": str(idle_seconds(stage) + IDLE_MARGIN_SECONDS),
    }
    return [
        "python",
        "-m",
        "controlplane.server",
        *(word for pair in options.items() for word in pair),
    ]


def _settings(stage: Stage) -> dict[str, str]:
    """What differs from the function: it waits longer, keeps more connections, is in no Lambda."""
    waited = str(min(stage.origin_read_timeout_seconds - 2, 900))
    return {
        "LLM_CP_LONG_LIVED": "1",
        "AWS_REGION": Aws.REGION,
        "LLM_CP_COLLECTED_SECONDS": waited,
        "LLM_CP_WHOLE_ANSWER_SECONDS": waited,
    }
