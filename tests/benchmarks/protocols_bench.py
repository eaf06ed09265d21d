"""CPU of the native Messages and Responses beside chat completions: per request and per event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.canned_answers import CHUNKS
from tests.benchmarks.gateway import Gateway
from tests.benchmarks.load import http_request, load
from tests.benchmarks.processes import cpu_seconds
from tests.benchmarks.stream_bench import load_streams

ROUNDS, REQUESTS, STREAMS, CONNECTIONS = 7, 600, 12, 4
TURN = {"role": "user", "content": "Tell me, in plain words, what a sliding window costs. " * 4}


@dataclass(frozen=True)
class Call:
    """The same question in one protocol; `end` is what closes its stream."""

    path: str
    body: Mapping[str, Any]
    end: bytes

    def request(self, headers: Mapping[str, str], **more: Any) -> bytes:
        """As an HTTP request, written as OpenAI's and Anthropic's packages write JSON."""
        body = json.dumps({**self.body, **more}, separators=(",", ":"))
        return http_request(self.path, body.encode(), dict(headers))


CALLS = {
    "chat completions": Call(
        "/v1/chat/completions",
        {"model": "gpt-4o-mini", "max_completion_tokens": 256, "messages": [TURN]},
        b"[DONE]",
    ),
    "messages": Call(
        "/v1/messages",
        {"model": "claude-sonnet-4-5", "max_tokens": 256, "messages": [TURN]},
        b"message_stop",
    ),
    "responses": Call(
        "/v1/responses",
        {"model": "gpt-4o-mini", "max_output_tokens": 256, "input": [TURN], "store": False},
        b"response.completed",
    ),
}


def run(gateway: Gateway) -> None:
    """Print the least of ROUNDS, which take turns, and the ratio to chat completions."""
    print(
        f"\nThe least of {ROUNDS} rounds: {REQUESTS} requests, {STREAMS} streams of {CHUNKS} "
        f"events, {CONNECTIONS} at a time\n"
    )
    requests = _least(lambda call: _per_request(gateway, call))
    events = _least(lambda call: _per_event(gateway, call))
    print("| protocol | CPU ms/request | ratio | CPU us/event | ratio |")
    print("|---|---|---|---|---|")
    chat = "chat completions"
    for name in CALLS:
        print(
            f"| {name} | {requests[name] * 1e3:.2f} | {requests[name] / requests[chat]:.2f} x "
            f"| {events[name] * 1e6:.0f} | {events[name] / events[chat]:.2f} x |"
        )


def _least(measured: Callable[[Call], float]) -> dict[str, float]:
    """The first round warms up."""
    rounds = [{name: measured(call) for name, call in CALLS.items()} for _ in range(ROUNDS + 1)]
    return {name: min(each[name] for each in rounds[1:]) for name in CALLS}


def _per_request(gateway: Gateway, call: Call) -> float:
    request = call.request(gateway.headers)
    before = cpu_seconds(gateway.pid)
    result = asyncio.run(load(gateway.port, request, number=REQUESTS, connections=CONNECTIONS))
    assert result.statuses == {200: REQUESTS}, result.statuses
    return (cpu_seconds(gateway.pid) - before) / REQUESTS


def _per_event(gateway: Gateway, call: Call) -> float:
    request = call.request(gateway.headers, stream=True)
    before = cpu_seconds(gateway.pid)
    asyncio.run(load_streams(gateway.port, request, STREAMS, call.end))
    return (cpu_seconds(gateway.pid) - before) / STREAMS / CHUNKS
