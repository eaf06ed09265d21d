"""Messages over HTTP: what came goes on as it came, and errors are Anthropic's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.unit.api.test_app import app_over, client
from tests.unit.gateway.parts import KEY as GATEWAY_KEY
from tests.unit.gateway.parts import Ledger, Sink, gateway, policy
from tests.unit.providers.cases import KEY, Upstream, cases
from tests.wire_types.anthropic_types import ERROR, EVENT, MESSAGE, TOKEN_COUNT

from controlplane.api.inbound import MAX_BODY_BYTES
from controlplane.domain.limits import Claim, Decision, Hold, Limit, LimitStatus, Measure, Period
from controlplane.domain.routing import Target
from controlplane.errors import GatewayError
from controlplane.gateway.pipeline import Gateway
from controlplane.gateway.ports import Provider
from controlplane.protocols.messages.protocol import PROTOCOL

CLAUDE = Target("anthropic", "claude-served")
BODY: dict[str, Any] = {
    "model": "m",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "hello there"}],
}
USAGE = {"input_tokens": 12, "output_tokens": 7, "cache_read_input_tokens": 100}
ANSWER = orjson.dumps(
    {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served-1",
        "content": [{"type": "text", "text": "Hello."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    },
    option=orjson.OPT_INDENT_2,
)
RAW = (
    b'{ "model" : "m", "max_tokens": 64,\n "a_new_field": {"x": 1.0, "big": 12345678901234567890},'
    b' "messages": [{"role": "user", "content": "h\\u0065llo"}] }'
)


def over(upstream: Upstream, **parts: Any) -> tuple[Gateway, Sink]:
    """A gateway whose one route leads to the upstream."""
    providers: dict[str, Provider] = {"anthropic": upstream.provider}
    return gateway(providers, targets=(CLAUDE,), **parts)


def anthropic(body: bytes = ANSWER, status: int = 200, **headers: str) -> Upstream:
    """An upstream that answers so; `_` stands for `-` in the names of headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Upstream("anthropic", body, status, **named)


def error_of(response: httpx.Response, kind: str) -> dict[str, Any]:
    """The error in Anthropic's shape; `code` and `param` are ours and stand beside."""
    body = response.json()
    assert body["request_id"] == response.headers["request-id"] == response.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    plain = {**body, "error": {n: v for n, v in error.items() if n in ("type", "message")}}
    assert ERROR.faults(plain) == []
    assert error["type"] == kind
    return error


@pytest.mark.parametrize("query", ["", "?beta=true"])
async def test_a_message_goes_there_and_back_as_it_came(query: str) -> None:
    upstream = anthropic()
    made, sink = over(upstream)
    headers = {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "one-2026-01-01,two-2026-01-01",
        "Anthropic-Unknown": "x",
        "x-other": "y",
        "x-api-key": GATEWAY_KEY,
    }
    async with client(made) as http:
        response = await http.post(f"/v1/messages{query}", content=RAW, headers=headers)
    assert response.status_code == 200
    assert response.content == ANSWER
    assert MESSAGE.faults(response.json()) == []
    (sent,) = upstream.calls
    assert sent.url.path == "/v1/messages"
    assert sent.content == RAW.replace(b'"m"', b'"claude-served"')
    assert sent.headers["anthropic-version"] == "2026-10-21"
    assert sent.headers["anthropic-beta"] == headers["anthropic-beta"]
    assert sent.headers["anthropic-unknown"] == "x"
    assert "x-other" not in sent.headers
    assert "authorization" not in sent.headers
    assert sent.headers["x-api-key"] == KEY
    (event,) = sink.events
    assert (event.operation, event.provider, event.model_served) == (
        "messages",
        "anthropic",
        "claude-served-1",
    )
    assert (event.tokens_input, event.tokens_output, event.tokens_cached) == (112, 7, 100)
    assert response.headers["request-id"] == response.headers["x-request-id"] == event.request_id


async def test_our_own_version_is_sent_where_the_caller_names_none() -> None:
    upstream = anthropic()
    async with client(over(upstream)[0]) as http:
        await http.post("/v1/messages", json=BODY)
    assert upstream.calls[0].headers["anthropic-version"] == "2023-06-01"


