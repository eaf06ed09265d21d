"""The loop as a process of its own, started by the wrapper script, against a Runtime API."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.runtime_api import Function, Outcome, running

ROOT = Path(__file__).parents[3]
WRAPPER = ROOT / "infra/lambda/bin/stream"
HANDLERS = "tests.integration.lambda_stream.handlers"

LINUX = pytest.mark.skipif(
    sys.platform != "linux",
    reason="The connections of a process are counted in /proc, which only Linux has.",
)

Start = Callable[..., AbstractContextManager[Function]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    @contextmanager
    def started(handler: str, **env: str) -> Iterator[Function]:
        env = {"PYTHONPATH": str(ROOT), **env}
        code, log = str(ROOT / "src"), tmp_path / "log"
        with running(handler, env, log, python_path=code, wrapper=WRAPPER) as function:
            yield function

    return started


@pytest.fixture
def live(start: Start) -> Iterator[Function]:
    """A function that answers with the app that the body names."""
    with start(f"{HANDLERS}.live") as function:
        function.wait_ready()
        yield function


def event(body: str) -> dict[str, Any]:
    return {
        "resource": "/v1/chat/completions",
        "path": "/v1/chat/completions",
        "httpMethod": "POST",
        "headers": {"host": "example.com"},
        "requestContext": {"stage": "prod"},
        "body": body,
        "isBase64Encoded": False,
    }


def test_a_piece_is_there_before_the_next_one_is_made(live: Function, tmp_path: Path) -> None:
    streamed = live.stream(event(str(tmp_path / "seen")))
    assert streamed.piece() == b"first"
    with pytest.raises(queue.Empty):
        streamed.piece(timeout=0.3)
    (tmp_path / "seen").touch()
    assert list(streamed.pieces()) == [b"second"]
    assert streamed.prelude == {
        "statusCode": 200,
        "headers": {"x-one": "1"},
        "multiValueHeaders": {"x-two": ["a", "b"]},
    }


@pytest.mark.parametrize("app", ["crash", "cancelled", "stop_early"])
def test_what_breaks_off_after_the_first_byte_ends_in_trailers(live: Function, app: str) -> None:
    streamed = live.stream(event(app))
    assert streamed.body() == b"first"
    assert streamed.broken is None
    names = ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"]
    assert streamed.headers["Trailer"] == ", ".join(names)
    assert list(streamed.trailers) == names
    assert streamed.trailers[names[0]] == "Function.IncompleteResponse"
    assert streamed.error()["errorType"] == "Function.IncompleteResponse"
    assert "nobody must see" not in json.dumps(streamed.error()) + live.log()
    assert live.stream(event("large")).status == 200


def test_no_answer_at_all_is_a_function_error(live: Function) -> None:
    outcome = live.invoke(event("say_nothing"))
    assert outcome.error
    assert outcome.payload["errorType"] == "RuntimeError"


def test_a_large_body_arrives_whole(live: Function) -> None:
    body = live.stream(event("large")).body()
    assert body == b"".join(bytes([number]) * 1_000_000 for number in range(10))


def test_nobody_reads_then_the_app_is_told_before_the_time_is_over(live: Function) -> None:
    live.backlog, live.deadline_seconds = 1, 3.0
    started = time.monotonic()
    live.stream(event("endless"))
    live.backlog, live.deadline_seconds = 0, 30.0
    assert live.stream(event("large")).status == 200
    assert 1.5 < time.monotonic() - started < 3
    assert "gave up" in live.log()


def test_the_caller_leaves_then_the_app_is_told(live: Function) -> None:
    streamed = live.stream(event("endless"))
    assert streamed.piece()
    started = time.monotonic()
    streamed.leave()
    assert live.stream(event("large")).status == 200
    assert time.monotonic() - started < 2
    assert "gave up" in live.log()


def test_the_answer_ends_before_what_is_done_after_it(live: Function) -> None:
    started = time.monotonic()
    assert live.stream(event("linger")).body() == b"all"
    assert time.monotonic() - started < 1.5
    assert live.stream(event("large")).status == 200
    assert time.monotonic() - started > 2


def test_what_the_runtime_api_says_early(live: Function) -> None:
    live.early_status = 202
    assert len(live.stream(event("large")).body()) == 10_000_000
    live.early_status = 413
    live.stream(event("endless"))
    live.early_status = None
    assert live.stream(event("large")).status == 200
    assert "gave up" in live.log()
    assert "413" in live.log()


@LINUX
def test_no_connection_stays_open(live: Function) -> None:
    for _ in range(5):
        live.stream(event("large")).body()
    live.stream(event("endless")).leave()
    assert len(live.stream(event("large")).body()) == 10_000_000
    time.sleep(0.3)
    assert _connections(live.process.pid) == 1


def test_the_trace_id_is_that_of_the_event_or_none(start: Start) -> None:
    with start(f"{HANDLERS}.surroundings", _X_AMZN_TRACE_ID="left over") as function:
        assert function.invoke({}).payload["trace"] is None
        function.trace_id = "Root=1-2-3"
        payload = function.invoke({}).payload
        assert payload["trace"] == "Root=1-2-3"
        assert 29_000 < payload["milliseconds"] <= 30_000
        assert payload["arn"].endswith(":llm-cp")
        assert payload["request_id"]
        function.trace_id = None
        assert function.invoke({}).payload["trace"] is None


def test_a_failed_init_is_reported(start: Start) -> None:
    with start("controlplane.no_such_module.handler") as function:
        outcome = function.outcome()
        assert isinstance(outcome, Outcome)
        assert outcome.error
        error_type = "Runtime.ImportModuleError"
        assert outcome.payload["errorType"] == error_type
        assert outcome.headers["Lambda-Runtime-Function-Error-Type"] == error_type
        assert function.process.wait(10) == 1


def test_a_snapshot_has_the_app_in_it(start: Start) -> None:
    for start_type, imported in (("snap-start", True), ("on-demand", False)):
        with start(
            f"{HANDLERS}.surroundings", AWS_LAMBDA_INITIALIZATION_TYPE=start_type
        ) as function:
            assert function.invoke({}).payload["app_imported"] is imported


@LINUX
def test_a_snapshot_is_taken_without_an_open_connection(start: Start) -> None:
    handler = "controlplane.lambda_handler.handler"
    with start(handler, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as function:
        function.wait_ready()
        assert function.restored.is_set()
        assert _connections(function.process.pid) == 1  # over which it asks for its first event


def _connections(pid: int) -> int:
    """How many TCP connections a process has."""
    links = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return len({f"socket:[{line.split()[9]}]" for line in lines}.intersection(links))


def test_a_function_without_settings_says_so_in_streaming_form(start: Start) -> None:
    with start("controlplane.lambda_handler.handler") as function:
        streamed = function.stream(event("{}"))
        assert streamed.status == 503
        assert "not configured" in json.loads(streamed.body())["error"]["message"]
