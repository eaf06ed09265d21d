"""What is read from a request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from controlplane.api.inbound import read_call
from controlplane.api.live import LIVE
from controlplane.config import WaitSettings

LAMBDA: dict[str, Any] = {
    "aws.context": SimpleNamespace(get_remaining_time_in_millis=lambda: 300_000)
}
SHORT: dict[str, Any] = {"aws.context": SimpleNamespace(get_remaining_time_in_millis=lambda: 9_000)}
WAITS = WaitSettings(collected=27, whole_answer=118)


@pytest.mark.parametrize(
    ("scope", "live", "left", "whole"),
    [
        ({}, True, None, 118),
        (LAMBDA, False, 300, 27),
        ({**LAMBDA, LIVE: True}, True, 300, 118),
        (SHORT, False, 9, 9),
        ({**SHORT, LIVE: True}, True, 9, 9),
    ],
)
async def test_a_stream_is_live_and_has_its_time_where_nothing_collects_it(
    scope: dict[str, Any], live: bool, left: float | None, whole: float
) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    headers = [(b"idempotency-key", b"k-1"), (b"authorization", b"Bearer x")]
    parts = SimpleNamespace(settings=SimpleNamespace(waits=WAITS))
    app = SimpleNamespace(state=SimpleNamespace(container=parts))
    request = {"type": "http", "headers": headers, "state": {"request_id": "r"}, "app": app}
    call = await read_call(Request({**request, **scope}, receive))
    assert (call.live, call.idempotency_key, call.credential) == (live, "k-1", "Bearer x")
    assert (call.seconds_left, call.seconds_whole) == (left, whole)
