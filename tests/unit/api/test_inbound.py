"""What is read from a request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from controlplane.api.inbound import read_call
from controlplane.api.live import LIVE


@pytest.mark.parametrize(
    ("scope", "live"),
    [
        ({}, True),
        ({"aws.context": SimpleNamespace(get_remaining_time_in_millis=lambda: 9_000)}, False),
        (
            {
                "aws.context": SimpleNamespace(get_remaining_time_in_millis=lambda: 9_000),
                LIVE: True,
            },
            True,
        ),
    ],
)
async def test_a_stream_is_live_where_nothing_buffers_it(scope: dict[str, Any], live: bool) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    headers = [(b"idempotency-key", b"k-1"), (b"authorization", b"Bearer x")]
    whole = {"type": "http", "headers": headers, "state": {"request_id": "r"}, **scope}
    call = await read_call(Request(whole, receive))
    assert (call.live, call.idempotency_key, call.credential) == (live, "k-1", "Bearer x")
    assert call.seconds_left == (None if not scope else 9.0)
