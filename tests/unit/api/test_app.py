"""HTTP, over a gateway in memory: status, envelope, headers, streams, and what the log says."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Callable
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from tests.unit.gateway.parts import (
    KEY,
    Keys,
    Scripted,
    Sink,
    call,
    completion,
    gateway,
)

from controlplane.admin.models.requests import RequestRecord
from controlplane.api.app import create_app
from controlplane.api.inbound import MAX_BODY_BYTES
from controlplane.config import WaitSettings
from controlplane.domain.access import Caller, Role
from controlplane.domain.audit import AuditEvent
from controlplane.domain.memory import Memory
from controlplane.domain.routing import Target
from controlplane.errors import ProviderError
from controlplane.gateway.call import Call
from controlplane.gateway.pipeline import Gateway
from controlplane.telemetry.lines import handler
from controlplane.wiring import Container

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello there"}]}
EXAMPLE: dict[str, Any] = RequestRecord.model_json_schema()["examples"][0]
WAITS = WaitSettings()
AUTH = {"Authorization": f"Bearer {KEY}"}


class Logs:
    """Audit records of one organisation."""

    async def get(self, org_id: str, request_id: str, **_: Any) -> dict[str, Any] | None:
        found = org_id == "org-1" and request_id == "req_1"
        return record("req_1", 1500) if found else None

    async def page(self, org_id: str, *, limit: int, before: str | None, **_: Any) -> Any:
        if before == "bad":
            raise ValueError
        return [record(f"{org_id}-{limit}", None)], "next"


def record(request_id: str, cost_microusd: int | None) -> dict[str, Any]:
    """A row of `request_logs`."""
    row = {name: value for name, value in EXAMPLE.items() if name != "cost_usd"}
    return {**row, "request_id": request_id, "cost_microusd": cost_microusd}


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[dict[str, Any]]]:
    """What was logged, a JSON object a line."""
    buffer = io.StringIO()
    monkeypatch.setattr(handler, "stream", buffer)
    return lambda: [json.loads(line) for line in buffer.getvalue().splitlines()]


def app_over(made: Gateway, waits: WaitSettings = WAITS) -> FastAPI:
    async def check(*, wake: bool) -> dict[str, str]:
        return {"redis": "ok", "postgresql": "down" if wake else "not asked"}

    parts = SimpleNamespace(
        gateway=made,
        request_logs=Logs(),
        readiness=SimpleNamespace(check=check),
        settings=SimpleNamespace(waits=waits),
    )
    return create_app(cast(Container, parts))


def client(made: Gateway) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_over(made), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://cp", headers=AUTH)


def assert_envelope(response: httpx.Response) -> dict[str, Any]:
    error: dict[str, Any] = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"].endswith(".")
    assert response.headers["x-request-id"].startswith("req_")
    assert response.headers["content-type"] == "application/json"
    return error


async def test_a_completion_and_its_headers() -> None:
    made, sink = gateway()
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "hello there"
    headers = response.headers
    assert headers["x-request-id"] == sink.events[0].request_id
    assert headers["x-llm-cp-provider"] == "echo"
    assert headers["x-llm-cp-model"] == "echo-1"
    assert headers["x-llm-cp-attempts"] == "1"
    assert headers["x-llm-cp-cost-usd"] == "0.000004"
    assert float(headers["x-llm-cp-overhead-ms"]) >= 0
    assert headers["x-ratelimit-limit-requests"] == "100"
    assert headers["x-ratelimit-remaining-requests"] == "99"
    assert headers["x-ratelimit-reset-requests"].endswith("s")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/v1/chat/completions/", 404, "not_found"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("GET", "/admin/v1/requests/none", 403, "permission_denied"),
    ],
)
async def test_every_error_is_the_envelope(method: str, path: str, status: int, code: str) -> None:
    made, _ = gateway()
    async with client(made) as http:
        response = await http.request(method, path)
    assert response.status_code == status
    assert assert_envelope(response)["code"] == code


async def test_no_key_is_401_without_a_hint() -> None:
    made, _ = gateway()
    async with client(made) as http:
        for headers in ({"Authorization": "Bearer sk-cp-x"}, {"Authorization": "Basic x"}):
            response = await http.post("/v1/chat/completions", json=BODY, headers=headers)
            assert response.status_code == 401
            error = assert_envelope(response)
            assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")


async def test_a_large_body_is_413_before_it_is_read() -> None:
    made, _ = gateway()

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x" * 1_000_000

    async with client(made) as http:
        for content in (b"x" * (MAX_BODY_BYTES + 1), endless()):
            response = await http.post("/v1/chat/completions", content=content)
            assert response.status_code == 413
            assert assert_envelope(response)["code"] == "payload_too_large"


async def test_a_crash_is_an_envelope_and_its_message_stays_out_of_the_log(
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    made, _ = gateway({"echo": Scripted(ValueError("the prompt was xyzzy"))})
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 500
    assert assert_envelope(response)["code"] == "internal_error"
    (crash,) = [line for line in log_lines() if line["message"] == "crash"]
    assert crash["error"] == "ValueError"
    assert crash["request_id"] == response.headers["x-request-id"]
    assert "xyzzy" not in json.dumps(log_lines())


async def test_one_json_line_per_request_with_its_id(
    log_lines: Callable[[], list[dict[str, Any]]],
) -> None:
    made, _ = gateway()
    async with client(made) as http:
        completed = await http.post("/v1/chat/completions", json=BODY)
        listed = await http.get("/v1/models")
    lines = [line for line in log_lines() if "level" in line]
    assert [(line["message"], line["request_id"]) for line in lines] == [
        ("chat.completions 200", completed.headers["x-request-id"]),
        ("request", listed.headers["x-request-id"]),
    ]
    assert (lines[1]["status"], lines[1]["path"]) == (200, "/v1/models")


def events(text: str) -> list[Any]:
    assert text.endswith("\n\n")
    data = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    return [item if item == "[DONE]" else json.loads(item) for item in data]


async def test_a_stream_ends_with_done_after_the_record() -> None:
    made, sink = gateway()
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY | {"stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-cache"
    *chunks, done = events(response.text)
    assert done == "[DONE]"
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
    assert text.split() == ["hello", "there"]
    assert len(sink.events) == 1


async def broken() -> AsyncGenerator[dict[str, Any], None]:
    yield {"model": "s", "choices": [{"index": 0, "delta": {"content": "half"}}]}
    raise ProviderError("protocol", "cut")


async def crashing() -> AsyncGenerator[dict[str, Any], None]:
    yield {"model": "s", "choices": [{"index": 0, "delta": {"content": "half"}}]}
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("source", "code"), [(broken, "stream_interrupted"), (crashing, "internal_error")]
)
async def test_a_cut_stream_says_so_and_is_never_done(source: Any, code: str) -> None:
    made, sink = gateway({"echo": Scripted(source)})
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY | {"stream": True})
    received = events(response.text)
    assert received[-1]["error"]["code"] == code
    assert "[DONE]" not in received
    assert sink.events[0].code == code


async def test_a_failure_before_the_first_chunk_is_an_ordinary_error() -> None:
    made, _ = gateway({"echo": Scripted(ProviderError("status", "no", status=401))})
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY | {"stream": True})
    assert response.status_code == 502
    assert_envelope(response)


class SlowSink(Sink):
    """Takes a moment, as SQS does."""

    async def append(self, event: AuditEvent) -> None:
        await asyncio.sleep(0.05)
        await super().append(event)


async def leave(app: FastAPI, incoming: Call, *, after_first_piece: bool) -> None:
    """Send a request and hang up, at once or after the first piece of the answer."""
    first_piece = asyncio.Event()
    messages = [{"type": "http.request", "body": incoming.body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        if after_first_piece:
            await first_piece.wait()
        else:
            await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            first_piece.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/v1/chat/completions",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"authorization", AUTH["Authorization"].encode())],
        "server": ("cp", 80),
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "root_path": "",
    }
    await asyncio.wait_for(app(scope, receive, send), 5)


async def test_a_caller_who_leaves_a_stream_cancels_the_provider_and_is_recorded() -> None:
    async def slow() -> AsyncGenerator[dict[str, Any], None]:
        yield {"model": "s", "choices": [{"index": 0, "delta": {"content": "1"}}]}
        await asyncio.sleep(60)

    provider, sink = Scripted(slow), SlowSink()
    made, _ = gateway({"echo": provider}, audit=sink)
    await leave(app_over(made), call(stream=True), after_first_piece=True)
    assert provider.closed == 1
    assert [event.status for event in sink.events] == [499]
    assert sink.events[0].usage_estimated
    assert sink.events[0].tokens_output == 1


async def test_a_caller_who_leaves_while_waiting_starts_nothing_more() -> None:
    async def hang() -> None:
        await asyncio.sleep(60)

    first, second = Scripted(hang), Scripted(completion())
    sink = SlowSink()
    made, _ = gateway(
        {"a": first, "b": second}, targets=(Target("a", "x"), Target("b", "y")), audit=sink
    )
    await leave(app_over(made), call("12345678"), after_first_piece=False)
    assert [event.status for event in sink.events] == [499]
    assert sink.events[0].tokens_input == 2
    assert second.requests == []


async def test_a_header_cannot_be_smuggled_in_by_a_provider() -> None:
    made, _ = gateway({"echo": Scripted(completion(model="gpt\r\nset-cookie: x=1"))})
    async with client(made) as http:
        response = await http.post("/v1/chat/completions", json=BODY)
    assert "set-cookie" not in response.headers
    assert response.headers["x-llm-cp-model"] == "gpt??set-cookie: x=1"


async def test_health() -> None:
    made, _ = gateway()
    async with client(made) as http:
        alive = await http.get("/health", headers={"Authorization": ""})
        ready = await http.get("/health/ready?database=true")
        unasked = await http.get("/health/ready")
    assert (unasked.status_code, unasked.json()["parts"]["postgresql"]) == (200, "not asked")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 503
    assert ready.json()["parts"] == {"redis": "ok", "postgresql": "down"}


@pytest.mark.parametrize(
    "query", ["database=1", "database=", "database=TRUE", "database=true&" * 2]
)
async def test_what_health_is_to_ask_is_true_or_false(query: str) -> None:
    made, _ = gateway()
    async with client(made) as http:
        refused = await http.get(f"/health/ready?{query}")
        taken = await http.get("/health/ready?database=false")
    assert refused.status_code == 400
    assert assert_envelope(refused)["param"] == "database"
    assert taken.json()["parts"]["postgresql"] == "not asked"


ADMIN = Keys(Caller("org-1", Role.ADMIN, application_id="app-1", key_id="k"))


async def test_admins_read_records_of_their_organisation() -> None:
    made, _ = gateway(keys=ADMIN)
    async with client(made) as http:
        one = await http.get("/admin/v1/requests/req_1")
        page = await http.get("/admin/v1/requests?limit=7")
    assert one.json() == {**record("req_1", 1500), "cost_usd": "0.001500"}
    assert page.json() == {
        "data": [{**record("org-1-7", None), "cost_usd": None}],
        "next_cursor": "next",
    }


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/v1/requests/req_2", 404),
        ("/admin/v1/requests?cursor=bad", 400),
        ("/admin/v1/requests?limit=0", 400),
        ("/admin/v1/requests?limit=x", 400),
        ("/admin/v1/requests?limit=201", 400),
    ],
)
async def test_bad_admin_reads(path: str, status: int) -> None:
    made, _ = gateway(keys=ADMIN)
    async with client(made) as http:
        response = await http.get(path)
    assert response.status_code == status
    assert_envelope(response)


async def test_without_room_a_request_is_refused_and_health_is_not() -> None:
    made, sink = gateway()
    parts = SimpleNamespace(gateway=made, settings=SimpleNamespace(waits=WAITS))
    memory = Memory(1_000)
    memory.held_bytes = 501
    transport = httpx.ASGITransport(create_app(cast(Container, parts), memory))
    async with httpx.AsyncClient(transport=transport, base_url="http://cp", headers=AUTH) as http:
        refused = await http.post("/v1/chat/completions", json=BODY)
        assert (await http.get("/health")).status_code == 200
        memory.held_bytes = 450
        too_large = await http.post("/v1/chat/completions", json=BODY | {"user": "x" * 300})
        memory.held_bytes = 0
        served = await http.post("/v1/chat/completions", json=BODY)
    for response in (refused, too_large):
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert assert_envelope(response)["code"] == "service_unavailable"
    assert served.status_code == 200
    assert memory.held_bytes == 0
    assert len(sink.events) == 1
