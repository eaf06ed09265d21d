"""The function under AWS's own runtime client: every kind of event, one process."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e import events
from tests.e2e.conftest import ROOT, Stack
from tests.runtime_api import Function, running
from tests.sqs_records import sqs_record

from controlplane.domain.audit import AuditEvent

BODY = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say hello."}]}


@pytest.fixture(scope="module")
def function(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    env = {**stack.gateway_env, "LLM_CP_LONG_LIVED": "0"}
    log = tmp_path_factory.mktemp("function") / "log"
    handler = "controlplane.lambda_handler.handler"
    with running(handler, env, log, python_path=str(ROOT / "src")) as started:
        started.wait_ready()
        yield started


@pytest.fixture
def key(stack: Stack) -> str:
    return stack.env["OPENAI_API_KEY"]


@pytest.mark.parametrize("make", [events.rest_v1, events.http_v2, events.load_balancer])
def test_http_events_get_the_completion(
    stack: Stack, function: Function, key: str, make: Any
) -> None:
    outcome = function.invoke(make(BODY, key))
    assert not outcome.error
    assert outcome.payload["statusCode"] == 200, function.log()
    assert json.loads(outcome.payload["body"])["object"] == "chat.completion"
    record = stack.record(_header(outcome.payload, "x-request-id"))
    assert record["status"] == 200


def _header(payload: dict[str, Any], name: str) -> str:
    single = payload.get("headers") or {}
    several = payload.get("multiValueHeaders") or {}
    value = single.get(name) or several[name][0]
    assert isinstance(value, str)
    return value


def test_a_base64_body(function: Function, key: str) -> None:
    outcome = function.invoke(events.rest_v1(BODY, key, as_base64=True))
    assert outcome.payload["statusCode"] == 200


def test_a_broken_base64_body_is_400(function: Function, key: str) -> None:
    event = events.rest_v1(BODY, key, as_base64=True)
    outcome = function.invoke(event | {"body": "%%%"})
    assert outcome.payload["statusCode"] == 400
    assert "base64" in json.loads(outcome.payload["body"])["error"]["message"]


def test_a_stream_is_one_body(function: Function, key: str) -> None:
    outcome = function.invoke(events.rest_v1(BODY | {"stream": True}, key))
    assert outcome.payload["statusCode"] == 200
    assert _header(outcome.payload, "content-type").startswith("text/event-stream")
    assert outcome.payload["isBase64Encoded"] is False
    assert outcome.payload["body"].endswith("data: [DONE]\n\n")


def test_little_time_left_is_504(stack: Stack, function: Function, key: str) -> None:
    stack.simulate("openai", {"kind": "delay", "seconds": 20})
    stack.simulate("azure", {"kind": "delay", "seconds": 20})
    function.deadline_seconds = 3.0
    started = time.monotonic()
    try:
        outcome = function.invoke(events.rest_v1(BODY, key))
    finally:
        function.deadline_seconds = 30.0
    assert outcome.payload["statusCode"] == 504
    assert time.monotonic() - started < 2.5


def test_the_corpus_of_http_events(function: Function, corpora: Path) -> None:
    folder = corpora / "lambda_events"
    files = [f for kind in ("alb", "apiGateway", "lambdaFunctionUrl") for f in _named(folder, kind)]
    assert len(files) >= 15
    for file in files:
        outcome = function.invoke(json.loads(file.read_text("utf-8")))
        assert not outcome.error, file.name
        # 400: some of them say base64 of a body that is none.
        assert outcome.payload["statusCode"] in (400, 401, 404, 405), file.name
        assert set(json.loads(outcome.payload["body"])["error"]) == {
            "message",
            "type",
            "param",
            "code",
        }


def test_the_corpus_of_sqs_events_reaches_the_consumer(function: Function, corpora: Path) -> None:
    for file in _named(corpora / "lambda_events", "sqs"):
        event = json.loads(file.read_text("utf-8"))
        outcome = function.invoke(event)
        assert not outcome.error, file.name
        # None of them is an audit event: each goes to the dead letters.
        assert outcome.payload == {"batchItemFailures": []}


def test_a_batch_with_one_poison_message(stack: Stack, function: Function) -> None:
    event = AuditEvent.from_json(
        json.dumps(
            {
                "request_id": f"req_{uuid.uuid4().hex}",
                "occurred_at": "2026-11-01T00:00:00+00:00",
                "org_id": "org-default",
                "subject": "key:x",
                "role": "service",
                "status": 200,
            }
        )
    )
    bodies = {"good": event.to_json(), "poison": "{"}
    batch = {"Records": [sqs_record(name, body) for name, body in bodies.items()]}
    for _ in range(2):
        outcome = function.invoke(batch)
        assert outcome.payload == {"batchItemFailures": []}
    assert stack.record(event.request_id)["archive_key"]


def test_the_corpus_of_other_events_is_refused(function: Function, corpora: Path) -> None:
    for file in (
        *_named(corpora / "lambda_events", "cognito"),
        *_named(corpora / "lambda_events", "eventBridge"),
    ):
        outcome = function.invoke(json.loads(file.read_text("utf-8")))
        assert outcome.error, file.name
        assert outcome.payload["errorType"] == "UnknownEvent"


def test_an_event_of_no_known_kind_is_a_function_error(function: Function) -> None:
    outcome = function.invoke({"type": "nonsense"})
    assert outcome.error
    assert "nonsense" in outcome.payload["errorMessage"]


def test_custom_events(function: Function) -> None:
    for name in ("user-migration", "user-seeder", "policy-cache-refresh"):
        outcome = function.invoke({"type": name})
        assert not outcome.error, outcome.payload
        assert outcome.payload["ok"] is True
        assert outcome.payload["type"] == name


def test_http_works_after_every_other_kind_of_event(function: Function, key: str) -> None:
    others: list[dict[str, Any]] = [{"type": "user-migration"}, {"type": "x"}, {"Records": []}]
    for event in others:
        function.invoke(event)
        assert function.invoke(events.rest_v1(BODY, key)).payload["statusCode"] == 200


def _named(folder: Path, prefix: str) -> list[Path]:
    found = sorted(folder.glob(f"{prefix}*.json"))
    assert found
    return found
