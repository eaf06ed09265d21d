"""Anthropic's wire format, as the real one speaks it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider
from tests.unit.local.simulator.conftest import named_events as events

from controlplane.local.simulator.wire import API_KEY

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "The weather.", "input_schema": SCHEMA}
THINKING = {"type": "enabled", "budget_tokens": 1024}
TOOL_USE = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}


async def test_a_whole_answer_is_that_of_the_other_wires(provider: SimulatedProvider) -> None:
    response, other = await provider.anthropic(), (await provider.post()).json()
    assert response.status_code == 200
    assert response.headers["request-id"].startswith("req_")
    assert response.headers["anthropic-ratelimit-requests-remaining"] == "3999"
    body = response.json()
    assert body["id"].startswith("msg_")
    assert (body["type"], body["role"]) == ("message", "assistant")
    assert body["model"] == "claude-sonnet-4-5-20250929"
    text = other["choices"][0]["message"]["content"]
    assert body["content"] == [{"type": "text", "text": text}]
    assert (body["stop_reason"], body["stop_sequence"]) == ("end_turn", None)
    usage = body["usage"]
    assert usage["input_tokens"] == other["usage"]["prompt_tokens"]
    assert usage["output_tokens"] == other["usage"]["completion_tokens"]
    assert (usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"]) == (0, 0)


async def test_a_stream_says_what_the_whole_answer_says(provider: SimulatedProvider) -> None:
    whole = (await provider.anthropic()).json()
    start, opening, ping, *deltas, closing, end, stop = events(
        await provider.anthropic(stream=True)
    )
    assert (start["type"], start["message"]["content"]) == ("message_start", [])
    assert start["message"]["stop_reason"] is None
    assert start["message"]["usage"]["input_tokens"] == whole["usage"]["input_tokens"]
    assert opening["content_block"] == {"type": "text", "text": ""}
    assert ping == {"type": "ping"}
    text = "".join(delta["delta"]["text"] for delta in deltas)
    assert text == whole["content"][0]["text"]
    assert closing == {"type": "content_block_stop", "index": 0}
    assert end["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert end["usage"].items() <= whole["usage"].items()
    assert {"input_tokens", "cache_read_input_tokens", "output_tokens"} <= end["usage"].keys()
    assert stop == {"type": "message_stop"}


async def test_why_an_answer_ends(provider: SimulatedProvider) -> None:
    cut = (await provider.anthropic(max_tokens=2)).json()
    assert (cut["stop_reason"], cut["content"][0]["text"]) == ("max_tokens", "The simulator")
    stopped = (await provider.anthropic(stop_sequences=["nowhere", " message"])).json()
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", " message")
    assert stopped["content"][0]["text"] == "The simulator read 1"


@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}, None])
async def test_a_tool_use(provider: SimulatedProvider, choice: Any) -> None:
    body = {"tools": [WEATHER]} | ({"tool_choice": choice} if choice else {})
    whole = (await provider.anthropic(**body)).json()
    (block,) = whole["content"]
    assert (whole["stop_reason"], block["type"], block["name"]) == ("tool_use",) * 2 + (
        "get_weather",
    )
    assert block["input"] == {"city": "text", "days": 1}
    _, opening, _, *deltas, _, end, _ = events(await provider.anthropic(**body, stream=True))
    assert opening["content_block"]["input"] == {}
    pieces = [delta["delta"]["partial_json"] for delta in deltas]
    assert pieces[0] == ""
    assert json.loads("".join(pieces)) == block["input"]
    assert end["delta"]["stop_reason"] == "tool_use"


async def test_a_tool_result_is_answered(provider: SimulatedProvider) -> None:
    messages = [
        *MESSAGES,
        {"role": "assistant", "content": [TOOL_USE]},
        {"role": "user", "content": [RESULT]},
    ]
    body = (await provider.anthropic(tools=[WEATHER], messages=messages)).json()
    assert body["stop_reason"] == "end_turn"
    assert body["content"][0]["text"].startswith("The simulator read 3 messages.")


async def test_thinking_comes_first_when_asked_for(provider: SimulatedProvider) -> None:
    whole = (await provider.anthropic(thinking=THINKING)).json()
    thinking, text = whole["content"]
    assert (thinking["type"], text["type"]) == ("thinking", "text")
    assert thinking["thinking"]
    assert thinking["signature"]
    plain = (await provider.anthropic()).json()
    assert whole["usage"]["output_tokens"] > plain["usage"]["output_tokens"]
    streamed = events(await provider.anthropic(thinking=THINKING, stream=True))
    deltas = [event["delta"] for event in streamed if event["type"] == "content_block_delta"]
    thought = "".join(delta.get("thinking", "") for delta in deltas)
    assert thought == thinking["thinking"]
    assert [d["signature"] for d in deltas if "signature" in d] == [thinking["signature"]]
    starts = [event["index"] for event in streamed if event["type"] == "content_block_start"]
    assert starts == [0, 1]


async def test_what_is_marked_is_read_from_the_cache(provider: SimulatedProvider) -> None:
    system = [{"type": "text", "text": "x" * 400, "cache_control": {"type": "ephemeral"}}]
    usage = (await provider.anthropic(system=system)).json()["usage"]
    plain = (await provider.anthropic(system="x" * 400)).json()["usage"]
    assert usage["cache_read_input_tokens"] == 100
    assert usage["input_tokens"] + 100 == plain["input_tokens"]


async def test_a_structured_answer(provider: SimulatedProvider) -> None:
    wanted = {"format": {"type": "json_schema", "schema": SCHEMA}}
    body = (await provider.anthropic(output_config=wanted)).json()
    assert json.loads(body["content"][0]["text"]) == {"city": "text", "days": 1}


@pytest.mark.parametrize(
    ("headers", "path", "status", "kind", "said"),
    [
        ({"x-api-key": None}, "messages", 401, "authentication_error", "x-api-key header is"),
        ({"x-api-key": "wrong"}, "messages", 401, "authentication_error", "invalid x-api-key"),
        ({"anthropic-version": None}, "messages", 400, "invalid_request_error", "header is req"),
        ({}, "elsewhere", 404, "not_found_error", "Not Found"),
    ],
)
async def test_headers_and_address(
    provider: SimulatedProvider,
    headers: dict[str, str | None],
    path: str,
    status: int,
    kind: str,
    said: str,
) -> None:
    sent = {"x-api-key": API_KEY, "anthropic-version": "2023-06-01", **headers}
    response = await provider.client.post(
        f"/anthropic/v1/{path}",
        content=orjson.dumps({"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": MESSAGES}),
        headers={name: value for name, value in sent.items() if value is not None},
    )
    body = response.json()
    assert (response.status_code, body["type"]) == (status, "error")
    assert body["error"]["type"] == kind
    assert said in body["error"]["message"]
    assert body["request_id"] == response.headers["request-id"]


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("sim-429", 429, "rate_limit_error"),
        ("sim-500", 500, "api_error"),
        ("sim-529", 529, "overloaded_error"),
        ("sim-quota", 400, "invalid_request_error"),
        ("sim-402", 402, "billing_error"),
        ("sim-nothing", 404, "not_found_error"),
        ("gpt-4o", 404, "not_found_error"),
    ],
)
async def test_faults_speak_anthropics_words(
    provider: SimulatedProvider, fault: str, status: int, kind: str
) -> None:
    response = await provider.anthropic(model=fault)
    assert (response.status_code, response.json()["error"]["type"]) == (status, kind)


async def test_streams_that_fail(provider: SimulatedProvider) -> None:
    async def stream(kind: str, **more: Any) -> list[dict[str, Any]]:
        await provider.fault(kind, provider="anthropic", times=1, **more)
        return events(await provider.anthropic(stream=True))

    (error,) = await stream("error-first", status=529)
    assert error["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    *before, error = await stream("error-mid", status=529)
    assert [event["type"] for event in before][-2:] == ["ping", "content_block_delta"]
    assert error["error"]["type"] == "overloaded_error"
    assert (await stream("early-end"))[-1]["type"] == "content_block_delta"
    assert [event["type"] for event in await stream("early-done")][-1] == "message_stop"
    assert [e["type"] for e in await stream("no-choices")] == ["message_start", "message_stop"]
    start, *_, end, _ = await stream("no-usage")
    assert "usage" not in start["message"]
    assert "usage" not in end
