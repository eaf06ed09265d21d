"""OpenAI's wire format, as the real one speaks it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import jsonschema
import openai
import pytest
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider, events

from controlplane.local.simulator.app import Simulator
from controlplane.local.simulator.asks import REFUSED
from controlplane.local.simulator.wire import API_KEY

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 6},
                "unit": {"enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
            },
            "required": ["city", "unit", "days"],
            "additionalProperties": False,
        },
    },
}


async def test_a_whole_answer(provider: SimulatedProvider) -> None:
    response = await provider.post()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"].startswith("req_")
    assert response.headers["x-ratelimit-remaining-requests"] == "9999"
    body = response.json()
    assert body["object"] == "chat.completion"
    assert body["id"].startswith("chatcmpl-")
    assert body["model"] == "gpt-4o-2024-08-06"
    (choice,) = body["choices"]
    text = "The simulator read 1 message. The last user said: Hello there"
    assert choice["message"] == {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": [],
    }
    assert (choice["finish_reason"], choice["logprobs"]) == ("stop", None)
    usage = body["usage"]
    assert usage["completion_tokens"] == len(text.split())
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == 0


async def test_the_answer_is_the_same_every_time(provider: SimulatedProvider) -> None:
    one, other = (await provider.post()).json(), (await provider.post()).json()
    assert one["id"] != other["id"]
    assert one["choices"] == other["choices"]
    assert one["usage"] == other["usage"]


async def test_a_stream_says_what_the_whole_answer_says(provider: SimulatedProvider) -> None:
    whole = (await provider.post()).json()
    *chunks, done = events(await provider.post(stream=True))
    assert done == "[DONE]"
    assert all("usage" not in chunk for chunk in chunks)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    first, *middle, last = [chunk["choices"][0] for chunk in chunks]
    assert first["delta"] == {"role": "assistant", "content": "", "refusal": None}
    text = "".join(choice["delta"]["content"] for choice in middle)
    assert text == whole["choices"][0]["message"]["content"]
    assert len(middle) == whole["usage"]["completion_tokens"]
    assert last["delta"] == {}
    assert last["finish_reason"] == "stop"
    assert all(choice["finish_reason"] is None for choice in (first, *middle))


async def test_the_usage_chunk_comes_only_when_asked_for(provider: SimulatedProvider) -> None:
    response = await provider.post(stream=True, stream_options={"include_usage": True})
    *chunks, usage, done = events(response)
    assert done == "[DONE]"
    assert all(chunk["usage"] is None for chunk in chunks)
    assert usage["choices"] == []
    assert usage["usage"] == (await provider.post()).json()["usage"]


async def test_n_choices(provider: SimulatedProvider) -> None:
    body = (await provider.post(n=3)).json()
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    chunks = events(await provider.post(n=3, stream=True))[:-1]
    finished = [c["choices"][0]["index"] for c in chunks if c["choices"][0]["finish_reason"]]
    assert finished == [0, 1, 2]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_the_limit_cuts_the_answer(provider: SimulatedProvider, name: str) -> None:
    body = (await provider.post(**{name: 2})).json()
    assert body["choices"][0]["message"]["content"] == "The simulator"
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 2


async def test_stop_cuts_the_answer(provider: SimulatedProvider) -> None:
    body = (await provider.post(stop=["nowhere", " message"])).json()
    assert body["choices"][0]["message"]["content"] == "The simulator read 1"
    assert body["choices"][0]["finish_reason"] == "stop"


async def test_a_tool_call_fits_its_schema(provider: SimulatedProvider) -> None:
    (choice,) = (await provider.post(tools=[WEATHER])).json()["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    (call,) = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["function"]["name"] == "get_weather"
    arguments = json.loads(call["function"]["arguments"])
    jsonschema.validate(arguments, WEATHER["function"]["parameters"])  # type: ignore[index]


async def test_a_streamed_tool_call_adds_up(provider: SimulatedProvider) -> None:
    chunks = events(await provider.post(tools=[WEATHER], stream=True))[:-1]
    deltas = [call for c in chunks for call in c["choices"][0]["delta"].get("tool_calls", ())]
    assert {call["index"] for call in deltas} == {0}
    assert deltas[0]["id"].startswith("call_")
    assert deltas[0]["function"] == {"name": "get_weather", "arguments": ""}
    assert all("id" not in call for call in deltas[1:])
    assert json.loads("".join(call["function"]["arguments"] for call in deltas))["days"] == 1
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_who_answers_with_a_tool(provider: SimulatedProvider) -> None:
    async def has_call(**body: Any) -> bool:
        (choice,) = (await provider.post(tools=[WEATHER], **body)).json()["choices"]
        return "tool_calls" in choice["message"]

    result = [*MESSAGES, {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]
    assert not await has_call(tool_choice="none")
    assert not await has_call(messages=result)
    assert await has_call(messages=result, tool_choice="required")


async def test_a_named_tool_ends_with_stop(provider: SimulatedProvider) -> None:
    other = {"type": "function", "function": {"name": "other"}}
    named = {"type": "function", "function": {"name": "get_weather"}}
    response = await provider.post(tools=[other, WEATHER], tool_choice=named)
    (choice,) = response.json()["choices"]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert choice["finish_reason"] == "stop"


async def test_a_refusal(provider: SimulatedProvider) -> None:
    asked = {"messages": [{"role": "user", "content": REFUSED}]}
    whole = (await provider.post(**asked)).json()["choices"][0]["message"]
    assert (whole["content"], whole["refusal"].startswith("The simulator")) == (None, True)
    chunks = events(await provider.post(**asked, stream=True))[:-1]
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("refusal") or "" for delta in deltas) == whole["refusal"]


async def test_structured_answers(provider: SimulatedProvider) -> None:
    plain = await provider.post(response_format={"type": "json_object"})
    assert json.loads(plain.json()["choices"][0]["message"]["content"])["echo"] == "Hello there"
    schema = WEATHER["function"]["parameters"]  # type: ignore[index]
    wanted = {"type": "json_schema", "json_schema": {"name": "weather", "schema": schema}}
    fitting = await provider.post(response_format=wanted)
    jsonschema.validate(json.loads(fitting.json()["choices"][0]["message"]["content"]), schema)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": [{"role": "wizard"}]}, "messages[0].role", "invalid_value"),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"n": 0}, "n", "decimal_below_min_value"),
        ({"top_p": "high"}, "top_p", "invalid_type"),
        ({"verbose": True}, "verbose", "unknown_parameter"),
        ({"stream_options": {"include_usage": True}}, "stream_options", None),
        ({"tool_choice": "auto"}, "tool_choice", None),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
    ],
)
async def test_bad_parameters_are_named(
    provider: SimulatedProvider, body: dict[str, Any], param: str, code: str | None
) -> None:
    response = await provider.post(**body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert error["code"] == code


async def test_the_official_client_reads_all_of_it() -> None:
    transport = httpx2.ASGITransport(Simulator())
    async with openai.AsyncOpenAI(
        api_key=API_KEY,
        base_url="http://simulator/openai/v1",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport),
    ) as client:
        messages: Any = MESSAGES
        whole = await client.chat.completions.create(model="gpt-4o", messages=messages)
        assert whole.choices[0].message.content
        stream = await client.chat.completions.create(
            model="gpt-4o",
            messages=messages,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = [chunk async for chunk in stream]
        assert chunks[-1].usage == whole.usage
        with pytest.raises(openai.NotFoundError) as missing:
            await client.chat.completions.create(model="gpt5", messages=messages)
        assert missing.value.code == "model_not_found"
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="sk-wrong").chat.completions.create(
                model="gpt-4o", messages=messages
            )
        with pytest.raises(openai.RateLimitError) as limited:
            await client.chat.completions.create(model="sim-429-7", messages=messages)
        assert limited.value.response.headers["retry-after"] == "7"
