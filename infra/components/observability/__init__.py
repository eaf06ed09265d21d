"""A dashboard, alarms that each have an entry in the runbook, and topics that mail."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.components.observability.alarms import aws, own
from infra.components.observability.dashboard import widgets
from infra.components.observability.metrics import Metrics, Monitored
from infra.stages import Stage


class MailTopic(Construct):
    """`topic`, which accepts TLS only and mails to the stage's addresses: alarms, or warnings about
    budgets."""

    def __init__(
        self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None, *, name: str
    ) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(
            self, "Topic", topic_name=f"{stage.prefix}-{name}", master_key=key, enforce_ssl=True
        )
        for address in stage.alarm_emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))


class AlarmTopic(MailTopic):
    """The topic that the stage's alarms may publish to."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None) -> None:
        super().__init__(scope, id_, stage, key, name="alarms")
        # The topic's default policy, which would let them, ends with the first statement of ours.
        # https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
        stack = Stack.of(self)
        alarms = stack.format_arn(
            service="cloudwatch",
            resource="alarm",
            resource_name=f"{stage.prefix}-*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfTheStage",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": alarms},
                },
            )
        )


class Observability(Construct):
    """The dashboard `llm-cp-{stage}` and the alarms `llm-cp-{stage}-...`, all to one topic.

    `stage.alarms` is "essential" (the ten that CloudWatch does not bill) or "all".
    `rollback_alarms` are those that stop a deployment.
    """

    def __init__(
        self, scope: Construct, id_: str, *, stage: Stage, parts: Monitored, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, id_)
        metrics = Metrics(stage, parts)
        action = actions.SnsAction(topic)
        alarms: list[cloudwatch.IAlarm] = []
        self.rollback_alarms: list[cloudwatch.IAlarm] = []
        for row in (*aws.rows(metrics, parts, stage), *own.rows(metrics, stage)):
            if row.essential or stage.alarms == "all":
                alarm = row.create(self, stage, action)
                alarms.append(alarm)
                if row.rolls_back:
                    self.rollback_alarms.append(alarm)
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=stage.prefix)
        for line in widgets(metrics, parts, alarms):
            dashboard.add_widgets(*line)
