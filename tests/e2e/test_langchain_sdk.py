"""`langchain-openai` works unchanged with every provider."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest
from pydantic import BaseModel
from tests.e2e.conftest import MakeKey, Stack


class Forecast(BaseModel):
    """A structured answer."""

    city: str
    days: int


def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


@pytest.mark.usefixtures("node_modules")
@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
def test_langchain(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], provider: str
) -> None:
    langchain_openai: Any = import_module("langchain_openai")
    model = models[provider]
    chat = langchain_openai.ChatOpenAI(
        model=model,
        base_url=stack.env["OPENAI_BASE_URL"],
        api_key=make_key(),
        include_response_headers=True,
    )
    answer = chat.invoke("Say hello.")
    assert answer.content.endswith("Say hello.")
    assert answer.response_metadata["headers"]["x-llm-cp-provider"] == provider
    assert answer.usage_metadata["total_tokens"] > 0
    assert "".join(chunk.content for chunk in chat.stream("Say hello.")) == answer.content
    asked = chat.bind_tools([get_weather]).invoke("The weather?")
    (call,) = asked.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "text"})
    for method in ("json_schema", "function_calling"):
        structured = chat.with_structured_output(Forecast, method=method)
        assert isinstance(structured.invoke("The forecast?"), Forecast)
