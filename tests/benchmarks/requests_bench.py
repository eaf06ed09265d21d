"""CPU per request and the gateway's own overhead, through the dev server with a canned upstream."""

from __future__ import annotations

import asyncio
import json
import statistics

from tests.benchmarks.gateway import Gateway
from tests.benchmarks.load import Result, http_request, load
from tests.benchmarks.processes import cpu_seconds, free_port, python

NUMBER, WARM_UP = 3_000, 500
PROMPT = "Tell me, in plain words, how a sliding window limit works and what it costs. " * 12
BODY = json.dumps(
    {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": PROMPT}]}
).encode()


def run(gateway: Gateway) -> None:
    """Print one row per server and concurrency."""
    print(f"{NUMBER:,} requests each, a prompt of {len(PROMPT):,} characters\n")
    print("| server | connections | CPU ms/request | requests/s | overhead p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|")
    request = http_request("/v1/chat/completions", BODY, gateway.headers)
    bare = free_port()
    with python("-m", "tests.benchmarks.bare", str(bare)) as bare_pid:
        for connections in (1, 16):
            base = _measure("bare FastAPI", bare_pid, bare, request, connections)
            ours = _measure("gateway", gateway.pid, gateway.port, request, connections)
            print(f"| ratio | {connections} | {ours / base:.1f} x | | | |")


def _measure(name: str, pid: int, port: int, request: bytes, connections: int) -> float:
    asyncio.run(load(port, request, number=WARM_UP, connections=connections))
    before = cpu_seconds(pid)
    result = asyncio.run(load(port, request, number=NUMBER, connections=connections))
    milliseconds = (cpu_seconds(pid) - before) * 1000 / NUMBER
    assert result.statuses == {200: NUMBER}, result.statuses
    print(
        f"| {name} | {connections} | {milliseconds:.2f} | {NUMBER / result.seconds:,.0f} "
        f"| {_quantiles(result)} |"
    )
    return milliseconds


def _quantiles(result: Result) -> str:
    if not result.overheads:
        return "- | -"
    cuts = statistics.quantiles(result.overheads, n=100)
    return f"{cuts[49]:.2f} | {cuts[98]:.2f}"
