"""The official client, given a base URL and a key, works unchanged with every provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel
from tests.e2e.conftest import MakeKey, Stack
from tests.wire_types.openai_types import CHUNKS, COMPLETIONS, ERROR

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Say hello."}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
# One pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


class Forecast(BaseModel):
    """A structured answer."""

    city: str
    days: int
    sunny: bool


@pytest.fixture(params=["openai", "azure", "anthropic"])
def provider(request: pytest.FixtureRequest) -> str:
    """Who is to answer."""
    name: str = request.param
    return name


@pytest.fixture
def model(provider: str, models: Mapping[str, str]) -> str:
    """The model name that leads there."""
    return models[provider]


@pytest.fixture
def key(make_key: MakeKey) -> str:
    return make_key(rate_limits=[{"requests": 1_000_000, "window_seconds": 60}])


class Watch:
    """Sees each response of a client: who gave it, and that it is of OpenAI's type."""

    def __init__(self, provider: str) -> None:
        self.kind = COMPLETIONS[provider]
        self.providers: list[str] = []

    def note(self, response: httpx2.Response) -> bool:
        """True where the body is to be checked too."""
        if response.status_code == 200:
            self.providers.append(response.headers["x-llm-cp-provider"])
        return bool(response.headers["content-type"].startswith("application/json"))

    def check(self, response: httpx2.Response) -> None:
        assert (self.kind if response.status_code == 200 else ERROR).faults(response.json()) == []

    def __call__(self, response: httpx2.Response) -> None:
        if self.note(response):
            response.read()
            self.check(response)

    async def later(self, response: httpx2.Response) -> None:
        """The same for the asynchronous client."""
        if self.note(response):
            await response.aread()
            self.check(response)


@pytest.fixture
def watch(provider: str) -> Iterator[Watch]:
    """No test passes on another provider's answers."""
    watch = Watch(provider)
    yield watch
    assert set(watch.providers) == {provider}


@pytest.fixture
def client(stack: Stack, key: str, watch: Watch) -> Iterator[OpenAI]:
    http = openai.DefaultHttpxClient(event_hooks={"response": [watch]})
    with OpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=key, http_client=http) as client:
        yield client


@pytest.fixture
async def async_client(stack: Stack, key: str, watch: Watch) -> AsyncIterator[AsyncOpenAI]:
    http = openai.DefaultAsyncHttpxClient(event_hooks={"response": [watch.later]})
    url = stack.env["OPENAI_BASE_URL"]
    async with AsyncOpenAI(base_url=url, api_key=key, http_client=http) as client:
        yield client


def test_a_chat(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=HELLO)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id is not None
    assert answer._request_id.startswith("req_")


def test_a_conversation(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(
        model=model,
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi."},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Count to three."},
        ],
        max_completion_tokens=5,
        temperature=0.2,
        user="someone",
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 5


def test_a_stream_with_usage(client: OpenAI, model: str, provider: str) -> None:
    stream = client.chat.completions.create(
        model=model, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    for chunk in chunks:
        assert CHUNKS[provider].faults(chunk.to_dict()) == []
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.endswith("Say hello.")
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    reasons = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]


def test_a_stream_without_usage_has_none(client: OpenAI, model: str) -> None:
    stream = client.chat.completions.create(model=model, messages=HELLO, stream=True)
    assert all(chunk.choices and chunk.usage is None for chunk in stream)


def test_the_streaming_helper(client: OpenAI, model: str) -> None:
    with client.chat.completions.stream(model=model, messages=HELLO, tools=[TOOL]) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.parsed_arguments == {"city": "text"}
    with client.chat.completions.stream(model=model, messages=HELLO) as stream:
        text = "".join(event.delta for event in stream if event.type == "content.delta")
        assert stream.get_final_completion().choices[0].message.content == text


def test_structured_outputs(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.parse(model=model, messages=HELLO, response_format=Forecast)
    assert isinstance(answer.choices[0].message.parsed, Forecast)
    with client.chat.completions.stream(
        model=model, messages=HELLO, response_format=Forecast
    ) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.parsed == answer.choices[0].message.parsed


def test_a_tool_call_and_its_result(client: OpenAI, model: str) -> None:
    messages = list(HELLO)
    answer = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"text"}')
    messages.append(message.to_dict())  # type: ignore[arg-type]
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "Sunny."})
    final = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    assert final.choices[0].finish_reason == "stop"
    assert (final.choices[0].message.content or "").startswith("The simulator read 3 messages.")


def test_a_named_tool_and_none(client: OpenAI, model: str) -> None:
    named = client.chat.completions.create(
        model=model,
        messages=HELLO,
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        parallel_tool_calls=False,
    )
    assert named.choices[0].message.tool_calls
    none = client.chat.completions.create(
        model=model, messages=HELLO, tools=[TOOL], tool_choice="none"
    )
    assert none.choices[0].message.tool_calls is None


def test_text_and_an_image(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(
        model=model,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is on these?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}},
                ],
            }
        ],
    )
    assert (answer.choices[0].message.content or "").endswith("What is on these?")


async def test_the_async_client(async_client: AsyncOpenAI, model: str) -> None:
    answer = await async_client.chat.completions.create(model=model, messages=HELLO)
    stream = await async_client.chat.completions.create(model=model, messages=HELLO, stream=True)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
    assert text == answer.choices[0].message.content
    async with async_client.chat.completions.stream(
        model=model, messages=HELLO, response_format=Forecast
    ) as helper:
        final = await helper.get_final_completion()
    assert isinstance(final.choices[0].message.parsed, Forecast)
