"""The key that encrypts what is stored: AWS's own, or one of ours where the stage says so."""

from __future__ import annotations

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.stages import Stage

# What the account's own policies may hand out; spelled out, because `kms:*` would be all there is.
# CloudFormation is among those who are handed it: without the actions on aliases there is no stack.
# https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
_ACCOUNT_ACTIONS = (
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateGrant",
    "Decrypt",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "ListGrants",
    "ListResourceTags",
    "PutKeyPolicy",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
)
_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey")
_LOGS_USE = (*_USE, "kms:ReEncryptFrom", "kms:ReEncryptTo")


class Encryption(Construct):
    """`key` is None where the keys that AWS manages do; they cost nothing."""

    def __init__(self, scope: Construct, id_: str, stage: Stage) -> None:
        super().__init__(scope, id_)
        self.key = self._own_key(stage) if stage.customer_key else None

    @property
    def use_statement(self) -> iam.PolicyStatement | None:
        """What a role needs to read and write what the key encrypts."""
        if self.key is None:
            return None
        return iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn]
        )

    def _own_key(self, stage: Stage) -> kms.IKey:
        key = kms.Key(
            self,
            "Key",
            alias=f"alias/{stage.prefix}",
            description=f"Data at rest of {stage.prefix}",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY,
            policy=iam.PolicyDocument(statements=self._statements()),
        )
        # By its ARN: the policy stays as it is written here, and roles say what they may do.
        return kms.Key.from_key_arn(self, "ByArn", key.key_arn)

    def _statements(self) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)
        own_logs = stack.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        return [
            iam.PolicyStatement(
                sid="AccountDecides",
                principals=[iam.AccountRootPrincipal()],
                actions=[f"kms:{action}" for action in _ACCOUNT_ACTIONS],
                resources=["*"],
            ),
            iam.PolicyStatement(
                sid="LogGroups",
                principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
                actions=list(_LOGS_USE),
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": own_logs}},
            ),
            iam.PolicyStatement(
                sid="AlarmsToTopic",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": stack.account}},
            ),
        ]
