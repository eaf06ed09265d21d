"""ElastiCache Serverless for Valkey: TLS only, one user, and no command that an operator needs."""

from __future__ import annotations

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.components.network import Network
from infra.components.secrets import CACHE_USER
from infra.stages import Stage

# What limits, caches and their scripts use. TIME is in no category of its own.
ACCESS = (
    "on ~* resetchannels -@all "
    "+@read +@write +@scripting +@transaction +@connection +time -@dangerous"
)


class Cache(Construct):
    """`name`, and `url` without credentials (they are in the secret)."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        stage: Stage,
        *,
        network: Network,
        secret: secretsmanager.ISecret,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, id_)
        self.name = stage.prefix
        users = self._users(stage, secret)
        cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            serverless_cache_name=self.name,
            engine="valkey",
            major_engine_version="8",
            cache_usage_limits=elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
                data_storage=elasticache.CfnServerlessCache.DataStorageProperty(
                    maximum=stage.cache_max_gb, unit="GB"
                ),
                ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                    maximum=stage.cache_max_ecpu_per_second
                ),
            ),
            snapshot_retention_limit=stage.cache_snapshot_days or None,
            kms_key_id=key.key_arn if key else None,
            security_group_ids=[network.cache.security_group_id],
            subnet_ids=network.vpc.select_subnets(
                subnet_type=ec2.SubnetType.PRIVATE_ISOLATED
            ).subnet_ids,
            user_group_id=users.ref,
        )
        self.url = f"rediss://{cache.attr_endpoint_address}:{cache.attr_endpoint_port}"

    def _users(self, stage: Stage, secret: secretsmanager.ISecret) -> elasticache.CfnUserGroup:
        password = secret.secret_value_from_json(
            "password"
        ).unsafe_unwrap()  # a reference, no value
        user = elasticache.CfnUser(
            self,
            "User",
            engine="valkey",
            user_id=stage.prefix,
            user_name=CACHE_USER,
            access_string=ACCESS,
            authentication_mode={"Type": "password", "Passwords": [password]},
        )
        return elasticache.CfnUserGroup(
            self,
            "Users",
            engine="valkey",
            user_group_id=stage.prefix,
            user_ids=[user.ref],
        )
