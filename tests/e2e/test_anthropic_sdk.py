"""Anthropic's own client, given a base URL and a key, works unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import MessageParam, ToolParam
from tests.e2e.conftest import MakeKey, Stack
from tests.wire_types.anthropic_types import MESSAGE

HELLO: list[MessageParam] = [{"role": "user", "content": "Say hello."}]
TOOL: ToolParam = {
    "name": "get_weather",
    "description": "The weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


@pytest.fixture
def model(models: Mapping[str, str]) -> str:
    """One that a target of the kind anthropic serves."""
    return models["anthropic"]


@pytest.fixture
def key(make_key: MakeKey) -> str:
    return make_key(rate_limits=[{"requests": 1_000_000, "window_seconds": 60}])


@pytest.fixture
def client(stack: Stack, key: str) -> Iterator[Anthropic]:
    with Anthropic(base_url=stack.url, auth_token=key, max_retries=0) as made:
        yield made


def test_a_message_and_its_record(client: Anthropic, stack: Stack, model: str) -> None:
    raw = client.messages.with_raw_response.create(model=model, max_tokens=64, messages=HELLO)
    message = raw.parse()
    assert message.content[0].type == "text"
    assert MESSAGE.faults(raw.http_response.json()) == []
    assert message._request_id == raw.headers["x-request-id"]
    record = stack.record(raw.headers["request-id"])
    assert (record["operation"], record["provider"]) == ("messages", "anthropic")
    assert record["tokens_output"] == message.usage.output_tokens
    assert float(record["cost_usd"]) > 0


def test_a_stream_and_its_helpers(client: Anthropic, stack: Stack, model: str) -> None:
    whole = client.messages.create(model=model, max_tokens=64, messages=HELLO)
    with client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
        request_id = stream.response.headers["request-id"]
    block = whole.content[0]
    assert block.type == "text"
    assert text == block.text
    assert final.stop_reason == "end_turn"
    record = stack.record(request_id)
    assert record["stream"]
    assert record["tokens_output"] == final.usage.output_tokens
    assert not record["usage_estimated"]


async def test_the_asynchronous_client(stack: Stack, key: str, model: str) -> None:
    async with (
        AsyncAnthropic(base_url=stack.url, auth_token=key, max_retries=0) as client,
        client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream,
    ):
        kinds = [event.type async for event in stream]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


def test_a_tool_and_its_result(client: Anthropic, model: str) -> None:
    asked: list[MessageParam] = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = client.messages.create(
        model=model,
        max_tokens=256,
        messages=asked,
        tools=[TOOL],
        tool_choice={"type": "tool", "name": "get_weather"},
    )
    (call,) = (block for block in first.content if block.type == "tool_use")
    assert first.stop_reason == "tool_use"
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": "Sunny."}
    second = client.messages.create(
        model=model,
        max_tokens=256,
        messages=[
            *asked,
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ],
        tools=[TOOL],
    )
    assert second.stop_reason == "end_turn"


def test_tokens_are_counted(client: Anthropic, stack: Stack, model: str) -> None:
    raw = client.messages.with_raw_response.count_tokens(model=model, messages=HELLO)
    assert raw.parse().input_tokens > 0
    record = stack.record(raw.headers["request-id"])
    assert record["operation"] == "messages.count_tokens"
    assert (record["tokens_input"], record["tokens_output"]) == (0, 0)
    assert float(record["cost_usd"] or 0) == 0


def test_models_page_by_page(client: Anthropic, model: str) -> None:
    every = [each.id for each in client.models.list(limit=1000)]
    assert model in every or any(name.startswith("claude-") for name in every)
    assert [each.id for each in client.models.list(limit=1)] == every
    assert client.models.retrieve(every[0]).display_name == every[0]
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("none")


def test_errors_are_the_client_s_own(client: Anthropic, stack: Stack, model: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(
            model=model, max_tokens=64, messages=[{"role": "user", "content": "ana@example.com"}]
        )
    assert refused.value.type == "invalid_request_error"
    assert "messages.0.content" in refused.value.message
    assert refused.value.request_id is not None
    assert stack.record(refused.value.request_id)["code"] == "pii_detected"
    with (
        Anthropic(base_url=stack.url, auth_token="sk-cp-wrong", max_retries=0) as stranger,
        pytest.raises(anthropic.AuthenticationError),
    ):
        stranger.messages.create(model=model, max_tokens=64, messages=HELLO)


def test_a_budget_is_not_tried_again(stack: Stack, make_key: MakeKey, model: str) -> None:
    seen: list[httpx2.Response] = []
    key = make_key(cost_caps=[{"usd": "0.000001", "period": "day"}])
    http = httpx2.Client(event_hooks={"response": [seen.append]})
    with (
        Anthropic(base_url=stack.url, auth_token=key, http_client=http) as client,
        pytest.raises(anthropic.RateLimitError) as refused,
    ):
        client.messages.create(model=model, max_tokens=64, messages=HELLO)
    assert refused.value.type == "billing_error"
    assert len(seen) == 1


def test_a_refusal_is_in_the_provider_s_own_words(client: Anthropic, model: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.create(
            model=model,
            max_tokens=64,
            messages=HELLO,
            extra_body={"a_field_of_no_version": 1},
        )
    assert "a_field_of_no_version: Extra inputs are not permitted" in refused.value.message


def test_a_stream_that_breaks_off_raises(client: Anthropic, stack: Stack, model: str) -> None:
    stack.simulate("anthropic", {"kind": "drop"})
    with (
        pytest.raises(anthropic.APIStatusError) as broken,
        client.messages.stream(model=model, max_tokens=64, messages=HELLO) as stream,
    ):
        stream.until_done()
    assert broken.value.type == "api_error"


def test_an_overloaded_provider(client: Anthropic, stack: Stack, model: str) -> None:
    stack.simulate("anthropic", {"kind": "status", "status": 529, "retry_after": 30})
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        client.messages.create(model=model, max_tokens=64, messages=HELLO)
    assert (overloaded.value.status_code, overloaded.value.type) == (529, "overloaded_error")
