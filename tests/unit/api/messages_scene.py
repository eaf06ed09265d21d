"""A gateway in front of one server that speaks Messages."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
from tests.unit.gateway.parts import Sink, gateway
from tests.unit.providers.cases import Upstream
from tests.wire_types.anthropic_types import ERROR

from controlplane.domain.routing import Target
from controlplane.gateway.pipeline import Gateway
from controlplane.gateway.ports import Provider

CLAUDE = Target("anthropic", "claude-served")
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hello there"}],
}
USAGE = {"input_tokens": 12, "output_tokens": 7, "cache_read_input_tokens": 100}
ANSWER = orjson.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served-1",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    },
    option=orjson.OPT_INDENT_2,
)
REFUSAL = (
    b'{"type":"error", "error": {"type":"invalid_request_error","message":"prompt is too long: '
    b'213462 tokens > 200000 maximum"}, "request_id":"req_of_theirs"}'
)


def over(upstream: Upstream, **parts: Any) -> tuple[Gateway, Sink]:
    """A gateway whose one route leads to the upstream."""
    providers: dict[str, Provider] = {"anthropic": upstream.provider}
    return gateway(providers, targets=(CLAUDE,), **parts)


def anthropic(body: bytes = ANSWER, status: int = 200, **headers: str) -> Upstream:
    """An upstream that answers so; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Upstream("anthropic", body, status, (), **named)


def error_of(response: httpx.Response, kind: str) -> dict[str, Any]:
    """The error in Anthropic's shape; `code` and `param` are ours and stand beside."""
    body = response.json()
    assert body["request_id"] == response.headers["request-id"] == response.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    plain = {**body, "error": {n: v for n, v in error.items() if n in ("type", "message")}}
    assert ERROR.faults(plain) == []
    assert error["type"] == kind
    return error
