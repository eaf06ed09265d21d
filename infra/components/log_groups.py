"""Log groups made here, so that none lives for ever."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stages import Stage


class LogGroups(Construct):
    """Makes log groups with the stage's retention and key."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._retention = logs.RetentionDays[_RETENTION[stage.log_days]]

    def add(self, id_: str, name: str) -> logs.LogGroup:
        """A log group called `name`."""
        return logs.LogGroup(
            self,
            id_,
            log_group_name=name,
            retention=self._retention,
            encryption_key=self._key,
            removal_policy=RemovalPolicy.DESTROY,
        )


_RETENTION = {7: "ONE_WEEK", 30: "ONE_MONTH", 90: "THREE_MONTHS", 365: "ONE_YEAR"}
