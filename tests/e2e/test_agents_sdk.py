"""OpenAI's Agents SDK and LangChain's classes for Responses and Messages work unchanged, with every
target."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from tests.e2e.conftest import MakeKey, Stack

pytestmark = [
    pytest.mark.usefixtures("node_modules"),  # `make test-clients` has the packages
    pytest.mark.parametrize("provider", ["openai", "responses-only", "azure", "anthropic"]),
]


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


async def test_agents(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], provider: str
) -> None:
    agents: Any = import_module("agents")
    openai: Any = import_module("openai")
    agents.set_tracing_disabled(disabled=True)
    client = openai.AsyncOpenAI(base_url=stack.env["OPENAI_BASE_URL"], api_key=make_key())
    model = agents.OpenAIResponsesModel(model=models[provider], openai_client=client)
    tools = [agents.function_tool(get_weather)]
    agent = agents.Agent(name="Reporter", instructions="Be brief.", model=model, tools=tools)
    result = await agents.Runner.run(agent, "The weather?")
    assert "The tool said: Sunny in text." in result.final_output
    streamed = agents.Runner.run_streamed(agent, "The weather?")
    kinds = {event.type async for event in streamed.stream_events()}
    assert "raw_response_event" in kinds
    assert streamed.final_output == result.final_output


def test_langchain_over_responses(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], provider: str
) -> None:
    langchain_openai: Any = import_module("langchain_openai")
    chat = langchain_openai.ChatOpenAI(
        model=models[provider],
        base_url=stack.env["OPENAI_BASE_URL"],
        api_key=make_key(),
        use_responses_api=True,
    )
    assert _talk(chat) == "Sunny."


def test_langchain_over_messages(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], provider: str
) -> None:
    langchain_anthropic: Any = import_module("langchain_anthropic")
    chat = langchain_anthropic.ChatAnthropic(
        model=models[provider], base_url=stack.url, api_key=make_key(), max_tokens=300
    )
    assert _talk(chat) == "Sunny."


def _talk(chat: Any) -> str:
    """What the model says of the result of a tool, at the end of all that is tried."""
    messages: Any = import_module("langchain_core.messages")
    answer = chat.invoke("Say hello.")
    assert answer.text.endswith("Say hello.")
    assert answer.usage_metadata["total_tokens"] > 0
    assert "".join(chunk.text for chunk in chat.stream("Say hello.")) == answer.text
    with_tool = chat.bind_tools([get_weather])
    asked = with_tool.invoke("The weather?")
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "text"})
    history = [messages.HumanMessage("The weather?"), asked]
    result = messages.ToolMessage("Sunny.", tool_call_id=call["id"])
    said: str = with_tool.invoke([*history, result]).text
    return said.partition("The tool said: ")[2].strip()
