"""What is read of a provider's answer, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from tests.unit.protocols.responses.answers import (
    ERROR,
    USAGE,
    check,
    check_whole,
    custom_call,
    function_call,
    message,
    reasoning,
    refused,
    response,
    stream,
)

from controlplane.domain.inference import AsItCame
from controlplane.domain.usage import Usage
from controlplane.errors import ProviderError
from controlplane.protocols.responses.protocol import PROTOCOL
from controlplane.protocols.responses.request import parse_responses_request
from controlplane.providers.failures import failure_of_event
from controlplane.providers.registry import KINDS

REQUEST = parse_responses_request(b'{"model":"m"}')
ALL = response(
    reasoning("It thinks."),
    message("It says."),
    refused("No."),
    function_call("x"),
    custom_call("y"),
)


def failure(event: Mapping[str, Any]) -> ProviderError:
    return failure_of_event(event, KINDS["openai"].failures, "sk-key")


def whole(answer: Any) -> Any:
    return PROTOCOL.read_answer(json.dumps(answer).encode(), REQUEST, failure)


def test_the_fixtures_are_openai_s() -> None:
    events = stream(ALL)
    assert events
    check_whole(ALL)
    check(events)


@pytest.mark.parametrize("status", ["completed", "incomplete", "queued", "in_progress"])
def test_an_answer_keeps_its_bytes(status: str) -> None:
    given = response(message("Hi"), status=status)
    answer = whole(given)
    assert isinstance(answer, AsItCame)
    assert (answer, answer.raw) == (given, json.dumps(given).encode())


@pytest.mark.parametrize(
    ("answer", "kind", "code", "status"),
    [
        (response(status="failed", error=ERROR), "status", "server_error", 500),
        (
            response(status="failed", error={**ERROR, "code": "rate_limit_exceeded"}),
            "status",
            "rate_limit_exceeded",
            429,
        ),
        (response(status="failed"), "status", None, 500),
        (
            {"error": {"code": "insufficient_quota", "message": "m"}},
            "status",
            "insufficient_quota",
            402,
        ),
        ({"object": "response"}, "protocol", None, None),
        ({"choices": []}, "protocol", None, None),
        ([], "protocol", None, None),
    ],
)
def test_what_is_no_answer(answer: Any, kind: str, code: str | None, status: int | None) -> None:
    with pytest.raises(ProviderError) as caught:
        whole(answer)
    assert (caught.value.kind, caught.value.code, caught.value.status) == (kind, code, status)


def test_usage() -> None:
    expected = Usage(input=12, output=30, cached=4, reasoning=20)
    assert PROTOCOL.usage(ALL) == expected
    assert PROTOCOL.usage({**ALL, "usage": None}) == Usage()
    written = {**USAGE, "input_tokens": 5, "input_tokens_details": {"cache_write_tokens": 9}}
    assert PROTOCOL.usage({**ALL, "usage": written}) == Usage(
        input=9, output=30, reasoning=20, cache_write=9
    )


def test_a_tally() -> None:
    tally = PROTOCOL.tally()
    *events, last = stream(ALL)
    for event in events:
        tally.hear(event)
    assert tally.usage is None
    assert tally.model == "gpt-6-luna"
    assert tally.said == len("It thinks." + "It says." + "No." + '{"q": "x"}' + "y")
    tally.hear(last)
    assert tally.usage == PROTOCOL.usage(ALL)


def test_a_stream() -> None:
    reader = PROTOCOL.reader(REQUEST, failure)
    *events, last = stream(ALL)
    for event in events:
        data = orjson.dumps(event)
        came = reader.feed(data)
        assert isinstance(came, AsItCame)
        assert (came, came.raw) == (event, data)
    assert (reader.finished, reader.closed, reader.ended_well) == (False, False, False)
    assert reader.feed(orjson.dumps(last)) == last
    assert (reader.finished, reader.closed, reader.ended_well) == (True, True, True)


def test_an_incomplete_answer_ends_a_stream_well() -> None:
    answer = response(status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    reader = PROTOCOL.reader(REQUEST, failure)
    assert reader.feed(orjson.dumps(stream(answer)[-1]))["type"] == "response.incomplete"
    assert reader.ended_well


def test_a_stream_that_only_says_that_it_is_over_is_cut() -> None:
    reader = PROTOCOL.reader(REQUEST, failure)
    assert [reader.feed(data) for data in (b"", b"[DONE]")] == [{}, {}]
    assert (reader.closed, reader.ended_well) == (True, False)


@pytest.mark.parametrize(
    ("event", "code", "status"),
    [
        (
            {"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": None},
            "rate_limit_exceeded",
            429,
        ),
        (
            {"type": "error", "error": {"code": "context_length_exceeded", "message": "m"}},
            "context_length_exceeded",
            400,
        ),
        ({"error": {"message": "m", "type": "server_error"}}, None, 500),
        (stream(response(status="failed", error=ERROR))[-1], "server_error", 500),
        ({"type": "response.failed"}, None, 500),
        (
            stream(response(status="failed", error={**ERROR, "code": "invalid_image"}))[-1],
            "invalid_image",
            400,
        ),
    ],
)
def test_a_failure_in_a_stream(event: Any, code: str | None, status: int) -> None:
    reader = PROTOCOL.reader(REQUEST, failure)
    with pytest.raises(ProviderError) as caught:
        reader.feed(orjson.dumps(event))
    assert (caught.value.code, caught.value.status) == (code, status)
    assert not reader.ended_well


def test_what_is_to_be_seen() -> None:
    seen = [each["type"] for each in stream(response(message("Hi"))) if PROTOCOL.is_visible(each)]
    assert seen[0] == "response.output_text.delta"
    quiet = stream(response(message("")))
    first = next(each for each in quiet if PROTOCOL.is_visible(each))
    assert first["type"] == "response.output_text.done"


@pytest.mark.parametrize(
    ("place", "sealed"),
    [
        ("input.3.encrypted_content", True),
        ("output.0.encrypted_content", True),
        ("input.3.content.0.encrypted_content", True),
        ("input.3.id", True),
        ("output.12.call_id", True),
        ("previous_response_id", True),
        ("input.3.content.0.text", False),
        ("instructions", False),
        ("input.5.output", False),
        ("tools.0.description", False),
        ("metadata.id", False),
        ("input.3.output.0.id", False),
        ("tools.0.parameters.properties.id.description", False),
        ("encrypted_content", False),
        ("user", False),
    ],
)
def test_sealed_places(place: str, sealed: bool) -> None:
    assert PROTOCOL.is_sealed(place) is sealed
