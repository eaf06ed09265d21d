"""The audit trail: a queue that loses nothing, a bucket that forgets nothing for seven years."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.components.nag import acknowledge
from infra.stages import Stage

# As many as SQS allows: a store that is down must not use them up. What can never be stored, the
# consumer moves itself; this is for a message that ends the process that reads it.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
TRIES = 1_000
DAYS_BEFORE_ARCHIVE = 90


class AuditTrail(Construct):
    """`queue`, its `dead_letters`, and `bucket`."""

    def __init__(self, scope: Construct, id_: str, stage: Stage, key: kms.IKey | None) -> None:
        super().__init__(scope, id_)
        self.dead_letters = self._queue(
            "DeadLetters", f"{stage.prefix}-audit-dead-letters", stage, key
        )
        self.queue = self._queue("Queue", f"{stage.prefix}-audit", stage, key, self.dead_letters)
        self.bucket = self._bucket(stage, key)

    def _queue(
        self,
        id_: str,
        name: str,
        stage: Stage,
        key: kms.IKey | None,
        dead_letters: sqs.Queue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            id_,
            queue_name=name,
            encryption=sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED,
            encryption_master_key=key,
            data_key_reuse=Duration.hours(1) if key else None,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            # For a process that has died; the consumer itself brings messages back much sooner.
            # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
            visibility_timeout=Duration.seconds(
                6 * stage.timeout_seconds + stage.audit_batch_window_seconds
            ),
            dead_letter_queue=(
                sqs.DeadLetterQueue(max_receive_count=TRIES, queue=dead_letters)
                if dead_letters
                else None
            ),
        )

    def _bucket(self, stage: Stage, key: kms.IKey | None) -> s3.Bucket:
        lifetime = Duration.days(round(stage.audit_years * 365.25))
        lock = s3.ObjectLockRetention
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=(
                lock.compliance(lifetime)
                if stage.object_lock == "COMPLIANCE"
                else lock.governance(lifetime)
            ),
            lifecycle_rules=[_lifecycle(lifetime)],
            # Below 128 KB a move costs more than seven years of staying.
            transition_default_minimum_object_size=(
                s3.TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K
            ),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if stage.retain_data
            else RemovalPolicy.DESTROY,
        )
        acknowledge(
            bucket,
            {
                "S1": "Only the function's role writes and reads here, under Object Lock; an "
                "account that must prove reads turns on CloudTrail data events for it."
            },
        )
        return bucket


def _lifecycle(lifetime: Duration) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="seven-years",
        transitions=[
            s3.Transition(
                storage_class=s3.StorageClass.DEEP_ARCHIVE,
                transition_after=Duration.days(DAYS_BEFORE_ARCHIVE),
            )
        ],
        expiration=Duration.days(lifetime.to_days() + 1),  # the lock ends first
        noncurrent_version_expiration=Duration.days(1),
        abort_incomplete_multipart_upload_after=Duration.days(7),
    )
