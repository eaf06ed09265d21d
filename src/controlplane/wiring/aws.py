"""AWS, as the request path and the stores call it. Everything is made when first used."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import TYPE_CHECKING

from controlplane.config import Settings

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from controlplane.adapters.aws_http.connections import Connections
    from controlplane.adapters.aws_http.credentials import CurrentCredentials
    from controlplane.adapters.aws_http.service import AwsService
    from controlplane.adapters.s3 import ObjectStore
    from controlplane.adapters.sqs import SqsQueue

# Twice within the time that the transaction around the archive has.
PATIENT_SECONDS = 8.0


class AwsParts:
    """SQS and S3. Making it opens nothing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def aws_connections(self) -> Connections:
        """Connections to all services."""
        from controlplane.adapters.aws_http.connections import Connections, for_a_function

        if self.settings.long_lived:
            from controlplane.adapters.aws_http.long_lived import for_a_server

            return Connections(for_a_server(self.tls))
        return Connections(for_a_function(self.tls))

    @cached_property
    def aws_credentials(self) -> CurrentCredentials:
        """What requests are signed with."""
        from controlplane.adapters.aws_http.credentials import CurrentCredentials

        return CurrentCredentials(_found_by_botocore)

    @cached_property
    def sqs_queue(self) -> SqsQueue:
        """The audit queue, from the sender's side."""
        from controlplane.adapters.sqs import SqsQueue

        sqs = self._service("sqs", f"sqs.{self._domain}")
        return SqsQueue(sqs, self.settings.audit_queue_url)

    @cached_property
    def object_store(self) -> ObjectStore:
        """The audit bucket, for work in the background."""
        return self._store(PATIENT_SECONDS)

    @cached_property
    def quick_store(self) -> ObjectStore:
        """The same bucket, for what a caller waits for."""
        return self._store(self.settings.audit_timeout_ms / 1000)

    def _store(self, seconds: float) -> ObjectStore:
        from controlplane.adapters.s3 import ObjectStore

        bucket, host = self.settings.audit_bucket, f"s3.{self._domain}"
        # A certificate of S3 is for names of one label before its own.
        in_path = self.settings.aws_endpoint_url is not None or "." in bucket
        s3 = self._service("s3", host if in_path else f"{bucket}.{host}")
        return ObjectStore(s3, bucket, seconds=seconds, in_path=in_path)

    def _service(self, name: str, host: str) -> AwsService:
        from controlplane.adapters.aws_http.service import AwsService

        settings = self.settings
        return AwsService(
            name,
            (settings.aws_endpoint_url or f"https://{host}").rstrip("/"),
            region=settings.region,
            credentials=self.aws_credentials,
            connections=self.aws_connections,
        )

    @property
    def _domain(self) -> str:
        region = self.settings.region
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"{region}.{suffix}"

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """For every connection of this process: its certificates take 25 ms to read."""
        import httpx

        return httpx.create_ssl_context()


def _found_by_botocore() -> Credentials:
    from botocore.exceptions import NoCredentialsError
    from botocore.session import Session

    found = Session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found
