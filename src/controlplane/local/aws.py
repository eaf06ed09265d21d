"""What the function needs of AWS: queue, bucket and user pool, made in an emulation."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.config import Config

REGION = "us-east-1"
BUCKET = "llm-cp-audit-local"
ADMIN_EMAIL = "admin@example.com"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
_QUEUE_ATTRIBUTES = {"MessageRetentionPeriod": str(14 * 24 * 3600)}
_MAX_RECEIVE_COUNT = 1_000
# A record that failed is seen again soon, so that a developer need not wait for the retry.
_VISIBILITY_SECONDS = 30


class Aws:
    """The resources at `endpoint_url`. moto forgets them all when it stops."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self.queue_url = ""
        self.bucket = BUCKET
        self.user_pool_id = ""
        self.client_id = ""

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 and the AWS command line need to come here."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint_url}

    @property
    def cognito(self) -> dict[str, str]:
        """The settings of the user pool. Tokens name the real issuer; its keys are served here."""
        return {
            "COGNITO_USER_POOL_ID": self.user_pool_id,
            "COGNITO_CLIENT_IDS": self.client_id,
            "COGNITO_ISSUER": f"https://cognito-idp.{REGION}.amazonaws.com/{self.user_pool_id}",
            "COGNITO_JWKS_URL": f"{self.endpoint_url}/{self.user_pool_id}/.well-known/jwks.json",
        }

    def create_resources(self) -> None:
        """The audit queue with its dead-letter queue, the audit bucket, and the user pool.

        Those that are there already stay as they are.
        """
        self.queue_url = self._create_queues()
        self.client("s3").create_bucket(Bucket=self.bucket)
        self._create_user_pool()

    def create_admin(self, *, password: str, org_id: str) -> None:
        """A user who may sign in as administrator of an organisation."""
        cognito = self.client("cognito-idp")
        if cognito.list_users(UserPoolId=self.user_pool_id)["Users"]:
            return
        claims = {
            "email": ADMIN_EMAIL,
            "email_verified": "true",
            "custom:orgId": org_id,
            "custom:userRole": "admin",
        }
        cognito.admin_create_user(
            UserPoolId=self.user_pool_id,
            Username=ADMIN_EMAIL,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in claims.items()],
        )
        cognito.admin_set_user_password(
            UserPoolId=self.user_pool_id, Username=ADMIN_EMAIL, Password=password, Permanent=True
        )

    def client(self, service: str) -> Any:
        """A boto3 client that ignores what the shell or ~/.aws says."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}, connect_timeout=2, read_timeout=20),
        )

    def _create_queues(self) -> str:
        sqs = self.client("sqs")
        dead = sqs.create_queue(QueueName="llm-cp-audit-dlq", Attributes=_QUEUE_ATTRIBUTES)
        described = sqs.get_queue_attributes(QueueUrl=dead["QueueUrl"], AttributeNames=["QueueArn"])
        redrive = {
            "deadLetterTargetArn": described["Attributes"]["QueueArn"],
            "maxReceiveCount": _MAX_RECEIVE_COUNT,
        }
        attributes = {
            **_QUEUE_ATTRIBUTES,
            "VisibilityTimeout": str(_VISIBILITY_SECONDS),
            "RedrivePolicy": json.dumps(redrive),
        }
        queue = sqs.create_queue(QueueName="llm-cp-audit", Attributes=attributes)
        return str(queue["QueueUrl"])

    def _create_user_pool(self) -> None:
        cognito = self.client("cognito-idp")
        for pool in cognito.list_user_pools(MaxResults=1)["UserPools"]:
            self.user_pool_id = pool["Id"]
            clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=1)
            self.client_id = clients["UserPoolClients"][0]["ClientId"]
            return
        created = cognito.create_user_pool(
            PoolName="llm-cp",
            UsernameAttributes=["email"],
            Schema=[
                {"Name": name, "AttributeDataType": "String", "Mutable": True}
                for name in ("orgId", "appId", "userRole")
            ],
        )
        self.user_pool_id = created["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=self.user_pool_id,
            ClientName="console",
            GenerateSecret=False,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )
        self.client_id = client["UserPoolClient"]["ClientId"]
