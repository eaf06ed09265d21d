"""The official client, given a base URL and a key, works unchanged."""

from __future__ import annotations

import openai
import pytest
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from tests.e2e.conftest import MakeKey, Stack

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}


@pytest.fixture
def client(stack: Stack) -> OpenAI:
    return OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=stack.env["OPENAI_API_KEY"])


def test_a_chat(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id is not None
    assert answer._request_id.startswith("req_")


def test_a_stream_with_usage(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o",
        messages=HELLO,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def test_a_stream_without_usage_has_none(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True)
    assert all(chunk.choices and chunk.usage is None for chunk in stream)


def test_a_tool_call(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o",
        messages=HELLO,
        tools=[TOOL],
    )
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert calls[0].function.name == "get_weather"


def test_a_wrong_key(stack: Stack) -> None:
    stranger = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key="sk-cp-wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.code == "invalid_api_key"


def test_personal_data(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model="gpt-4o",
            messages=[{"role": "user", "content": "I am jane.doe@example.com"}],
        )
    assert caught.value.code == "pii_detected"
    assert caught.value.param == "messages.0.content"
    assert "jane" not in caught.value.message


def test_an_unknown_model(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-nope", messages=HELLO)
    assert caught.value.code == "model_not_found"


def test_a_rate_limit(stack: Stack, make_key: MakeKey) -> None:
    key = make_key(rate_limits=[{"requests": 1, "window_seconds": 60}])
    client = OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, max_retries=0)
    client.chat.completions.create(model="gpt-4o", messages=HELLO)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="gpt-4o", messages=HELLO)
    assert caught.value.code == "rate_limit_exceeded"
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60
    assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"


def test_a_cut_stream_raises(stack: Stack, client: OpenAI) -> None:
    stack.simulate("openai", {"kind": "drop"}, times=1)
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model="gpt-4o", messages=HELLO, stream=True))
    assert caught.value.code == "stream_interrupted"
