"""The clients of OpenAI and Anthropic read what the simulator says over their newer protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from anthropic import AsyncAnthropic
from pydantic import BaseModel

from controlplane.local.simulator.app import Simulator
from controlplane.local.simulator.wire import API_KEY

HELLO = [{"role": "user", "content": "Hello there"}]
SAID = "The simulator read 1 message. The last user said: Hello there"


class Place(BaseModel):
    city: str


@pytest.fixture
async def transport() -> AsyncIterator[Any]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(Simulator())) as client:
        yield client


@pytest.fixture
def responses(transport: Any) -> Any:
    """OpenAI's Responses."""
    return openai.AsyncOpenAI(
        api_key=API_KEY,
        base_url="http://simulator/openai/v1",
        max_retries=0,
        http_client=transport,
    ).responses


async def test_responses(responses: Any) -> None:
    made = await responses.create(model="gpt-6-luna", input="Hello there")
    assert made.output_text == SAID
    assert (await responses.retrieve(made.id)).output_text == SAID
    items = await responses.input_items.list(made.id)
    assert items.data[0].content[0].text == "Hello there"
    parsed = await responses.parse(model="gpt-6-luna", input="Hello", text_format=Place)
    assert parsed.output_parsed == Place(city="text")
    async with responses.stream(model="gpt-6-luna", input="Hello there") as stream:
        async for event in stream:
            assert event.type
        assert (await stream.get_final_response()).output_text == SAID
    with pytest.raises(openai.NotFoundError):
        await responses.create(model="gpt", input="Hello")
    # The client does not raise here: the event is one like others.
    failing = await responses.create(model="sim-error-mid", input="Hello", stream=True)
    *_, error = [event async for event in failing]
    assert (error.type, "server had an error" in error.message) == ("error", True)


async def test_azures_client(transport: Any) -> None:
    client = openai.AsyncAzureOpenAI(
        api_key=API_KEY,
        azure_endpoint="http://simulator/azure",
        api_version="2025-04-01-preview",
        http_client=transport,
    )
    made = await client.responses.create(model="gpt-5.5", input="Hello there")
    assert made.output_text == SAID


async def test_messages(transport: Any) -> None:
    client = AsyncAnthropic(
        api_key=API_KEY, base_url="http://simulator/anthropic", http_client=transport
    )
    asked: dict[str, Any] = {"model": "claude-opus-5-5", "messages": HELLO}
    async with client.messages.stream(
        **asked, max_tokens=99, thinking={"type": "adaptive"}
    ) as stream:
        final = await stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    counted = await client.messages.count_tokens(**asked)
    assert counted.input_tokens == final.usage.input_tokens
    beta = await client.beta.messages.create(**asked, max_tokens=99, betas=["never-heard-of"])
    assert beta.content[0].text == SAID
    named = [model.id async for model in client.models.list(limit=2)]
    assert "claude-opus-5-5" in named
    assert len(named) == 6
