"""Streams: CPU per chunk and the time to the first byte that the gateway adds, per provider."""

from __future__ import annotations

import asyncio
import json
import statistics
import time

from tests.benchmarks.canned_answers import CHUNKS, GAP_SECONDS, WORD
from tests.benchmarks.gateway import ROUTES, Gateway
from tests.benchmarks.load import http_request
from tests.benchmarks.processes import cpu_seconds, free_port, python

STREAMS, WARM_UP, CONNECTIONS = 40, 8, 4


def run(gateway: Gateway) -> None:
    """Print one row per server; the first byte is compared with the upstream's own."""
    print(
        f"\n{STREAMS} streams of {CHUNKS} chunks, {GAP_SECONDS * 1000:g} ms apart, "
        f"{CONNECTIONS} at a time\n"
    )
    print("| server | CPU us/chunk | CPU ms/stream | added to the first byte, p50 ms | p99 ms |")
    print("|---|---|---|---|---|")
    direct = asyncio.run(load_streams(gateway.upstream_port, _request("x", {}), STREAMS))
    port = free_port()
    with python("-m", "tests.benchmarks.passthrough", str(gateway.upstream_port), str(port)) as pid:
        _measure("bare passthrough", pid, port, _request("x", {}), direct)
    for alias, provider, _ in ROUTES:
        request = _request(alias, gateway.headers)
        _measure(f"gateway, {provider}", gateway.pid, gateway.port, request, direct)


def _measure(name: str, pid: int, port: int, request: bytes, direct: list[float]) -> None:
    asyncio.run(load_streams(port, request, WARM_UP))
    before = cpu_seconds(pid)
    first_bytes = asyncio.run(load_streams(port, request, STREAMS))
    cpu = cpu_seconds(pid) - before
    median, slowest = (
        (_quantile(first_bytes, at) - _quantile(direct, at)) * 1000 for at in (50, 99)
    )
    print(
        f"| {name} | {cpu * 1e6 / STREAMS / CHUNKS:.0f} | {cpu * 1e3 / STREAMS:.1f} "
        f"| {median:.2f} | {slowest:.2f} |"
    )


def _quantile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _request(model: str, headers: dict[str, str]) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": "Tell me."}], "stream": True}
    return http_request(
        "/v1/chat/completions", json.dumps(body, separators=(",", ":")).encode(), headers
    )


async def load_streams(
    port: int, request: bytes, number: int, end: bytes = b"[DONE]"
) -> list[float]:
    """The time to the first byte of each stream, in seconds; every stream is whole, with `end` in
    it."""
    left = iter(range(number))
    seconds: list[float] = []

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            started = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            body = await reader.read(65_536)
            seconds.append(time.perf_counter() - started)
            while not body.endswith(b"\r\n0\r\n\r\n"):
                body += await reader.read(65_536)
            assert body.count(b'"%b"' % WORD.encode()) == CHUNKS
            assert end in body
        writer.close()

    await asyncio.gather(*(connection() for _ in range(CONNECTIONS)))
    return seconds
