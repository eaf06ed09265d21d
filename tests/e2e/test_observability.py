"""The same log line and the same metrics from the local server and from the function."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.e2e import events
from tests.e2e.conftest import ROOT, MakeKey, Stack
from tests.runtime_api import Function, running

BODY = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say xyzzy."}]}
FIELDS = [
    "level",
    "timestamp",
    "service",
    "message",
    "request_id",
    "org_id",
    "model",
    "provider",
    "tokens_input",
    "tokens_output",
    "cost_usd",
    "latency_ms",
]
# What differs between two requests that are the same.
OWN = ("timestamp", "request_id", "latency_ms", "llm_cp.latency", "llm_cp.overhead", "_aws")

Line = dict[str, Any]
Send = Callable[[Mapping[str, Any], str], tuple[int, str]]


@dataclass
class Place:
    """Where the gateway runs: how to ask it, and what it prints."""

    send: Send
    output: Callable[[], str]

    def lines(self, request_id: str) -> tuple[Line, list[Line]]:
        """The line of a request, and the metrics printed right before it, once they are there."""
        deadline = time.monotonic() + 10
        while True:
            found = list(_objects(self.output()))
            for index, line in enumerate(found):
                if line.get("request_id") == request_id and "org_id" in line and "_aws" not in line:
                    assert [x.get("request_id") for x in found].count(request_id) == 1
                    return line, found[index - 1 : index]
            assert time.monotonic() < deadline, f"no line of {request_id}"
            time.sleep(0.1)

    def all_lines(self, request_id: str, number: int) -> list[Line]:
        """What is printed of a request, once there are so many lines: the last one comes after the
        response."""
        deadline = time.monotonic() + 10
        while True:
            found = [x for x in _objects(self.output()) if x.get("request_id") == request_id]
            if len(found) >= number:
                return found
            assert time.monotonic() < deadline, f"{len(found)} lines of {request_id}"
            time.sleep(0.1)


def _objects(output: str) -> Iterator[Line]:
    for text in output.splitlines():
        if text.startswith("{"):
            yield json.loads(text)


@pytest.fixture(scope="module")
def server(stack: Stack) -> Place:
    def send(body: Mapping[str, Any], key: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{stack.url}/v1/chat/completions"
        response = httpx.post(url, json=body, headers=headers, timeout=30)
        return response.status_code, response.headers["x-request-id"]

    return Place(send, (stack.folder / ".local/logs/server.log").read_text)


@pytest.fixture(scope="module")
def function(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    env = {**stack.gateway_env, "LLM_CP_LONG_LIVED": "0"}
    log = tmp_path_factory.mktemp("function") / "log"
    handler = "controlplane.lambda_handler.handler"
    with running(handler, env, log, python_path=str(ROOT / "src")) as started:
        started.wait_ready()
        yield Place(_invoke(started), started.log)


def _invoke(function: Function) -> Send:
    def send(body: Mapping[str, Any], key: str) -> tuple[int, str]:
        payload = function.invoke(events.rest_v1(body, key)).payload
        return payload["statusCode"], payload["headers"]["x-request-id"]

    return send


@pytest.fixture(params=["server", "function"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def test_one_line_with_exactly_the_fields(stack: Stack, place: Place) -> None:
    status, request_id = place.send(BODY, stack.env["OPENAI_API_KEY"])
    assert status == 200
    line, _ = place.lines(request_id)
    record = stack.record(request_id)
    assert list(line) == FIELDS
    assert (line["level"], line["message"]) == ("INFO", "chat.completions 200")
    assert (line["org_id"], line["provider"]) == ("org-default", "openai")
    assert line["model"] == record["model_served"]
    assert line["tokens_input"] == record["tokens_input"] > 0
    assert line["tokens_output"] == record["tokens_output"] > 0
    assert line["cost_usd"] == record["cost_microusd"] / 1_000_000 > 0
    assert line["latency_ms"] == record["latency_ms"]


def test_the_same_from_both(stack: Stack, server: Place, function: Place) -> None:
    printed = []
    for place in (server, function):
        _, request_id = place.send(BODY, stack.env["OPENAI_API_KEY"])
        line, (metrics,) = place.lines(request_id)
        directives = metrics["_aws"]["CloudWatchMetrics"]
        assert [d["Namespace"] for d in directives] == ["LLMControlPlane"] * 2
        printed.append((list(line), _same(line), list(metrics), _same(metrics), directives))
    assert printed[0] == printed[1]


def _same(line: Line) -> Line:
    return {name: value for name, value in line.items() if name not in OWN}


@pytest.mark.parametrize("stream", [False, True])
def test_the_metrics_of_an_answer(stack: Stack, place: Place, stream: bool) -> None:
    _, request_id = place.send(BODY | {"stream": stream}, stack.env["OPENAI_API_KEY"])
    line, (metrics,) = place.lines(request_id)
    assert metrics["llm_cp.requests"] == 1
    assert metrics["llm_cp.tokens"] == line["tokens_input"] + line["tokens_output"]
    assert metrics["llm_cp.cost_usd"] == line["cost_usd"]
    assert metrics["llm_cp.latency"] == line["latency_ms"]
    assert metrics["llm_cp.overhead"] >= 0
    tags = {name: metrics[name] for name in ("stage", "org_id", "model", "provider", "status")}
    assert tags == {
        "stage": "local",
        "org_id": "org-default",
        "model": line["model"],
        "provider": "openai",
        "status": "200",
    }


def test_the_line_and_the_metrics_of_a_refusal(make_key: MakeKey, place: Place) -> None:
    key = make_key(rate_limits=[{"requests": 1, "window_seconds": 60}])
    assert place.send(BODY, key)[0] == 200
    status, request_id = place.send(BODY, key)
    assert status == 429
    line, (metrics,) = place.lines(request_id)
    assert list(line) == FIELDS
    assert line["message"] == "chat.completions 429 rate_limit_exceeded"
    assert (line["level"], line["provider"], line["tokens_input"]) == ("WARNING", None, 0)
    assert (metrics["llm_cp.refusals"], metrics["reason"]) == (1, "rate_limit_exceeded")
    assert "llm_cp.tokens" not in metrics


def test_an_unknown_caller_is_counted(place: Place) -> None:
    status, request_id = place.send(BODY, "sk-cp-nobody")
    assert status == 401
    counted, access = place.all_lines(request_id, 2)
    assert counted["llm_cp.auth_failed"] == 1
    assert (access["message"], access["status"]) == ("request", 401)
    assert "sk-cp-nobody" not in place.output()


def test_no_prompt_is_printed(server: Place, function: Place) -> None:
    for place in (server, function):
        assert "chat.completions 200" in place.output()
        assert "xyzzy" not in place.output()
