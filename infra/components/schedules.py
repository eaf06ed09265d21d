"""EventBridge: the maintenance events, to the alias."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.stages import Stage

# They touch Redis, SQS and S3 only, unless something is wrong: Aurora sleeps on.
EVERYWHERE = {
    "audit-recover": Duration.minutes(5),
    "hold-sweep": Duration.minutes(5),
    "ledger-restore": Duration.minutes(1),
}
WHERE_AURORA_IS_AWAKE = {"ledger-reconcile": Duration.hours(1)}


class Schedules(Construct):
    """One rule for each maintenance event. A run that fails is not repeated: the next one comes."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, alias: lambda_.IFunction) -> None:
        super().__init__(scope, id_)
        schedules = EVERYWHERE | (WHERE_AURORA_IS_AWAKE if stage.reconcile_ledger else {})
        for name, interval in schedules.items():
            events.Rule(
                self,
                "".join(word.capitalize() for word in name.split("-")),
                rule_name=f"{stage.prefix}-{name}",
                schedule=events.Schedule.rate(interval),
                targets=[
                    targets.LambdaFunction(
                        alias,
                        event=events.RuleTargetInput.from_object({"type": name}),
                        retry_attempts=0,
                        max_event_age=Duration.minutes(1),
                    )
                ],
            )
