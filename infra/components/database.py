"""Aurora PostgreSQL, Serverless v2."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.components.nag import acknowledge
from infra.components.network import Network
from infra.stages import Stage

NAME = "llm_control_plane"
USER = "llm_cp"


class Database(Construct):
    """`cluster` and its `secret`."""

    def __init__(
        self, scope: Construct, id_: str, stage: Stage, network: Network, key: kms.IKey | None
    ) -> None:
        super().__init__(scope, id_)
        self.cluster = rds.DatabaseCluster(
            self,
            "Cluster",
            engine=_ENGINE,
            cluster_identifier=stage.prefix,
            default_database_name=NAME,
            credentials=rds.Credentials.from_generated_secret(
                USER, secret_name=f"/llm-cp/{stage.name}/aurora", encryption_key=key
            ),
            writer=_instance("Writer", promoted=True),
            readers=[_instance(f"Reader{n + 1}") for n in range(stage.aurora_readers)],
            serverless_v2_min_capacity=stage.aurora_min_acu,
            serverless_v2_max_capacity=stage.aurora_max_acu,
            serverless_v2_auto_pause_duration=Duration.minutes(5)
            if stage.database_pauses
            else None,
            vpc=network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[network.database],
            parameter_group=rds.ParameterGroup(
                self,
                "Parameters",
                engine=_ENGINE,
                description=f"{stage.prefix}: TLS only",
                parameters={"rds.force_ssl": "1"},
            ),
            storage_encrypted=True,
            storage_encryption_key=key,
            backup=rds.BackupProps(retention=Duration.days(stage.aurora_backup_days)),
            copy_tags_to_snapshot=True,
            deletion_protection=stage.is_protected,
            removal_policy=RemovalPolicy.SNAPSHOT if stage.retain_data else RemovalPolicy.DESTROY,
        )
        self.secret = _secret_of(self.cluster)
        self._explain()

    def _explain(self) -> None:
        acknowledge(
            self,
            {
                "RDS6": "The function signs in with a generated password from Secrets Manager: "
                "an IAM token would be one more call on every new connection.",
                "RDS10": "On where the stage keeps its data; elsewhere a stage must be removable.",
                "RDS11": "No port helps against who is inside; only the function's security group "
                "reaches this one.",
                "SMG4": "The function takes a new password at once, but rotation needs a function "
                "of its own inside the VPC: it is an operator's step.",
            },
        )


_ENGINE = rds.DatabaseClusterEngine.aurora_postgres(
    version=rds.AuroraPostgresEngineVersion.VER_17_9
)


def _instance(id_: str, *, promoted: bool = False) -> rds.IClusterInstance:
    return rds.ClusterInstance.serverless_v2(
        id_,
        publicly_accessible=False,
        auto_minor_version_upgrade=True,
        scale_with_writer=None if promoted else True,
    )


def _secret_of(cluster: rds.DatabaseCluster) -> secretsmanager.ISecret:
    secret = cluster.secret
    assert secret is not None, "the credentials are generated"
    return secret
