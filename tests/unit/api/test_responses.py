"""`POST /v1/responses`, through the whole gateway to a provider that plays a recorded part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from tests.unit.api.test_app import assert_envelope, client
from tests.unit.gateway.parts import Payloads, gateway, policy
from tests.unit.protocols.responses.answers import (
    check,
    check_whole,
    function_call,
    message,
    reasoning,
    response,
    sse,
    stream,
)
from tests.unit.protocols.responses.test_frames import read

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Target
from controlplane.gateway.pipeline import Gateway
from controlplane.wiring.providers import open_provider

ANSWER = response(reasoning("Think."), message("Hello there."), function_call("x"))
RAW = b'{ "store":false, "input" : "caf\\u00e9 \xf0\x9f\x98\x80", "x": 1.0,\n "model":"m" }'


@dataclass
class Upstream:
    """A provider that replies as it is told; the last reply repeats."""

    replies: list[httpx.Response] = field(default_factory=list)
    calls: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def sent(self) -> Any:
        """The body of the last call."""
        return json.loads(self.calls[-1].content)


def whole(answer: Any = ANSWER, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(answer, indent=1).encode())


def streamed(events: Sequence[Any]) -> httpx.Response:
    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield sse([*events])

    return httpx.Response(200, stream=Pieces())


def made(
    *replies: httpx.Response, kind: str = "openai", targets: tuple[str, ...] = ("a",), **parts: Any
) -> tuple[Gateway, Any, Upstream]:
    """A gateway with one route to providers that all are `Upstream`."""
    upstream = Upstream([*replies])
    http = httpx.AsyncClient(transport=httpx.MockTransport(upstream))
    providers = {
        name: open_provider(
            ProviderSettings(name, kind, f"https://{name}.test/v1", "sk-up", "2024-10-21"), http
        )
        for name in targets
    }
    aims = tuple(Target(name, "gpt-6-luna") for name in targets)
    return *gateway(providers, targets=aims, **parts), upstream


async def post(gate: Gateway, body: dict[str, Any] | bytes, **headers: str) -> httpx.Response:
    async with client(gate) as http:
        content = body if isinstance(body, bytes) else json.dumps({"model": "m", **body})
        return await http.post("/v1/responses", content=content, headers=headers)


async def test_both_ways_byte_for_byte() -> None:
    gate, sink, upstream = made(whole())
    answer = await post(gate, RAW)
    assert answer.status_code == 200
    assert answer.content == json.dumps(ANSWER, indent=1).encode()
    sent = upstream.calls[0]
    assert str(sent.url) == "https://a.test/v1/responses"
    assert sent.headers["authorization"] == "Bearer sk-up"
    expected = RAW.replace(b'"model":"m"', b'"model":"gpt-6-luna"')
    assert hashlib.sha256(sent.content).digest() == hashlib.sha256(expected).digest()
    headers = answer.headers
    assert (headers["x-llm-cp-provider"], headers["x-llm-cp-model"]) == ("a", "gpt-6-luna")
    assert headers["x-llm-cp-cost-usd"] == "0.000042"
    (event,) = sink.events
    assert (event.operation, event.status, event.stream) == ("responses", 200, False)
    assert (event.tokens_input, event.tokens_output, event.tokens_cached) == (12, 30, 4)
    assert (event.tokens_reasoning, event.usage_estimated) == (20, False)


async def test_a_stream_byte_for_byte() -> None:
    events = stream(ANSWER)
    gate, sink, _ = made(streamed(events))
    answer = await post(gate, {"input": "hello", "stream": True})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.content == sse(events)
    (event,) = sink.events
    assert (event.stream, event.status, event.tokens_output) == (True, 200, 30)


async def test_azure_has_it_beside_the_deployments() -> None:
    gate, _, upstream = made(whole(), kind="azure")
    await post(gate, {"input": "hello"})
    assert str(upstream.calls[0].url) == "https://a.test/v1/openai/v1/responses"
    assert upstream.sent["model"] == "gpt-6-luna"
    assert upstream.calls[0].headers["api-key"] == "sk-up"


async def test_answers_are_not_stored_unless_the_policy_says_so() -> None:
    gate, _, upstream = made(whole())
    await post(gate, b'{"model":"m" , "input":"hi"}\n')
    assert upstream.calls[0].content == (
        b'{"model":"gpt-6-luna" , "input":"hi","store":false,'
        b'"include":["reasoning.encrypted_content"]}'
    )


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input.0"),
    ],
)
async def test_what_needs_a_stored_answer_is_refused_by_name(
    body: dict[str, Any], param: str
) -> None:
    gate, sink, upstream = made(whole())
    answer = await post(gate, {"input": "hi", **body})
    assert answer.status_code == 400
    error = assert_envelope(answer)
    assert (error["param"], error["code"]) == (param, "stored_responses_not_allowed")
    assert upstream.calls == []
    assert sink.events[0].code == "stored_responses_not_allowed"


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [({"input": 7}, 400, "input"), ({"model": "none"}, 404, "model"), ({"tools": 1}, 400, "tools")],
)
async def test_bad_requests_are_the_envelope(
    change: dict[str, Any], status: int, param: str
) -> None:
    gate, _, _ = made(whole())
    answer = await post(gate, {"input": "hi", **change})
    assert answer.status_code == status
    assert assert_envelope(answer)["param"] == param


async def test_a_refusal_of_the_provider_keeps_its_code() -> None:
    refusal = {
        "error": {"message": "Too long.", "code": "context_length_exceeded", "param": "input"}
    }
    gate, _, _ = made(whole(refusal, 400))
    answer = await post(gate, {"input": "hi"})
    assert answer.status_code == 400
    error = assert_envelope(answer)
    assert (error["code"], error["param"]) == ("context_length_exceeded", "input")


@pytest.mark.parametrize("event", ["error", "response.failed"])
async def test_a_failure_before_anything_visible_goes_to_the_next_target(event: str) -> None:
    failed = response(status="failed", error={"code": "server_error", "message": "Sorry."})
    end = stream(failed)[-1]
    if event == "error":
        end = {"type": "error", "code": "server_error", "message": "Sorry.", "param": None}
    gate, sink, upstream = made(
        streamed([*stream(ANSWER)[:4], end]), streamed(stream(ANSWER)), targets=("a", "b")
    )
    answer = await post(gate, {"input": "hi", "stream": True})
    assert answer.content == sse(stream(ANSWER))
    assert [call.url.host for call in upstream.calls] == ["a.test", "b.test"]
    assert [attempt.status for attempt in sink.events[0].attempts] == [500, 200]


@pytest.mark.parametrize("code", ["rate_limit_exceeded", "insufficient_quota", "server_error"])
async def test_a_failure_in_the_middle_is_told_by_its_code(code: str) -> None:
    failed = response(status="failed", error={"code": code, "message": "Of org-secret."})
    begun = stream(ANSWER)[:6]
    gate, sink, _ = made(streamed([*begun, {**stream(failed)[-1], "sequence_number": 6}]))
    answer = await post(gate, {"input": "hi", "stream": True})
    *came, error, last = read(answer.content)
    check([*came, error, last])
    assert came == begun
    assert (error["type"], error["code"]) == ("error", code)
    assert last["response"]["error"]["code"] == code
    assert last["response"]["id"] == ANSWER["id"]
    assert "org-secret" not in answer.text
    event = sink.events[0]
    assert (event.status, event.code, event.attempts[-1].failure) == (502, code, "cut")
    assert event.usage_estimated
    assert event.tokens_output > 0


async def test_a_stream_that_breaks_off_says_so() -> None:
    gate, _, _ = made(streamed(stream(ANSWER)[:6]))
    answer = await post(gate, {"input": "hi", "stream": True})
    error, last = read(answer.content)[-2:]
    assert error["error"]["code"] == "stream_interrupted"
    assert last["response"]["error"]["code"] == "server_error"


async def test_the_policy_s_maximum_bounds_it() -> None:
    gate, _, upstream = made(whole(), documents=policy(max_output_tokens=100))
    await post(gate, {"input": "hi"})
    assert upstream.sent["max_output_tokens"] == 100
    refused = await post(gate, {"input": "hi", "max_output_tokens": 101})
    assert refused.status_code == 400
    assert assert_envelope(refused)["param"] == "max_output_tokens"


async def test_a_cap_wants_a_bound_and_a_price() -> None:
    gate, _, _ = made(whole(), documents=policy(cost_caps=[{"usd": "1", "period": "day"}]))
    search = await post(gate, {"input": "hi", "tools": [{"type": "web_search"}]})
    assert assert_envelope(search)["code"] == "parameter_not_priced"
    assert search.json()["error"]["param"] == "tools.0"
    file = {"type": "input_file", "file_id": "file-1"}
    unbounded = await post(gate, {"input": [{"role": "user", "content": [file]}]})
    assert assert_envelope(unbounded)["code"] == "unbounded_request"
    assert unbounded.json()["error"]["param"] == "input.0.content.0"
    passed = await post(gate, {"input": "hi"})
    assert passed.status_code == 200


async def test_an_answer_without_usage_is_not_free() -> None:
    gate, sink, _ = made(whole({**ANSWER, "usage": None}))
    await post(gate, {"input": "12345678", "max_output_tokens": 1_000})
    (event,) = sink.events
    # The model may have thought as long as it was allowed to.
    assert (event.tokens_input, event.tokens_output, event.usage_estimated) == (2, 1_000, True)


async def test_an_answer_is_told_again_under_its_key() -> None:
    gate, sink, upstream = made(whole())
    first = await post(gate, {"input": "hi"}, **{"idempotency-key": "k"})
    second = await post(gate, {"input": "hi"}, **{"idempotency-key": "k"})
    assert second.json() == first.json() == ANSWER
    assert second.headers["x-llm-cp-replayed"] == "true"
    assert (len(upstream.calls), sink.events[1].cost_microusd) == (1, None)
    streamed_one = await post(gate, {"input": "hi", "stream": True}, **{"idempotency-key": "l"})
    assert assert_envelope(streamed_one)["param"] == "stream"


@pytest.mark.parametrize("streams", [False, True])
async def test_texts_are_kept_where_the_policy_says_so(streams: bool) -> None:
    kept = Payloads()
    reply = streamed(stream(ANSWER)) if streams else whole()
    gate, _, _ = made(reply, payloads=kept, documents=policy(store_payloads=True))
    await post(gate, {"input": "hi", "stream": streams})
    (text,) = kept.stored.values()
    stored = json.loads(text)
    assert stored["request"]["input"] == "hi"
    assert stored["answer"] == (stream(ANSWER) if streams else ANSWER)


SEALED = {
    "type": "reasoning",
    "id": "rs_ana@example.com",
    "summary": [],
    "encrypted_content": "x ana@example.com",
}


async def test_places_are_in_its_own_words_and_sealed_ones_stay() -> None:
    document = policy(screening={"pii": "redact"})
    gate, _, upstream = made(whole(response(message("To [EMAIL_1]."))), documents=document)
    await post(
        gate,
        {
            "instructions": "Serve bob@example.org.",
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": "I am ana@example.com"}],
                },
                SEALED,
                {"type": "function_call_output", "call_id": "c", "output": "of ana@example.com"},
            ],
            "tools": [{"type": "function", "name": "f", "description": "for bob@example.org"}],
        },
    )
    sent = upstream.sent
    assert sent["input"][1] == SEALED
    assert sent["input"][0]["content"][0]["text"] == "I am [EMAIL_2]"
    assert sent["input"][2]["output"] == "of [EMAIL_2]"
    assert (sent["instructions"], sent["tools"][0]["description"]) == (
        "Serve [EMAIL_1].",
        "for [EMAIL_1]",
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"instructions": "of ana@example.com"}, "instructions"),
        (
            {
                "input": [
                    {"role": "user", "content": [{"type": "input_text", "text": "ana@example.com"}]}
                ]
            },
            "input.0.content.0.text",
        ),
        (
            {
                "input": [
                    {"type": "function_call_output", "call_id": "c", "output": "ana@example.com"}
                ]
            },
            "input.0.output",
        ),
        (
            {"tools": [{"type": "function", "name": "f", "description": "ana@example.com"}]},
            "tools.0.description",
        ),
        ({"safety_identifier": "ana@example.com"}, "safety_identifier"),
        ({"input": [SEALED]}, "input.0.id"),
    ],
)
async def test_a_blocked_place_is_named(body: dict[str, Any], place: str) -> None:
    gate, sink, upstream = made(whole(), documents=policy(screening={"pii": "block"}))
    answer = await post(gate, {"input": "hi", **body})
    assert assert_envelope(answer)["param"] == place
    assert upstream.calls == []
    assert "ana@example.com" not in repr(sink.events)


async def test_values_are_put_back_into_a_stream() -> None:
    document = policy(screening={"pii": "redact", "restore": True})
    answer = response(message("To [EMAIL_1], gladly."), function_call("[EMAIL_1]"))
    gate, _, upstream = made(streamed(stream(answer)), documents=document)
    sent = await post(gate, {"input": "I am ana@example.com", "stream": True})
    assert upstream.sent["input"] == "I am [EMAIL_1]"
    events = read(sent.content)
    check(events)
    assert events == stream(
        response(message("To ana@example.com, gladly."), function_call("ana@example.com"))
    )


async def test_both_ends_are_openai_s() -> None:
    gate, _, _ = made(whole())
    answer = await post(gate, {"input": "hi"})
    assert answer.status_code == 200
    check_whole(answer.json())


# Shaped as a coding agent shapes it: all kinds of tools, and items that say nothing to the gateway.
AGENT = {
    "model": "m",
    "instructions": "You are a coding agent.",
    "input": [
        {"type": "additional_tools", "role": "developer", "tools": [{"type": "web_search"}]},
        {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "List it."}],
        },
        {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "gAAAAA" * 200},
        {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "input": "ls"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "README.md"},
        {"type": "ghost_snapshot", "commit": "0a1b2c3"},
    ],
    "tools": [
        {"type": "function", "name": "plan", "strict": False, "parameters": {"type": "object"}},
        {"type": "custom", "name": "exec", "format": {"type": "grammar", "syntax": "lark"}},
        {"type": "namespace", "name": "mcp", "tools": [{"type": "function", "name": "f"}]},
        {"type": "web_search"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0193aa5c-5d4f-7a7e-9d5e-2f3f7a1c9b10",
    "client_metadata": {"x": "y"},
}


@pytest.mark.parametrize("documents", [[], policy(screening={"pii": "redact", "secrets": "block"})])
async def test_a_coding_agent_is_passed_on_byte_for_byte(documents: Any) -> None:
    gate, _, upstream = made(streamed(stream(ANSWER)), documents=documents)
    raw = json.dumps(AGENT, indent=2).encode()
    answer = await post(gate, raw, **{"session-id": "s", "thread-id": "t"})
    assert answer.status_code == 200
    assert upstream.calls[0].content == raw.replace(b'"model": "m"', b'"model": "gpt-6-luna"')
    assert read(answer.content)[-1]["type"] == "response.completed"
