"""Where alarms go."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.stages import Stage


class AlarmTopic(Construct):
    """`topic`, which takes and gives over TLS only, and mails to the stage's addresses."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(
            self, "Topic", topic_name=f"{stage.prefix}-alarms", master_key=key, enforce_ssl=True
        )
        for address in stage.alarm_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
