"""Anthropic as the gateway sees it: what it would leave out, and what it refuses before a call."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatRequest
from controlplane.errors import UnsupportedParameter
from controlplane.providers.anthropic.provider import AnthropicProvider
from controlplane.providers.registry import KINDS

SETTINGS = ProviderSettings("anthropic", "anthropic", "https://provider.test", "sk-ant-key")
TOOL = {"type": "function", "function": {"name": "f"}}
MODEL = "claude-sonnet-4-5"


@pytest.fixture
def provider() -> AnthropicProvider:
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing is to be called")

    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    return AnthropicProvider(KINDS["anthropic"], SETTINGS, client)


def request(**more: Any) -> ChatRequest:
    return ChatRequest({"model": "m", "messages": [{"role": "user", "content": "Hello"}], **more})


def test_what_is_left_out_is_named(provider: AnthropicProvider) -> None:
    assert provider.check(request(), MODEL) == ()
    assert provider.check(request(seed=1, user="a", safety_identifier="b", store=True), MODEL) == (
        "seed",
        "store",
        "user",
    )
    assert provider.check(request(user="a", safety_identifier="a"), MODEL) == ()
    forced = request(tools=[TOOL], tool_choice="required", reasoning_effort="low")
    assert provider.check(forced, MODEL) == ("reasoning_effort",)


def test_what_depends_on_the_model_is_named_where_the_model_is_known(
    provider: AnthropicProvider,
) -> None:
    short = request(max_tokens=500, reasoning_effort="low")
    assert provider.check(short, "claude-haiku-4-5") == ("reasoning_effort",)
    assert provider.check(short, "claude-haiku-5-5") == ()


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"n": 2}, "n"),
        ({"top_k": 3}, "top_k"),
        ({"temperature": 1.5}, "temperature"),
        ({"messages": [{"role": "user", "content": "a", "extra": 1}]}, "messages.0.extra"),
    ],
)
def test_what_cannot_be_honoured_is_refused_before_a_call(
    provider: AnthropicProvider, parameters: Any, place: str
) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        provider.check(request(**parameters), MODEL)
    assert raised.value.param == place
