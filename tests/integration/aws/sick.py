"""An AWS that is sick in the way that a test asks for: SQS and S3 on one port, real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

JSON = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


@dataclass
class SickAws:
    """`sqs` and `s3` say how each answers; what arrived is noted."""

    sqs: str = "well"
    s3: str = "well"
    port: int = 0
    batches: list[list[str]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    heads: list[bytes] = field(default_factory=list)
    requests: dict[str, int] = field(default_factory=lambda: {"sqs": 0, "s3": 0})
    connections: int = 0
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    await writer.drain()
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if b"100-continue" in head.lower():
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(length)
        self.heads.append(head)
        service = "sqs" if b"amazonsqs." in head.lower() else "s3"
        self.requests[service] += 1
        way = getattr(self, service)
        if way == "well":
            writer.write(self._well(service, head, body))
            return True
        if way == "stale":  # it closed while the caller was frozen: seen only as the caller writes
            setattr(self, service, "well")
            writer.transport.abort()
            return False
        return await _SICK[way](writer)

    def _well(self, service: str, head: bytes, body: bytes) -> bytes:
        if service == "s3":
            self.objects[head.split(b" ", 2)[1].decode()] = body
            return b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
        asked = json.loads(body)
        entries = asked.get("Entries", ())
        self.batches.append([entry["MessageBody"] for entry in entries])
        taken = [{"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""} for entry in entries]
        reply = json.dumps({"Successful": taken, "Attributes": {"QueueArn": "arn"}}).encode()
        return JSON % (b"200 OK", len(reply), reply)


async def _frozen(_: asyncio.StreamWriter) -> bool:
    await asyncio.sleep(3_600)
    return False


async def _half(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    return await _frozen(writer)


async def _dripping(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _resetting(writer: asyncio.StreamWriter) -> bool:
    writer.transport.abort()
    return False


async def _failing(writer: asyncio.StreamWriter) -> bool:
    writer.write(JSON % (b"500 Oh", 2, b"{}"))
    return True


async def _throttling(writer: asyncio.StreamWriter) -> bool:
    body = b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'
    writer.write(JSON % (b"400 Bad Request", len(body), body))
    return True


async def _slow_down(writer: asyncio.StreamWriter) -> bool:
    writer.write(JSON % (b"503 Slow Down", 2, b"{}"))
    return True


async def _refusing(writer: asyncio.StreamWriter) -> bool:
    body = b'{"__type":"com.amazonaws.sqs#AccessDenied"}'
    writer.write(JSON % (b"403 Forbidden", len(body), body))
    return True


async def _garbage(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"\x16\x03\x01 what is this\r\n\r\n" * 3)
    return False


async def _no_json(writer: asyncio.StreamWriter) -> bool:
    writer.write(JSON % (b"204 Nothing", 0, b""))
    return True


async def _long_head(writer: asyncio.StreamWriter) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\ncontent-length: 0\r\n\r\n")
    return False


_SICK = {
    "frozen": _frozen,
    "half": _half,
    "dripping": _dripping,
    "resetting": _resetting,
    "failing": _failing,
    "throttling": _throttling,
    "slow down": _slow_down,
    "refusing": _refusing,
    "garbage": _garbage,
    "no json": _no_json,
    "long head": _long_head,
}
WAYS = tuple(_SICK)
# Those that leave their callers waiting.
HANGING = ("frozen", "half", "dripping")


@asynccontextmanager
async def sick_aws(sqs: str = "well", s3: str = "well") -> AsyncIterator[SickAws]:
    """One of them, listening."""
    aws = SickAws(sqs, s3)
    server = await asyncio.start_server(aws.serve, "127.0.0.1", 0)
    aws.port = server.sockets[0].getsockname()[1]
    try:
        yield aws
    finally:
        server.close()
        for task in list(aws._open):
            task.cancel()
