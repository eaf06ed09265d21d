"""CPU from the start of the process to the first answer, under AWS's own runtime client."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.gateway import Gateway
from tests.benchmarks.processes import ROOT
from tests.benchmarks.requests_bench import BODY
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


def run(gateway: Gateway) -> None:
    """Print the median of ROUNDS, in turns, and the ratio to the bare function.

    The completion is a real one; keys and rules are in Redis, as they are for all but the first.
    """
    chat = {
        **HEALTH,
        "rawPath": "/v1/chat/completions",
        "headers": {"host": "x", "authorization": gateway.headers["Authorization"]},
        "requestContext": {
            "http": {"method": "POST", "path": "/v1/chat/completions", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": BODY.decode(),
    }
    functions = {
        "bare FastAPI + Mangum, GET /health": ("tests.benchmarks.bare.handler", HEALTH),
        "gateway, GET /health": ("controlplane.lambda_handler.handler", HEALTH),
        "gateway, POST /v1/chat/completions": ("controlplane.lambda_handler.handler", chat),
    }
    cpu: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, (handler, event) in functions.items():
            cpu[name].append(_first_answer(handler, event, gateway.function_env))
    base = statistics.median(cpu["bare FastAPI + Mangum, GET /health"])
    print("\n| function | CPU to the first answer, ms | ratio |")
    print("|---|---|---|")
    for name, seconds in cpu.items():
        median = statistics.median(seconds)
        print(f"| {name} | {median * 1000:.0f} | {median / base:.2f} x |")


def _first_answer(handler: str, event: Mapping[str, Any], env: Mapping[str, str]) -> float:
    path = f"{ROOT / 'src'}:{ROOT}"
    with (
        tempfile.NamedTemporaryFile() as log,
        running(handler, env, Path(log.name), python_path=path) as function,
    ):
        function.wait_ready()
        outcome = function.invoke(event)
        assert outcome.payload["statusCode"] == 200, outcome.payload
        return function.cpu_seconds()
