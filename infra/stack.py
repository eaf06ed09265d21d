"""One deployment of the control plane, in the order in which a request meets its parts."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnOutput, Fn, Stack, Tags
from constructs import Construct

from infra.components.api import Api
from infra.components.audit import AuditTrail
from infra.components.cache import Cache
from infra.components.database import Database
from infra.components.edge import Edge
from infra.components.encryption import Encryption
from infra.components.firewall import Firewall
from infra.components.function import ControlPlaneFunction, Reach
from infra.components.identity import Identity
from infra.components.log_groups import LogGroups
from infra.components.network import Network
from infra.components.observability import AlarmTopic, MailTopic, Observability
from infra.components.observability.metrics import Monitored
from infra.components.release import Release
from infra.components.schedules import Schedules
from infra.components.secrets import Secrets
from infra.components.service import LoadBalancer, Service
from infra.stages import Stage, read_cors


class ControlPlaneStack(Stack):
    """Stack `llm-cp-{stage}`."""

    def __init__(self, scope: Construct, stage: Stage, **kwargs: Any) -> None:
        super().__init__(
            scope,
            stage.prefix,
            description=f"LLM Control Plane, {stage.name}",
            termination_protection=stage.is_protected,
            **kwargs,
        )
        self.stage = stage
        # CDK itself writes the dependencies that W3005 finds to be implied by others.
        self.template_options.metadata = {"cfn-lint": {"config": {"ignore_checks": ["W3005"]}}}
        for tag, value in (("application", "llm-control-plane"), ("stage", stage.name)):
            Tags.of(self).add(tag, value)
        self._ground(stage)
        self._entrance(stage)
        self._stores(stage)
        self._compute(stage)
        self._upkeep(stage)
        self._tell()

    @property
    def availability_zones(self) -> list[str]:
        """One for each zone of the stage, whose id the subnets are told: nothing is looked up."""
        return [Fn.select(index, Fn.get_azs()) for index in range(len(self.stage.zones))]

    def _ground(self, stage: Stage) -> None:
        self.encryption = Encryption(self, "Encryption", stage)
        self.key = self.encryption.key
        self.logs = LogGroups(self, "Logs", stage, self.key)
        network_log = self.logs.add("Network", f"/{stage.prefix}/network")
        self.network = Network(self, "Network", stage, network_log)
        self.secrets = Secrets(self, "Secrets", stage, self.key)

    def _entrance(self, stage: Stage) -> None:
        """client -> CloudFront -> WAF -> API Gateway, or the load balancer of the service."""
        cors, origin = read_cors(stage), self.secrets.origin
        self.api: Api | None = None
        self.load_balancer: LoadBalancer | None = None
        if stage.compute == "service":
            self.load_balancer = LoadBalancer(self, "Balancer", stage, self.network, cors)
        else:
            self.api = Api(self, "Api", stage, cors, self.logs)
        entrance = self.load_balancer or self.api
        assert entrance is not None
        self.edge = Edge(self, "Edge", stage, entrance=entrance, cors=cors, origin_secret=origin)
        self.firewall = Firewall(self, "Firewall", stage, entrance.arn, origin)
        self.identity = Identity(self, "Identity", stage, self.edge.url)

    def _stores(self, stage: Stage) -> None:
        network, key, secret = self.network, self.key, self.secrets.redis
        self.cache = Cache(self, "Cache", stage, network=network, secret=secret, key=key)
        self.database = Database(self, "Database", stage, network, key)
        self.audit = AuditTrail(self, "Audit", stage, key)
        self.warnings = MailTopic(self, "Warnings", stage, key, name="budget-warnings").topic

    def _compute(self, stage: Stage) -> None:
        """The function, and the service where the stage has one -> Valkey, PostgreSQL, SQS, S3."""
        secrets = self.secrets
        reach = Reach(
            network=self.network,
            audit=self.audit,
            warnings=self.warnings,
            secrets=[
                *(secrets.providers, secrets.key_pepper, secrets.redis),
                self.database.secret,
            ],
            key_statement=self.encryption.use_statement,
        )
        control_plane = ControlPlaneFunction(
            self,
            "Function",
            stage,
            reach=reach,
            environment=self._settings(stage),
            log_group=self.logs.add("Function", f"/aws/lambda/{stage.prefix}"),
        )
        self.function, self.alias = control_plane.function, control_plane.alias
        self.service: Service | None = None
        if self.load_balancer:
            self.service = Service(
                self,
                "Service",
                stage,
                reach=reach,
                environment=self._settings(stage),
                log_group=self.logs.add("Service", f"/{stage.prefix}/service"),
                load_balancer=self.load_balancer,
            )
        if self.api:
            self.api.connect(self.alias)
        if secrets.datadog:
            # Importing it takes half a second.
            from infra.components.datadog import Datadog  # noqa: PLC0415

            Datadog(self, "Datadog", stage, self.function, secrets.datadog)

    def _upkeep(self, stage: Stage) -> None:
        """Maintenance, alarms, and releases that alarms turn back."""
        Schedules(self, "Schedules", stage, self.alias)
        self.topic = AlarmTopic(self, "Alarms", stage, self.key).topic
        parts = Monitored(
            function=self.function,
            alias=self.alias,
            api=self.api.api if self.api else None,
            load_balancer=self.load_balancer,
            service=self.service.service if self.service else None,
            cluster=self.database.cluster,
            cache_name=self.cache.name,
            queue=self.audit.queue,
            dead_letters=self.audit.dead_letters,
            web_acl_name=self.firewall.name,
            distribution=self.edge.distribution,
        )
        watch = Observability(self, "Observability", stage=stage, parts=parts, topic=self.topic)
        Release(
            self,
            "Release",
            stage,
            function=self.function,
            alias=self.alias,
            alarms=watch.rollback_alarms,
        )
        if self.service:
            # The alias moves once its hook has migrated.
            self.service.follow(self.alias, watch.rollback_alarms)

    def _settings(self, stage: Stage) -> dict[str, str]:
        """What src/controlplane/config/ reads."""
        settings = {
            "LLM_CP_STAGE": stage.name,
            "REDIS_URL": self.cache.url,
            "AURORA_SECRET_ARN": self.database.secret.secret_arn,
            "AUDIT_QUEUE_URL": self.audit.queue.queue_url,
            "AUDIT_BUCKET": self.audit.bucket.bucket_name,
            "LLM_CP_WARNING_TOPIC_ARN": self.warnings.topic_arn,
            "COGNITO_USER_POOL_ID": self.identity.pool.user_pool_id,
            "COGNITO_CLIENT_IDS": self.identity.client.user_pool_client_id,
        }
        if stage.database_pauses:
            settings["LLM_CP_DATABASE_PAUSES"] = "1"
        if stage.log_percent < 100:
            settings["LLM_CP_LOG_PERCENT"] = str(stage.log_percent)
        return settings

    def _tell(self) -> None:
        outputs = {
            "FunctionName": self.function.function_name,
            "AliasName": self.alias.alias_name,
            "ApiUrl": self.edge.url,
            "DistributionDomain": self.edge.distribution.distribution_domain_name,
            "DistributionId": self.edge.distribution.distribution_id,
            "ConsoleBucket": self.edge.bucket.bucket_name,
            "UserPoolId": self.identity.pool.user_pool_id,
            "UserPoolClientId": self.identity.client.user_pool_client_id,
            "UserPoolDomain": self.identity.domain.base_url(),
            "AuditQueueUrl": self.audit.queue.queue_url,
            "AuditBucket": self.audit.bucket.bucket_name,
            "AlarmTopicArn": self.topic.topic_arn,
            "WarningTopicArn": self.warnings.topic_arn,
        }
        if self.service:
            outputs["ClusterName"] = self.service.service.cluster.cluster_name
            outputs["ServiceName"] = self.service.service.service_name
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
