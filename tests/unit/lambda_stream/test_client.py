"""Which events are answered in streaming form."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.lambda_stream.client import is_streaming
from controlplane.streaming_routes import STREAMING_ROUTES


def rest(**changes: Any) -> dict[str, Any]:
    return {
        "resource": "/v1/chat/completions",
        "path": "/v1/chat/completions",
        "httpMethod": "POST",
        "requestContext": {"stage": "prod", "path": "/prod/v1/chat/completions"},
    } | changes


def test_the_routes_are_those_of_the_table() -> None:
    assert STREAMING_ROUTES
    for method, path in STREAMING_ROUTES:
        assert is_streaming(rest(httpMethod=method, resource=path, path=path))


def test_a_base_path_changes_nothing() -> None:
    context = {"stage": "v1", "path": "/gateway/v1/chat/completions"}
    assert is_streaming(rest(path="/gateway/v1/chat/completions", requestContext=context))


@pytest.mark.parametrize(
    "event",
    [
        rest(resource="/{proxy+}"),
        rest(httpMethod="GET"),
        rest(resource="/v1/embeddings", path="/v1/embeddings"),
        {"version": "2.0", "rawPath": "/v1/chat/completions", "requestContext": {"http": {}}},
        {"httpMethod": "POST", "path": "/v1/chat/completions", "requestContext": {"elb": {}}},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"type": "user-migration"},
        {"httpMethod": "POST", "resource": "/v1/chat/completions"},
        rest(httpMethod=["POST"], resource={}),
        [],
        None,
        b"bytes",
    ],
)
def test_everything_else_is_answered_whole(event: Any) -> None:
    assert not is_streaming(event)
