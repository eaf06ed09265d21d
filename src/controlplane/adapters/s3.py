"""Objects in S3. boto3 waits in a thread, so the event loop does not."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from controlplane.errors import Unreachable


class ObjectStore:
    """One bucket; `client` is boto3's for S3 (`adapters.aws.client`)."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def put(
        self, key: str, body: bytes, content_type: str, content_encoding: str | None = None
    ) -> None:
        """Write an object; returns once it is durable. Raises Unreachable."""
        encoding = {"ContentEncoding": content_encoding} if content_encoding else {}
        try:
            await asyncio.to_thread(
                self._client.put_object,
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                **encoding,
            )
        except (BotoCoreError, ClientError) as error:
            raise Unreachable("s3") from error

    async def get(self, key: str) -> bytes | None:
        """The bytes as they were put (compressed ones stay so); None where there is no such object.

        Raises Unreachable.
        """
        try:
            return await asyncio.to_thread(self._read, key)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == "NoSuchKey":
                return None
            raise Unreachable("s3") from error
        except BotoCoreError as error:
            raise Unreachable("s3") from error

    def _read(self, key: str) -> bytes:
        response = self._client.get_object(Bucket=self._bucket, Key=key)
        body: bytes = response["Body"].read()
        return body


class PayloadBucket:
    """The gateway's PayloadStore: compressed JSON in the audit bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, body: bytes) -> None:
        """Write one document. Raises Unreachable."""
        await self._store.put(key, gzip.compress(body, mtime=0), "application/json", "gzip")
