"""Anthropic as the gateway sees it: what it would leave out, and what it refuses before a call."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from controlplane.config import ProviderSettings
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.providers.anthropic import provider as anthropic
from controlplane.providers.provider import HttpProvider
from controlplane.providers.registry import KINDS

SETTINGS = ProviderSettings("anthropic", "anthropic", "https://provider.test", "sk-ant-key")
TOOL = {"type": "function", "function": {"name": "f"}}
MODEL = "claude-sonnet-4-5"


@pytest.fixture
def provider() -> HttpProvider:
    def never(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing is to be called")

    client = httpx.AsyncClient(transport=httpx.MockTransport(never))
    return anthropic(KINDS["anthropic"], SETTINGS, client)


def request(**more: Any) -> ChatRequest:
    return ChatRequest({"model": "m", "messages": [{"role": "user", "content": "Hello"}], **more})


def test_what_is_left_out_is_named(provider: HttpProvider) -> None:
    assert provider.prepare(request(), MODEL).left_out == ()
    assert provider.prepare(
        request(seed=1, user="a", safety_identifier="b", store=True), MODEL
    ).left_out == (
        "seed",
        "store",
        "user",
    )
    assert provider.prepare(request(user="a", safety_identifier="a"), MODEL).left_out == ()
    forced = request(tools=[TOOL], tool_choice="required", reasoning_effort="low")
    assert provider.prepare(forced, MODEL).left_out == ("reasoning_effort",)


def test_what_depends_on_the_model_is_named_where_the_model_is_known(
    provider: HttpProvider,
) -> None:
    short = request(max_tokens=500, reasoning_effort="low")
    assert provider.prepare(short, "claude-haiku-4-5").left_out == ("reasoning_effort",)
    assert provider.prepare(short, "claude-haiku-5-5").left_out == ()


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
    provider: HttpProvider, parameters: Any, place: str
) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        provider.prepare(request(**parameters), MODEL)
    assert raised.value.param == place
