"""Messages over HTTP: what came goes on as it came, and errors are Anthropic's."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest
from tests.unit.api.messages_scene import ANSWER, BODY, USAGE, anthropic, error_of, over
from tests.unit.api.test_app import app_over, client
from tests.unit.gateway.parts import KEY as GATEWAY_KEY
from tests.unit.gateway.parts import gateway, policy
from tests.unit.providers.cases import KEY, cases
from tests.wire_types.anthropic_types import EVENT, MESSAGE

from controlplane.protocols.messages.protocol import PROTOCOL

RAW = (
    b'{ "model" : "m", "max_tokens": 64,\n "a_new_field": {"x": 1.0, "big": 12345678901234567890},'
    b' "messages": [{"role": "user", "content": "h\\u0065llo"}] }'
)


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


async def test_hello_needs_no_key() -> None:
    app = app_over(gateway()[0])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://cp") as http:
        response = await http.head("/api/hello")
    assert (response.status_code, response.content) == (200, b"")


def test_a_type_that_is_no_name_names_no_event() -> None:
    assert PROTOCOL.frame({"type": "a\nb"}) == b'data: {"type":"a\\nb"}\n\n'
    assert PROTOCOL.frame({"type": 1}) == b'data: {"type":1}\n\n'
