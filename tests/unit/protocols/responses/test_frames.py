"""How a stream is sent, and how it says that it cannot go on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.protocols.responses.answers import check, message, response, stream

from controlplane.domain.inference import AsItCame
from controlplane.errors import (
    GatewayError,
    InternalError,
    InvalidRequest,
    ProviderUnavailable,
    QuotaExceeded,
    RateLimited,
    SensitiveData,
)
from controlplane.protocols.responses.protocol import PROTOCOL


def read(sent: bytes) -> list[dict[str, Any]]:
    """The events, whose names are their types."""
    events = []
    for block in sent.decode().split("\n\n")[:-1]:
        name, data = block.split("\n")
        events.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {events[-1]['type']}"
    return events


def test_events_go_on_as_they_came() -> None:
    framing = PROTOCOL.framing()
    data = b'{"type" : "response.future", "x":1.0}'
    sent = framing.frame(AsItCame(json.loads(data), data))
    assert sent == b"event: response.future\ndata: " + data + b"\n\n"
    assert framing.ending() == b""
    odd = framing.frame({"type": "a\nevent: b"})
    assert odd == b'data: {"type":"a\\nevent: b"}\n\n'


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (QuotaExceeded("m."), "insufficient_quota", "insufficient_quota"),
        (RateLimited("m.", code="concurrency"), "concurrency", "rate_limit_exceeded"),
        (SensitiveData("m.", param="p", code="pii_detected"), "pii_detected", "invalid_prompt"),
        (InvalidRequest("m."), None, "invalid_prompt"),
        (InternalError("m."), "internal_error", "server_error"),
        (
            ProviderUnavailable(502, "m.", code="stream_interrupted"),
            "stream_interrupted",
            "server_error",
        ),
        (
            ProviderUnavailable(502, "m.", code="context_length_exceeded"),
            "context_length_exceeded",
            "context_length_exceeded",
        ),
    ],
)
def test_an_error_goes_on_with_the_numbers_of_its_stream(
    error: GatewayError, code: str | None, told: str
) -> None:
    framing = PROTOCOL.framing()
    begun = stream(response(message("Half of it")))[:5]
    for event in begun:
        framing.frame(event)
    said, failed = read(framing.error_event(error, "req_1"))
    check([*begun, said, failed])
    assert (said["type"], said["sequence_number"]) == ("error", 5)
    assert (said["code"], said["param"]) == (code, error.param)
    assert said["error"] == error.envelope()["error"]
    assert (failed["type"], failed["sequence_number"]) == ("response.failed", 6)
    assert failed["response"]["id"] == "resp_1"
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["error"] == {"code": told, "message": "m."}


def test_an_error_before_any_event() -> None:
    said, failed = read(PROTOCOL.framing().error_event(RateLimited("m."), "req_1"))
    check([said, failed])
    assert (said["sequence_number"], failed["sequence_number"]) == (0, 1)
    assert failed["response"]["id"] == "resp_req_1"


def test_two_streams_know_nothing_of_each_other() -> None:
    one, other = PROTOCOL.framing(), PROTOCOL.framing()
    one.frame(stream(response())[0])
    assert read(other.error_event(RateLimited("m."), "r"))[1]["response"]["id"] == "resp_r"
