"""What the Responses API does not take, and how responses fail."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.local.simulator.conftest import SimulatedProvider, named_events
from tests.unit.local.simulator.responses.test_wire import ENCRYPTED, REASONING, WEATHER
from tests.wire_types import openai_types as types

CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "done"}


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": []}, "messages", "unknown_parameter"),
        ({"max_tokens": 9}, "max_tokens", "unknown_parameter"),
        ({"input": None}, "input", "missing_required_parameter"),
        ({"input": 7}, "input", "invalid_type"),
        ({"input": [{"role": "tool", "content": ""}]}, "input[0].role", "invalid_value"),
        ({"input": ["Hello"]}, "input[0]", "invalid_type"),
        ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter"),
        ({"input": [CALL]}, "input", None),
        ({"input": [RESULT]}, "input", None),
        ({"input": [CALL, {**RESULT, "call_id": "call_2"}]}, "input", None),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"max_output_tokens": 15}, "max_output_tokens", "integer_below_min_value"),
        ({"tools": [{"name": "f"}]}, "tools[0].type", "missing_required_parameter"),
        (
            {"tools": [{"type": "function", "function": {"name": "f"}}]},
            "tools[0].name",
            "missing_required_parameter",
        ),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice", None),
        (
            {"text": {"format": {"type": "json_schema", "schema": {}}}},
            "text.format.name",
            "missing_required_parameter",
        ),
        (
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            "previous_response_id",
            "mutually_exclusive_parameters",
        ),
        ({"background": True, "store": False}, "background", None),
        (
            {"model": "gpt-4o", "reasoning": REASONING},
            "reasoning.effort",
            "unsupported_parameter",
        ),
        ({"model": "gpt-4o", **ENCRYPTED}, "include", None),
    ],
)
async def test_parameters(
    provider: SimulatedProvider, body: dict[str, Any], param: str, code: str | None
) -> None:
    response = await provider.respond(**body)
    assert response.status_code == 400
    assert types.ERROR.faults(response.json()) == []
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


async def test_addresses(provider: SimulatedProvider) -> None:
    assert (await provider.kept("resp_1", method="PUT")).status_code == 405
    assert (await provider.kept("", method="GET")).status_code == 404
    assert (await provider.kept("resp_1/elsewhere")).status_code == 404
    assert (await provider.respond(key="sk-wrong")).json()["error"]["code"] == "invalid_api_key"
    missing = (await provider.respond(model="gpt")).json()["error"]
    assert missing["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (413, "context_length_exceeded"),
        (429, "rate_limit_exceeded"),
        (402, "insufficient_quota"),
        (500, "server_error"),
    ],
)
async def test_responses_that_say_they_failed(
    provider: SimulatedProvider, status: int, code: str
) -> None:
    await provider.fault("given-up", status=status, times=2)
    *_, last = sent = named_events(await provider.respond(stream=True))
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"]["code"] == code
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    whole = (await provider.respond()).json()
    assert (whole["status"], whole["error"]["code"]) == ("failed", code)
    if code in ("rate_limit_exceeded", "server_error"):
        # The package does not name the others, which OpenAI sends and clients read.
        assert types.RESPONSE_EVENT.faults(last) == []
        assert types.RESPONSE.faults(whole) == []


async def test_refusals_by_status(provider: SimulatedProvider) -> None:
    codes = {"sim-429": "rate_limit_exceeded", "sim-quota": "insufficient_quota"}
    codes["sim-too-long"] = "context_length_exceeded"
    for model, code in codes.items():
        assert (await provider.respond(model=model)).json()["error"]["code"] == code
    assert (await provider.respond(model="sim-503")).status_code == 503


async def test_streams_that_fail(provider: SimulatedProvider) -> None:
    async def stream(kind: str, **more: Any) -> list[dict[str, Any]]:
        await provider.fault(kind, times=1, **more)
        return named_events(await provider.respond(stream=True, tools=[WEATHER]))

    *before, error = await stream("error-mid", status=429)
    assert types.RESPONSE_EVENT.faults(error) == []
    assert (error["code"], error["sequence_number"]) == ("rate_limit_exceeded", len(before))
    (first,) = await stream("error-first", status=500)
    assert (first["type"], first["sequence_number"]) == ("error", 0)
    types_of = {kind: [event["type"] for event in await stream(kind)] for kind in ENDINGS}
    assert types_of["no-end"][-1] == "response.output_item.done"
    assert types_of["early-done"][-1] == "response.completed"
    assert "response.output_item.done" not in types_of["early-done"]
    assert "response.completed" not in types_of["early-end"]
    assert "simulated_unknown" in types_of["unknown"]
    created, _, done = await stream("no-choices")
    assert (created["type"], done["response"]["output"]) == ("response.created", [])
    assert (await stream("no-usage"))[-1]["response"]["usage"] is None
    await provider.fault("garbage", times=1)
    assert b"<garbage>" in (await provider.respond(stream=True)).content


ENDINGS = ("no-end", "early-done", "early-end", "unknown")