async def test_a_header_that_comes_twice_is_one_list() -> None:
    upstream = anthropic()
    twice = [("anthropic-beta", "one"), ("anthropic-beta", "two")]
    async with client(over(upstream)[0]) as http:
        await http.post("/v1/messages", json=BODY, headers=twice)
    assert upstream.calls[0].headers["anthropic-beta"] == "one, two"


@pytest.mark.parametrize("folder", cases("anthropic", "anthropic.response.sse"))
async def test_the_events_come_back_in_their_own_bytes(folder: Path) -> None:
    recorded = (folder / "anthropic.response.sse").read_bytes()
    made, sink = over(anthropic(recorded, content_type="text/event-stream"))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY | {"stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.content == recorded
    (event,) = sink.events
    assert event.stream
    assert not event.usage_estimated
    assert event.tokens_output > 0


async def test_what_is_not_known_here_goes_on() -> None:
    events = [
        {"type": "message_start", "message": orjson.loads(ANSWER) | {"content": []}},
        {"type": "a_new_kind", "note": "x"},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "a_new_block"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE},
    ]
    stream = b"".join(PROTOCOL.frame(each) for each in events)
    async with client(over(anthropic(stream))[0]) as http:
        response = await http.post("/v1/messages", json=BODY | {"stream": True})
    # The upstream has forgotten the last event.
    assert response.content == stream + PROTOCOL.ending()


async def test_a_stream_that_breaks_off_ends_with_an_error() -> None:
    greeting = {"type": "message_start", "message": orjson.loads(ANSWER) | {"content": []}}
    start = {"type": "content_block_start", "index": 0}
    stream = PROTOCOL.frame(greeting)
    stream += PROTOCOL.frame(start | {"content_block": {"type": "text", "text": "Hel"}})
    made, sink = over(anthropic(stream))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY | {"stream": True})
    assert response.content.startswith(stream)
    name, data = response.content.removeprefix(stream).strip().split(b"\n")
    assert name == b"event: error"
    error = orjson.loads(data.removeprefix(b"data: "))
    assert error["error"].pop("code") == "stream_interrupted"
    assert EVENT.faults(error) == []
    assert error["request_id"] == response.headers["request-id"]
    (event,) = sink.events
    assert event.usage_estimated
    # What was reported at the beginning holds, and is more than what was seen.
    assert (event.tokens_input, event.tokens_cached, event.tokens_output) == (112, 100, 7)


@pytest.mark.parametrize(
    ("change", "status", "kind", "param"),
    [
        ({"max_tokens": None}, 400, "invalid_request_error", "max_tokens"),
        ({"messages": [{"role": "tool"}]}, 400, "invalid_request_error", "messages.0.role"),
        ({"model": "none"}, 404, "not_found_error", "model"),
        (
            {"system": [{"type": "text", "text": "Ask ana@example.com"}]},
            400,
            "invalid_request_error",
            "system.0.text",
        ),
    ],
)
async def test_errors_have_their_shape_and_say_where(
    change: dict[str, Any], status: int, kind: str, param: str
) -> None:
    async with client(over(anthropic())[0]) as http:
        response = await http.post("/v1/messages", json=BODY | change)
    assert response.status_code == status
    assert error_of(response, kind)["param"] == param
    assert b"ana@" not in response.content


async def test_every_error_at_these_paths_has_their_shape() -> None:
    made, _ = over(anthropic())
    async with client(made) as http:
        answers = [
            (await http.post("/v1/messages/batches", json={}), 404, "not_found_error"),
            (await http.get("/v1/messages"), 405, "invalid_request_error"),
            (
                await http.post("/v1/messages", content=b"x" * (MAX_BODY_BYTES + 1)),
                413,
                "request_too_large",
            ),
            (await http.post("/v1/messages", content=b"{"), 400, "invalid_request_error"),
            (
                await http.post("/v1/messages", json=BODY, headers={"Authorization": "Bearer no"}),
                401,
                "authentication_error",
            ),
            (
                await http.get("/v1/models/none", headers={"anthropic-version": "2023-06-01"}),
                404,
                "not_found_error",
            ),
        ]
    for response, status, kind in answers:
        assert response.status_code == status
        error_of(response, kind)


