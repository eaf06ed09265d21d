"""A load of a fixed size over a fixed number of connections, to this machine only."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field


@dataclass
class Result:
    """Milliseconds: `latencies` as the client sees them, `overheads` as the gateway says."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    overheads: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)


async def load(port: int, request: bytes, *, number: int, connections: int) -> Result:
    """Send `request` `number` times; each connection waits for an answer before the next one."""
    result = Result()
    left = iter(range(number))
    started = time.perf_counter()
    await asyncio.gather(*(_connection(port, request, left, result) for _ in range(connections)))
    result.seconds = time.perf_counter() - started
    return result


async def _connection(port: int, request: bytes, left: object, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in left:  # type: ignore[attr-defined]
        started = time.perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(_header(head, b"content-length:") or 0))
        result.latencies.append((time.perf_counter() - started) * 1000)
        if overhead := _header(head, b"x-llm-cp-overhead-ms:"):
            result.overheads.append(float(overhead))
        status = int(head[9:12])
        result.statuses[status] = result.statuses.get(status, 0) + 1
    writer.close()


def _header(head: bytes, name: bytes) -> bytes:
    at = head.find(name)
    return head[at + len(name) :].split(b"\r\n", 1)[0].strip() if at >= 0 else b""


def http_request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """An HTTP/1.1 request as bytes."""
    method = "POST" if body else "GET"
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
