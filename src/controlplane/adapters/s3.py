"""Objects in S3."""

from __future__ import annotations

import asyncio
import base64
import gzip
import re
import zlib
from collections.abc import Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from controlplane.adapters.aws_http import AwsAnswer, AwsRefusal
from controlplane.errors import Unreachable

if TYPE_CHECKING:
    from controlplane.adapters.aws_http.service import AwsService

# Below, compressing takes less than a millisecond.
LARGE_BYTES = 64 * 1024
# Of what a function has left: the record follows, by two ways if need be.
SHARE = 1 / 3
OK, NO_CONTENT, NOT_FOUND = 200, 204, 404
_KEY = re.compile("<Key>([^<]*)</Key>")


class ObjectStore:
    """One bucket. Every method raises Unreachable, after `seconds` at most."""

    def __init__(
        self, s3: AwsService, bucket: str, *, seconds: float, in_path: bool = False
    ) -> None:
        self._s3 = s3
        self._seconds = seconds
        # Of the address of an own endpoint, the bucket is a part of the path.
        self._folder = f"/{bucket}/" if in_path else "/"

    async def put(
        self,
        key: str,
        body: bytes,
        content_type: str,
        content_encoding: str | None = None,
        *,
        share: float = 1.0,
    ) -> None:
        """Write an object; returns once it is durable. Takes no more than `share` of what the
        function has left."""
        headers = {
            "Content-Type": content_type,
            # S3 keeps nothing else; Object Lock insists on a checksum.
            "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(body).to_bytes(4)).decode(),
        }
        if content_encoding:
            headers["Content-Encoding"] = content_encoding
        answer = await self._call("PUT", self._path(key), headers, body, share)
        if answer.status != OK:
            raise _refusal(answer)

    async def get(self, key: str) -> bytes | None:
        """The bytes as they were put (compressed ones stay so); None where there is no such
        object."""
        answer = await self._call("GET", self._path(key))
        if answer.status == NOT_FOUND and b"<Code>NoSuchKey</Code>" in answer.body:
            return None
        if answer.status != OK:
            raise _refusal(answer)
        return answer.body

    async def keys(self, folder: str, limit: int) -> Sequence[str]:
        """The first keys that begin with `folder`, at most `limit` (S3 gives 1,000)."""
        # In the order that the signature wants.
        query = urlencode({"list-type": "2", "max-keys": limit, "prefix": folder}, quote_via=quote)
        answer = await self._call("GET", f"{self._folder}?{query}")
        if answer.status != OK:
            raise _refusal(answer)
        return [unescape(key) for key in _KEY.findall(answer.body.decode())]

    async def delete(self, key: str) -> None:
        """Remove an object; in a bucket with versions, the versions stay."""
        answer = await self._call("DELETE", self._path(key))
        if answer.status not in {OK, NO_CONTENT}:
            raise _refusal(answer)

    def _path(self, key: str) -> str:
        return self._folder + quote(key, safe="/~")

    async def _call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        share: float = 1.0,
    ) -> AwsAnswer:
        return await self._s3.call(
            method, path, headers=headers or {}, body=body, seconds=self._seconds, share=share
        )


class PayloadBucket:
    """The gateway's PayloadStore: compressed JSON in the audit bucket."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def put(self, key: str, body: bytes) -> None:
        """Write one document. Raises Unreachable."""
        if len(body) > LARGE_BYTES:
            compressed = await asyncio.to_thread(_compressed, body)
        else:
            compressed = _compressed(body)
        await self._store.put(key, compressed, "application/json", "gzip", share=SHARE)


def _compressed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _refusal(answer: AwsAnswer) -> Unreachable:
    error = Unreachable("s3")
    error.__cause__ = AwsRefusal(f"status {answer.status}")
    return error