async def test_a_crash_has_their_shape() -> None:
    class Broken:
        async def of(self, caller: object) -> Any:
            raise RuntimeError

    async with client(over(anthropic(), configuration=Broken())[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 500
    error_of(response, "api_error")


async def test_a_role_that_may_not_is_a_permission_error() -> None:
    documents = policy(models={"allow": ["other"]})
    async with client(over(anthropic(), documents=documents)[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 403
    assert error_of(response, "permission_error")["param"] == "model"


async def test_a_budget_is_a_billing_error_that_is_not_to_be_tried_again() -> None:
    limit = Limit(Measure.COST, "app-1", 5_000_000, Period.DAY)

    def refuses(claim: Claim) -> Decision:
        status = LimitStatus(limit, 0, 3_600.0)
        return Decision(Hold(claim.request_id, "org-1"), (status,), limit, 3_600.0)

    made, _ = over(anthropic(), ledger=Ledger(refuses=refuses))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 429
    assert error_of(response, "billing_error")["code"] == "insufficient_quota"
    assert response.headers["x-should-retry"] == "false"
    assert response.headers["retry-after"] == "3600"


REFUSAL = (
    b'{"type":"error", "error": {"type":"invalid_request_error","message":"prompt is too long: '
    b'213462 tokens > 200000 maximum"}, "request_id":"req_of_theirs"}'
)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_is_the_upstream_s_own_answer(status: int, stream: bool) -> None:
    made, sink = over(anthropic(REFUSAL, status))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY | {"stream": stream})
    assert response.status_code == status
    assert response.content == REFUSAL
    assert response.headers["request-id"] == sink.events[0].request_id
    assert "213462" not in repr(sink.events)
    assert sink.events[0].status == status


async def test_our_key_is_never_in_it() -> None:
    body = REFUSAL.replace(b"213462", KEY.encode())
    async with client(over(anthropic(body, 400))[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.content == REFUSAL.replace(b"213462", b"[key]")


async def test_a_refusal_that_is_a_page_is_told_in_our_words() -> None:
    upstream = anthropic(b"<html>too large</html>", 413, content_type="text/html")
    async with client(over(upstream)[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 413
    error_of(response, "request_too_large")


async def test_chat_completions_still_have_the_envelope() -> None:
    async with client(over(anthropic(REFUSAL, 400))[0]) as http:
        response = await http.post("/v1/chat/completions", json=BODY)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize(
    ("theirs", "kind", "status", "answer"),
    [
        (401, "authentication_error", 502, "api_error"),
        (402, "billing_error", 502, "api_error"),
        (403, "permission_error", 502, "api_error"),
    ],
)
async def test_what_is_our_own_fault_is_told_in_our_words(
    theirs: int, kind: str, status: int, answer: str
) -> None:
    body = orjson.dumps({"type": "error", "error": {"type": kind, "message": "your account"}})
    async with client(over(anthropic(body, theirs))[0]) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == status
    assert error_of(response, answer)["code"] == "provider_misconfigured"
    assert b"your account" not in response.content


async def test_an_overloaded_provider_is_529() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    made, _ = over(anthropic(body, 529, retry_after="30"))
    async with client(made) as http:
        response = await http.post("/v1/messages", json=BODY)
    assert response.status_code == 529
    assert error_of(response, "overloaded_error")["code"] == "provider_overloaded"
    assert response.headers["retry-after"] == "30"


async def test_redaction_leaves_the_first_system_block_and_thinking_alone() -> None:
    upstream = anthropic()
    made, _ = over(upstream, documents=policy(screening={"pii": "redact", "secrets": "block"}))
    thought = {"type": "thinking", "thinking": "Ask ana@example.com", "signature": "c2ln"}
    sealed = {"type": "redacted_thinking", "data": "ana@example.com"}
    system = [{"type": "text", "text": f"{n} ana@example.com"} for n in (1, 2)]
    answer = [thought, sealed, {"type": "text", "text": "ana@example.com"}]
    messages = [*BODY["messages"], {"role": "assistant", "content": answer}]
    async with client(made) as http:
        await http.post("/v1/messages", json=BODY | {"system": system, "messages": messages})
        await http.post("/v1/messages", json=BODY | {"system": "Ask ana@example.com"})
    first, second = (orjson.loads(each.content) for each in upstream.calls)
    assert first["system"] == [system[0], {"type": "text", "text": "2 [EMAIL_1]"}]
    assert first["messages"][1]["content"] == [
        thought,
        sealed,
        {"type": "text", "text": "[EMAIL_1]"},
    ]
    assert second["system"] == "Ask [EMAIL_1]"


async def test_blocks_hold_in_sealed_places() -> None:
    upstream = anthropic()
    thought = {"type": "thinking", "thinking": "Ask ana@example.com", "signature": "c2ln"}
    messages = [*BODY["messages"], {"role": "assistant", "content": [thought]}]
    async with client(over(upstream)[0]) as http:
        response = await http.post("/v1/messages", json=BODY | {"messages": messages})
    error = error_of(response, "invalid_request_error")
    assert (error["code"], error["param"]) == ("pii_detected", "messages.1.content.0.thinking")
    assert upstream.calls == []


async def test_the_user_is_recorded_unless_it_is_no_name() -> None:
    made, sink = over(anthropic())
    users = ['{"device_id":"d","session_id":"s"}', "x" * 2_000, "ana@example.com", 7]
    async with client(made) as http:
        statuses = [
            (
                await http.post("/v1/messages", json=BODY | {"metadata": {"user_id": user}})
            ).status_code
            for user in users
        ]
    assert statuses == [200, 200, 400, 200]
    assert [event.end_user for event in sink.events] == [users[0], None, None, None]


async def test_a_count_is_the_target_s_and_costs_nothing() -> None:
    upstream = anthropic(b'{"input_tokens": 14, "more": 1}')
    limits = {"token_limits": [{"tokens": 1, "window_seconds": 60}]}
    made, sink = over(upstream, documents=policy(**limits))
    body = {name: value for name, value in BODY.items() if name != "max_tokens"}
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens?beta=true", json=body)
    assert response.content == b'{"input_tokens": 14, "more": 1}'
    assert upstream.calls[0].url.path == "/v1/messages/count_tokens"
    (event,) = sink.events
    assert (event.operation, event.tokens_input) == ("messages.count_tokens", 0)
    assert not event.cost_microusd
    assert not event.usage_estimated


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_without_counts_is_estimated_for(status: int) -> None:
    made, sink = over(anthropic(b'{"detail":"Not Found"}', status))
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens", json=BODY)
    assert response.json() == {"input_tokens": 3}
    assert TOKEN_COUNT.faults(response.json()) == []
    assert sink.events[0].status == 200


async def test_a_target_of_another_kind_is_estimated_for() -> None:
    upstream = Upstream("openai", b"{}")
    made, _ = gateway({"openai": upstream.provider}, targets=(Target("openai", "gpt-6-luna"),))
    async with client(made) as http:
        response = await http.post("/v1/messages/count_tokens", json=BODY)
    assert response.json() == {"input_tokens": 3}
    assert upstream.calls == []


async def test_counts_are_screened_and_refused_alike() -> None:
    made, _ = over(anthropic(REFUSAL, 400))
    told = BODY | {"messages": [{"role": "user", "content": "ana@example.com"}]}
    async with client(made) as http:
        blocked = await http.post("/v1/messages/count_tokens", json=told)
        refused = await http.post("/v1/messages/count_tokens", json=BODY)
    assert error_of(blocked, "invalid_request_error")["code"] == "pii_detected"
    assert refused.content == REFUSAL


async def test_hello_needs_no_key() -> None:
    app = app_over(gateway()[0])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cp") as http:
        response = await http.head("/api/hello")
    assert (response.status_code, response.content) == (200, b"")


def test_a_type_that_is_no_name_names_no_event() -> None:
    assert PROTOCOL.frame({"type": "a\nb"}) == b'data: {"type":"a\\nb"}\n\n'
    assert PROTOCOL.frame({"type": 1}) == b'data: {"type":1}\n\n'


def test_an_error_without_a_code_has_none() -> None:
    body = orjson.loads(PROTOCOL.error_answer(GatewayError("No."), "req_1").body)
    assert ERROR.faults(body) == []
