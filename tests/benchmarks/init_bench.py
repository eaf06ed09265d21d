"""CPU from the start of the process to the first answer, under AWS's own runtime client."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import ROOT
from tests.runtime_api import running

ROUNDS = 5
HEALTH: Mapping[str, Any] = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": "/health",
    "rawQueryString": "",
    "headers": {"host": "x"},
    "requestContext": {
        "http": {"method": "GET", "path": "/health", "sourceIp": "127.0.0.1"},
        "stage": "$default",
    },
    "isBase64Encoded": False,
}
SETTINGS = {
    "DATABASE_URL": "postgresql://u@127.0.0.1:1/d",
    "REDIS_URL": "redis://127.0.0.1:1",
    "AUDIT_QUEUE_URL": "http://127.0.0.1:1/q",
    "AUDIT_BUCKET": "b",
    "LLM_CP_KEY_PEPPER": "p",
    "OPENAI_API_KEY": "x",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
}
# Answered with 503 by a function whose stores are away: every part of the path is loaded by then.
CHAT = {
    **HEALTH,
    "rawPath": "/v1/chat/completions",
    "headers": {"host": "x", "authorization": "Bearer sk-cp-x"},
    "requestContext": {
        "http": {"method": "POST", "path": "/v1/chat/completions", "sourceIp": "127.0.0.1"},
        "stage": "$default",
    },
    "body": '{"model": "m", "messages": [{"role": "user", "content": "hello"}]}',
}


def run() -> None:
    """Print the median of ROUNDS, in turns, and the ratio to the bare function."""
    functions = {
        "bare FastAPI + Mangum, GET /health": ("tests.benchmarks.bare.handler", HEALTH),
        "gateway, GET /health": ("controlplane.lambda_handler.handler", HEALTH),
        "gateway, POST /v1/chat/completions": ("controlplane.lambda_handler.handler", CHAT),
    }
    cpu: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, (handler, event) in functions.items():
            cpu[name].append(_first_answer(handler, event))
    base = statistics.median(cpu["bare FastAPI + Mangum, GET /health"])
    print("\n| function | CPU to the first answer, ms | ratio |")
    print("|---|---|---|")
    for name, seconds in cpu.items():
        median = statistics.median(seconds)
        print(f"| {name} | {median * 1000:.0f} | {median / base:.2f} x |")


def _first_answer(handler: str, event: Mapping[str, Any]) -> float:
    path = f"{ROOT / 'src'}:{ROOT}"
    with tempfile.NamedTemporaryFile() as log, running(
        handler, SETTINGS, Path(log.name), python_path=path
    ) as function:
        function.wait_ready()
        outcome = function.invoke(event)
        assert not outcome.error, outcome.payload
        return function.cpu_seconds()
