"""The function under the streaming loop, started as Lambda starts it: one process, every event."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.e2e import events
from tests.e2e.conftest import ROOT, MakeKey, Stack
from tests.runtime_api import Function, running
from tests.sqs_records import sqs_record

BODY = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say hello."}]}
STREAM = BODY | {"stream": True}
WRAPPER = ROOT / "infra/lambda/bin/stream"


@pytest.fixture(scope="module")
def function(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    env = {**stack.gateway_env, "LLM_CP_LONG_LIVED": "0"}
    log = tmp_path_factory.mktemp("function") / "log"
    handler = "controlplane.lambda_handler.handler"
    with running(handler, env, log, python_path=str(ROOT / "src"), wrapper=WRAPPER) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def key(stack: Stack) -> str:
    return stack.env["OPENAI_API_KEY"]


def chat(request: Any, key: str, **changes: Any) -> dict[str, Any]:
    """What API Gateway sends for its resource `/v1/chat/completions`."""
    return routed(events.CHAT, request, key) | changes


def routed(resource: str, request: Any, key: str, **parameters: str) -> dict[str, Any]:
    """What API Gateway sends for a resource of its own."""
    event = events.rest_v1(request, key, path=resource.format(**parameters))
    return event | {"resource": resource, "pathParameters": parameters or None}


def data(body: bytes) -> list[Any]:
    """The events of a stream, `[DONE]` as it is."""
    texts = [part.removeprefix("data: ") for part in body.decode().split("\n\n") if part]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]


def test_chunks_arrive_while_later_ones_are_not_made_yet(
    stack: Stack, function: Function, key: str
) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 2, "after": 2}, times=1)
    streamed = function.stream(chat(STREAM, key))
    first = streamed.piece()
    first_at = time.monotonic()
    rest = list(streamed.pieces())
    assert time.monotonic() - first_at > 1, "the provider was silent for two seconds in between"
    assert len(rest) >= 3
    sent = data(b"".join([first or b"", *rest]))
    assert sent[0]["object"] == "chat.completion.chunk"
    assert sent[-1] == "[DONE]"
    assert streamed.trailers == {}
    assert streamed.broken is None


MESSAGE = {"model": "claude-sonnet-5-5", "max_tokens": 64, "messages": BODY["messages"]}


def message(request: Any, key: str, **changes: Any) -> dict[str, Any]:
    """What API Gateway sends for its resource `/v1/messages`."""
    return routed("/v1/messages", request, key) | changes


def test_events_of_messages_arrive_while_later_ones_are_not_made_yet(
    stack: Stack, function: Function, key: str
) -> None:
    stack.simulate("anthropic", {"kind": "stall", "seconds": 2, "after": 4}, times=1)
    streamed = function.stream(message(MESSAGE | {"stream": True}, key))
    first = streamed.piece()
    first_at = time.monotonic()
    rest = list(streamed.pieces())
    assert time.monotonic() - first_at > 1, "the provider was silent for two seconds in between"
    sent = b"".join([first or b"", *rest])
    assert sent.startswith(b"event: message_start\n")
    assert sent.endswith(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    assert streamed.broken is None


def test_events_of_responses_arrive_while_later_ones_are_not_made_yet(
    stack: Stack, function: Function, key: str
) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 2, "after": 4}, times=1)
    body = {"model": BODY["model"], "input": "Say hello.", "stream": True}
    streamed = function.stream(routed("/v1/responses", body, key))
    first = streamed.piece()
    first_at = time.monotonic()
    rest = list(streamed.pieces())
    assert time.monotonic() - first_at > 1, "the provider was silent for two seconds in between"
    sent = b"".join([first or b"", *rest])
    assert sent.startswith(b"event: response.created\n")
    assert sent.rpartition(b"event: ")[2].startswith(b"response.completed\n")
    assert streamed.broken is None


def test_chunks_of_a_deployment_arrive_while_later_ones_are_not_made_yet(
    stack: Stack, function: Function
) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 2, "after": 2}, times=1)
    deployment, resource = "gpt-6-luna", "/openai/deployments/{deployment}/chat/completions"
    body = {"messages": BODY["messages"], "stream": True}
    event = routed(resource, body, stack.env["OPENAI_API_KEY"], deployment=deployment)
    streamed = function.stream(event)
    first = streamed.piece()
    first_at = time.monotonic()
    rest = list(streamed.pieces())
    assert time.monotonic() - first_at > 1, "the provider was silent for two seconds in between"
    sent = data(b"".join([first or b"", *rest]))
    assert sent[0]["object"] == "chat.completion.chunk"
    assert sent[-1] == "[DONE]"
    assert streamed.broken is None


def test_messages_are_whole_counted_and_refused_in_their_forms(
    function: Function, key: str
) -> None:
    whole = function.stream(message(MESSAGE, key))
    assert json.loads(whole.body())["type"] == "message"
    for event in (
        message(MESSAGE, "sk-cp-wrong"),
        message(MESSAGE, key, body="%%%", isBase64Encoded=True),
    ):
        refused = function.stream(event)
        assert json.loads(refused.body())["type"] == "error"
    asked = {name: value for name, value in MESSAGE.items() if name != "max_tokens"}
    counted = function.invoke(events.rest_v1(asked, key, path="/v1/messages/count_tokens"))
    assert counted.payload["statusCode"] == 200
    assert json.loads(counted.payload["body"])["input_tokens"] > 0


def test_the_form_is_the_one_that_api_gateway_reads(
    stack: Stack, function: Function, key: str
) -> None:
    streamed = function.stream(chat(STREAM, key))
    sent = data(streamed.body())
    assert sent[-1] == "[DONE]"
    assert streamed.status == 200
    assert streamed.header("content-type").startswith("text/event-stream")
    assert streamed.headers["Content-Type"] == "application/vnd.awslambda.http-integration-response"
    assert streamed.headers["Transfer-Encoding"] == "chunked"
    record = stack.record(streamed.header("x-request-id"))
    assert (record["status"], record["stream"]) == (200, True)


def test_a_whole_completion_is_in_streaming_form_too(
    stack: Stack, function: Function, key: str
) -> None:
    streamed = function.stream(chat(BODY, key))
    assert json.loads(streamed.body())["object"] == "chat.completion"
    assert streamed.status == 200
    assert stack.record(streamed.header("x-request-id"))["status"] == 200


def test_errors_are_in_streaming_form_too(function: Function, key: str) -> None:
    events_and_statuses = [
        (chat(BODY | {"model": "no-such-model"}, key), 404),
        (chat(STREAM, "sk-cp-wrong"), 401),
        (chat(BODY, key, body="{", isBase64Encoded=False), 400),
        (chat(BODY, key, body="%%%", isBase64Encoded=True), 400),
    ]
    for event, status in events_and_statuses:
        streamed = function.stream(event)
        assert streamed.status == status
        assert set(json.loads(streamed.body())["error"]) == {"message", "type", "param", "code"}
        assert streamed.broken is None


def test_everything_else_is_answered_whole(function: Function, key: str) -> None:
    models = events.rest_v1(None, key, path="/v1/models")
    outcome = function.invoke(models | {"httpMethod": "GET", "resource": "/v1/models"})
    assert outcome.payload["statusCode"] == 200
    # The same path where API Gateway waits for a whole answer: over another resource, or otherwise.
    for event in (
        events.rest_v1(STREAM, key),
        events.http_v2(STREAM, key),
        events.load_balancer(STREAM, key),
    ):
        outcome = function.invoke(event)
        assert outcome.payload["body"].endswith("data: [DONE]\n\n")
    outcome = function.invoke({"Records": [sqs_record("poison", "{")]})
    assert outcome.payload == {"batchItemFailures": []}
    outcome = function.invoke({"type": "policy-cache-refresh"})
    assert outcome.payload["ok"] is True


def test_a_failing_event_is_a_function_error(function: Function) -> None:
    outcome = function.invoke({"type": "nonsense"})
    assert outcome.error
    assert outcome.payload["errorType"] == "UnknownEvent"
    assert "nonsense" in outcome.payload["errorMessage"]
    assert outcome.payload["requestId"]
    assert "lambda_handler.py" in outcome.payload["stackTrace"][0]


def test_a_cut_stream_says_so_and_ends_in_order(stack: Stack, function: Function, key: str) -> None:
    stack.simulate("openai", {"kind": "drop", "after": 2}, times=1)
    streamed = function.stream(chat(STREAM, key))
    sent = data(streamed.body())
    assert sent[-1]["error"]["code"] == "stream_interrupted"
    assert streamed.broken is None
    assert streamed.trailers == {}
    assert stack.record(streamed.header("x-request-id"))["code"] == "stream_interrupted"


def test_a_caller_who_leaves_is_recorded(stack: Stack, function: Function, key: str) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 20, "after": 2}, times=1)
    streamed = function.stream(chat(STREAM, key))
    assert streamed.piece()
    left = time.monotonic()
    streamed.leave()
    record = stack.record(streamed.header("x-request-id"))
    assert time.monotonic() - left < 6
    assert (record["status"], record["code"]) == (499, "client_closed_request")
    assert record["usage_estimated"] is True
    # And the loop goes on.
    assert function.stream(chat(BODY, key)).status == 200


def test_a_stream_ends_before_the_function_does(stack: Stack, function: Function, key: str) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 20, "after": 2})
    function.deadline_seconds = 4.0
    started = time.monotonic()
    try:
        streamed = function.stream(chat(STREAM, key))
        sent = data(streamed.body())
    finally:
        function.deadline_seconds = 30.0
    assert sent[-1]["error"]["code"] == "stream_interrupted"
    assert time.monotonic() - started < 4
    assert streamed.broken is None
    assert stack.record(streamed.header("x-request-id"))["status"] == 504


def test_twenty_events_in_one_process(stack: Stack, function: Function, make_key: MakeKey) -> None:
    key = make_key(rate_limits=[{"requests": 1000, "window_seconds": 60}])
    for number in range(20):
        if number % 3 == 2:
            outcome = function.invoke(events.rest_v1(BODY, key))
            assert outcome.payload["statusCode"] == 200
        else:
            streamed = function.stream(chat(STREAM if number % 3 else BODY, key))
            assert streamed.status == 200
            assert streamed.body()
            assert streamed.broken is None
    assert function.process.poll() is None


def listened(pieces: Iterable[bytes]) -> tuple[list[Any], int, float]:
    """The events, how many heartbeats came, and the longest silence in seconds."""
    last, silence, body = time.monotonic(), 0.0, b""
    for piece in pieces:
        silence = max(silence, time.monotonic() - last)
        last, body = time.monotonic(), body + piece
    beat = b": keep-alive\n\n"
    return data(body.replace(beat, b"")), body.count(beat), silence


@pytest.mark.parametrize(
    ("seconds", "in_function"),
    [
        (28, "openai"),
        *(
            pytest.param(seconds, provider, marks=pytest.mark.soak)
            for seconds in (28, 120, 290)
            for provider in ("openai", "anthropic")
        ),
    ],
)
def test_minutes_of_silence_are_one_call_with_heartbeats(
    stack: Stack,
    function: Function,
    key: str,
    models: Mapping[str, str],
    seconds: int,
    in_function: str,
) -> None:
    faults = {"openai": "delay", "anthropic": "alive"}
    for provider, kind in faults.items():
        stack.simulate(provider, {"kind": kind, "seconds": seconds})
    before = {provider: stack.calls(provider) for provider in faults}

    def over_the_server(provider: str) -> tuple[list[Any], int, float]:
        body = {**STREAM, "model": models[provider]}
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{stack.url}/v1/chat/completions"
        with httpx.stream("POST", url, json=body, headers=headers, timeout=60) as response:
            return listened(response.iter_raw())

    def under_the_runtime_client() -> tuple[list[Any], int, float]:
        body = {**STREAM, "model": models[in_function]}
        return listened(function.stream(chat(body, key), timeout=60).pieces())

    function.deadline_seconds = 310.0
    try:
        with ThreadPoolExecutor() as pool:
            running = [pool.submit(over_the_server, provider) for provider in faults]
            running.append(pool.submit(under_the_runtime_client))
            outcomes = [each.result() for each in running]
    finally:
        function.deadline_seconds = 30.0
    for sent, beats, silence in outcomes:
        assert sent[-1] == "[DONE]"
        assert sent[0]["choices"][0]["delta"]["role"] == "assistant"
        assert beats >= (seconds - 1) // 15
        assert silence < 20
    calls = {provider: stack.calls(provider) - before[provider] for provider in faults}
    assert calls == {provider: 1 + (provider == in_function) for provider in faults}
