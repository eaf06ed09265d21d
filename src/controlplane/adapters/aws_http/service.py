"""One AWS service: signed calls that end in time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from controlplane.adapters.aws_http import AwsAnswer, AwsRefusal
from controlplane.adapters.aws_http.connections import Connections
from controlplane.adapters.aws_http.credentials import CurrentCredentials
from controlplane.adapters.breaker import Breaker
from controlplane.domain.time_left import seconds_left
from controlplane.errors import Unreachable

FAILURES_TO_OPEN = 3
FIRST_OPEN_SECONDS = 2.0
MOST_OPEN_SECONDS = 8.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
BAD_REQUEST = 400
THROTTLED = 429
SERVER_ERROR = 500
# Kept back of the function's time: for the log, and to return.
LAST_SECONDS = 0.25
PAUSE_SECONDS = 0.1
_CHECKSUM = "x-amz-checksum-crc32"
# With TLS and a checksum, S3 needs no second hash over the body.
_S3_CONTEXT = {
    "has_streaming_input": True,
    "checksum": {"request_algorithm": {"in": "header", "name": _CHECKSUM}},
}


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class AwsService:
    """`name` is that of the signature (`sqs`, `s3`), `url` where it listens, without a slash at its
    end.

    A call is tried twice at most, the second time over a new connection: after a fault of the
    first one at once, and soon after a refusal that may pass.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        region: str,
        credentials: CurrentCredentials,
        connections: Connections,
    ) -> None:
        self._name = name
        self._url = url
        self._region = region
        self._credentials = credentials
        self._connections = connections
        self._breaker = Breaker(FAILURES_TO_OPEN, FIRST_OPEN_SECONDS, MOST_OPEN_SECONDS)

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        seconds: float,
        share: float = 1.0,
    ) -> AwsAnswer:
        """The answer, whatever its status below 500.

        Takes `seconds` at most, and no more than `share` of what the function has left. Raises
        Unreachable.
        """
        left = seconds_left()
        if left is not None:
            seconds = min(seconds, share * (left - LAST_SECONDS))
        if seconds <= 0:
            raise Unreachable(self._name)
        asked = _Asked(method, path, headers, body)
        with self._breaker.attempt(self._name, seconds) as granted:
            async with asyncio.timeout(granted):
                return await self._try_twice(asked, granted / 2)

    async def _try_twice(self, asked: _Asked, patience: float) -> AwsAnswer:
        try:
            answer = await self._try(self._connections.kept, asked, patience)
        except httpx.TransportError:
            pass
        else:
            if not _may_pass(answer):
                return answer
            await asyncio.sleep(PAUSE_SECONDS)
        try:
            answer = await self._try(self._connections.fresh, asked, patience)
        except httpx.TimeoutException as error:
            raise TimeoutError from error
        except httpx.TransportError as error:
            raise Unreachable(self._name) from error
        if _may_pass(answer):
            raise Unreachable(self._name) from AwsRefusal(f"status {answer.status}")
        return answer

    async def _try(
        self, transport: httpx.AsyncBaseTransport, asked: _Asked, patience: float
    ) -> AwsAnswer:
        """`patience` is how long each step may stand still."""
        request = httpx.Request(
            asked.method,
            self._url + asked.path,
            headers=await self._signed(asked),
            content=asked.body,
            extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), patience)},
        )
        response = await transport.handle_async_request(request)
        try:
            return AwsAnswer(response.status_code, await _read(response))
        finally:
            await response.aclose()

    async def _signed(self, asked: _Asked) -> dict[str, str]:
        try:
            credentials = await self._credentials.get()
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(self._name) from error
        url = self._url + asked.path
        request = AWSRequest(asked.method, url, headers=dict(asked.headers), data=asked.body)
        if self._name == "s3":
            if _CHECKSUM in asked.headers:
                request.context.update(_S3_CONTEXT)
            S3SigV4Auth(credentials, self._name, self._region).add_auth(request)
        else:
            SigV4Auth(credentials, self._name, self._region).add_auth(request)
        return dict(request.headers.items())


def _may_pass(answer: AwsAnswer) -> bool:
    if answer.status == BAD_REQUEST:  # SQS says so of its own limits, and of those of KMS
        return b"hrottl" in answer.body[:1024]
    return answer.status >= SERVER_ERROR or answer.status == THROTTLED


async def _read(response: httpx.Response) -> bytes:
    pieces, size = [], 0
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in response.stream:  # as it came: S3 keeps bodies that are compressed
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise httpx.ReadError("too long")
        pieces.append(piece)
    return b"".join(pieces)
