"""OpenAI's Responses, whole and streamed, as the real one speaks them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.local.simulator.conftest import SimulatedProvider, named_events
from tests.wire_types import openai_types as types

from controlplane.local.simulator.asks import REFUSED
from controlplane.local.simulator.wire import API_KEY

WEATHER = {
    "type": "function",
    "name": "get_weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
PATCH = {"type": "custom", "name": "apply_patch"}
SHELL = {"type": "function", "name": "exec_command", "parameters": {"type": "object"}}
NAMESPACE = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [WEATHER]}
SEARCH = {"type": "web_search"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
REASONING = {"effort": "high", "summary": "auto"}
ENCRYPTED: dict[str, Any] = {"include": ["reasoning.encrypted_content"], "store": False}
MANY = [{**WEATHER, "name": f"tool_{number}"} for number in range(9)]
BODIES: dict[str, dict[str, Any]] = {
    "text": {"instructions": "Be brief.", "metadata": {"a": "b"}, "user": "ada"},
    "function": {"tools": [WEATHER]},
    "named function": {
        "tools": [SHELL, WEATHER],
        "tool_choice": {"type": "function", "name": "get_weather"},
    },
    "custom": {"tools": [PATCH]},
    "namespace": {"tools": [NAMESPACE]},
    "search": {"tools": [SEARCH], "input": "Search the web for cats"},
    "reasoning": {"reasoning": REASONING},
    "encrypted": {**ENCRYPTED, "reasoning": REASONING, "tools": [WEATHER]},
    "json_schema": {"text": {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA}}},
    "cut": {"max_output_tokens": 16, "input": "word " * 30},
    "many tools": {"tools": MANY, "tool_choice": "auto"},
    "cached": {"prompt_cache_key": "k", "input": "x" * 4096},
    "refused": {"input": REFUSED},
    "background": {"background": True, "stream": True},
}


def steps(sent: list[dict[str, Any]]) -> list[str]:
    """The types of the events without repetitions in a row."""
    types_of = [event["type"].removeprefix("response.") for event in sent]
    return [
        step for before, step in zip([None, *types_of], types_of, strict=False) if step != before
    ]


@pytest.mark.parametrize("name", BODIES)
async def test_the_stream_adds_up_to_the_whole_answer(
    provider: SimulatedProvider, name: str
) -> None:
    body = BODIES[name]
    sent = named_events(await provider.respond(**body | {"stream": True}))
    for event in sent:
        assert types.RESPONSE_EVENT.faults(event) == [], event
    assert [event["sequence_number"] for event in sent] == list(range(len(sent)))
    *_, last = sent
    whole = (await provider.respond(**body | {"stream": False, "background": False})).json()
    assert types.RESPONSE.faults(whole) == []
    assert last["type"] == f"response.{whole['status']}"
    done = [event["item"] for event in sent if event["type"] == "response.output_item.done"]
    assert done == last["response"]["output"]
    same = ("status", "usage", "model", "tools", "text", "incomplete_details")
    assert [last["response"][one] for one in same] == [whole[one] for one in same]
    for item, other in zip(done, whole["output"], strict=True):
        assert {**item, "id": "", "call_id": ""} == {**other, "id": "", "call_id": ""}
    parts = [part for item in done for part in item.get("content", ())]
    for kind, field in (("output_text", "text"), ("refusal", "refusal")):
        deltas = [e["delta"] for e in sent if e["type"] == f"response.{kind}.delta"]
        assert "".join(deltas) == "".join(part.get(field, "") for part in parts)


async def test_the_order_of_the_events(provider: SimulatedProvider) -> None:
    async def order(**body: Any) -> list[str]:
        return steps(named_events(await provider.respond(**body, stream=True)))

    message = [
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.done"),
        *("content_part.done", "output_item.done"),
    ]
    start = ["created", "in_progress"]
    assert await order() == [*start, *message, "completed"]
    summary = [
        *("reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done"),
    ]
    thought = ["output_item.added", *summary, "output_item.done"]
    assert await order(reasoning=REASONING) == [*start, *thought, *message, "completed"]
    assert await order(tools=[WEATHER]) == [
        *start,
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done"),
        *("output_item.done", "completed"),
    ]
    assert (await order(tools=[PATCH]))[3:5] == [
        "custom_tool_call_input.delta",
        "custom_tool_call_input.done",
    ]
    searched = await order(tools=[SEARCH])
    states = [f"web_search_call.{state}" for state in ("in_progress", "searching", "completed")]
    assert searched[2:7] == ["output_item.added", *states, "output_item.done"]
    assert "output_text.annotation.added" in searched


async def test_what_the_whole_answer_says(provider: SimulatedProvider) -> None:
    response = await provider.respond()
    assert response.headers["x-request-id"].startswith("req_")
    whole = response.json()
    assert (whole["object"], whole["status"]) == ("response", "completed")
    assert whole["model"] == "gpt-6-luna-2026-09-22"
    (message,) = whole["output"]
    said = "The simulator read 1 message. The last user said: Hello there"
    assert message["content"][0]["text"] == said
    assert whole["usage"]["output_tokens"] == len(said.split())
    cut = (await provider.respond(**BODIES["cut"])).json()
    assert (cut["status"], cut["incomplete_details"]) == (
        "incomplete",
        {"reason": "max_output_tokens"},
    )
    assert cut["usage"]["output_tokens"] == 16
    fits = (await provider.respond(**BODIES["json_schema"])).json()
    assert json.loads(fits["output"][0]["content"][0]["text"]) == {"city": "text"}
    cached = (await provider.respond(**BODIES["cached"])).json()["usage"]
    assert cached["input_tokens_details"]["cached_tokens"] == 1024
    thought = (await provider.respond(reasoning=REASONING)).json()
    assert thought["usage"]["output_tokens_details"] == {"reasoning_tokens": 6}


async def test_a_turn_of_an_agent(provider: SimulatedProvider) -> None:
    asked = {"role": "user", "content": 'Please call exec_command {"cmd": "ls"} now.'}
    added = {"type": "additional_tools", "role": "developer", "tools": [SHELL]}
    told = {"role": "developer", "content": "You are an agent."}
    start = [told, added, asked]
    body: dict[str, Any] = {**ENCRYPTED, "tools": [*MANY, SEARCH]}
    made = (await provider.respond(input=start, **body)).json()["output"]
    assert [item["type"] for item in made] == ["reasoning", "function_call"]
    call = made[1]
    assert (call["name"], json.loads(call["arguments"])) == ("exec_command", {"cmd": "ls"})
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "README.md"}
    unknown = {"type": "something_new", "value": 1}
    answer = (await provider.respond(input=[*start, *made, unknown, result], **body)).json()
    assert [item["type"] for item in answer["output"]] == ["reasoning", "message"]
    assert answer["output"][1]["content"][0]["text"].endswith("The tool said: README.md")


async def test_several_tools_at_once(provider: SimulatedProvider) -> None:
    asked = 'call crm.get_weather {"city": "Rome"} and call apply_patch *** Begin Patch\n*** End'
    made = (await provider.respond(input=asked, tools=[NAMESPACE, PATCH])).json()["output"]
    assert [item["type"] for item in made] == ["function_call", "custom_tool_call"]
    assert (made[0]["namespace"], json.loads(made[0]["arguments"])) == ("crm", {"city": "Rome"})
    assert made[1]["input"] == "*** Begin Patch\n*** End"
    assert made[0]["call_id"] != made[1]["call_id"]
    alone: dict[str, Any] = {"tools": [NAMESPACE, PATCH], "parallel_tool_calls": False}
    (only,) = (await provider.respond(input=asked, **alone)).json()["output"]
    assert only["name"] == "get_weather"


async def test_azures_addresses(provider: SimulatedProvider) -> None:
    async def status(path: str, headers: dict[str, str]) -> int:
        body = {"model": "my-gpt" if "nope" in path else "gpt-5.5", "input": "Hello"}
        response = await provider.client.post(f"/azure{path}", json=body, headers=headers)
        if response.status_code == 200:
            assert types.RESPONSE.faults(response.json()) == []
        return response.status_code

    key, bearer = {"api-key": API_KEY}, {"Authorization": f"Bearer {API_KEY}"}
    assert await status("/openai/v1/responses", key) == 200
    assert await status("/openai/v1/responses", bearer) == 200
    assert await status("/openai/responses?api-version=2025-04-01-preview", key) == 200
    assert await status("/openai/responses", key) == 404
    assert await status("/v1/responses", key) == 404
    assert await status("/openai/v1/responses", {"api-key": "sk-wrong"}) == 401


async def test_newer_models_take_tools_here_only(provider: SimulatedProvider) -> None:
    function = {"name": "get_weather", "parameters": SCHEMA}
    tools = [{"type": "function", "function": function}]
    for model in ("gpt-5.6", "gpt-6-luna"):
        error = (await provider.post(model=model, tools=tools)).json()["error"]
        assert error["param"] == "tools"
        assert "Please use /v1/responses instead." in error["message"]
        assert (await provider.respond(model=model, tools=[WEATHER])).status_code == 200
    assert (await provider.post(model="gpt-5.5", tools=tools)).status_code == 200
