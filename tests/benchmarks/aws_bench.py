"""AWS on the request path: CPU per audit event and to the first one, ours next to boto3's.

`python -m tests.benchmarks aws`. Both send the same batches, one after another, to the same canned
queue, in turns: the ratio is what counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from controlplane.adapters import aws
from controlplane.config import Settings
from controlplane.wiring import Container
from tests.audit_events import audit_event
from tests.benchmarks.processes import ROOT, free_port, python

ROUNDS, CALLS = 5, 400
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
Send = Callable[[Sequence[str]], Awaitable[Any]]


def run() -> None:
    """Print one row per way and size of batch, and what the first event costs a process."""
    os.environ |= CREDENTIALS
    port = free_port()
    with python("-m", "tests.benchmarks.canned", str(port)):
        print("\n| way | events a call | CPU ms/call | ratio |")
        print("|---|---:|---:|---:|")
        for size in (1, 10):
            asyncio.run(_calls(port, size))
        print("\n| first event of a process | CPU ms | ratio |")
        print("|---|---:|---:|")
        _first(port)


def _settings(port: int, *, long_lived: bool = False) -> Settings:
    url = f"http://127.0.0.1:{port}"
    return Settings(
        stage="local",
        region="us-east-1",
        redis_url="redis://127.0.0.1:9",
        audit_queue_url=f"{url}/000000000000/audit",
        audit_bucket="audit",
        aws_endpoint_url=url,
        long_lived=long_lived,
    )


async def _calls(port: int, size: int) -> None:
    boto3 = aws.client("sqs", _settings(port))
    queues = [Container(_settings(port, long_lived=each)) for each in (False, True)]

    async def by_boto3(bodies: Sequence[str]) -> None:
        entries = [{"Id": str(index), "MessageBody": body} for index, body in enumerate(bodies)]
        url = _settings(port).audit_queue_url
        await asyncio.to_thread(boto3.send_message_batch, QueueUrl=url, Entries=entries)

    def ours(container: Container) -> Send:
        return lambda bodies: container.sqs_queue.send(bodies, seconds=10)

    ways = {
        "boto3 in a thread": by_boto3,
        "ours, function": ours(queues[0]),
        "ours, long-lived server": ours(queues[1]),
    }
    bodies = [audit_event().to_json() for _ in range(size)]
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, send in ways.items():
            await send(bodies)
            before = time.process_time()
            for _ in range(CALLS):
                await send(bodies)
            spent[name].append((time.process_time() - before) * 1000 / CALLS)
    for queue in queues:
        await queue.aws_connections.close()
    base = statistics.median(spent["boto3 in a thread"])
    for name, milliseconds in spent.items():
        median = statistics.median(milliseconds)
        print(f"| {name} | {size} | {median:.2f} | {median / base:.2f} x |")


BY_BOTO3 = """
from controlplane.adapters import aws
client = aws.client("sqs", settings)
client.send_message_batch(
    QueueUrl=settings.audit_queue_url, Entries=[{"Id": "0", "MessageBody": "x"}])
"""
OURS = """
asyncio.run(container.sqs_queue.send(["x"], seconds=10))
"""
# What a function has loaded for its provider by then.
BEFORE = """
import asyncio, json, sys, time, httpx, controlplane.wiring
from controlplane.config import Settings
settings = Settings(**json.loads(sys.argv[1]))
container = controlplane.wiring.Container(settings)
container.tls
before = time.process_time()
"""
AFTER = "\nprint(time.process_time() - before)"


def _first(port: int) -> None:
    settings = _settings(port)
    given = json.dumps(
        {
            name: getattr(settings, name)
            for name in ("stage", "region", "redis_url", "audit_queue_url", "audit_bucket")
        }
        | {"aws_endpoint_url": settings.aws_endpoint_url}
    )
    ways = {"boto3": BY_BOTO3, "ours": OURS}
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, script in ways.items():
            done = subprocess.run(
                [sys.executable, "-c", BEFORE + script + AFTER, given],
                env={**CREDENTIALS, "PYTHONPATH": f"{ROOT / 'src'}"},
                capture_output=True,
                text=True,
                check=True,
            )
            spent[name].append(float(done.stdout) * 1000)
    base = statistics.median(spent["boto3"])
    for name, milliseconds in spent.items():
        median = statistics.median(milliseconds)
        print(f"| {name} | {median:.0f} | {median / base:.2f} x |")
