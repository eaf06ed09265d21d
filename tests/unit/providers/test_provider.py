"""Which protocol a server is called in."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.errors import UnsupportedParameter
from controlplane.protocols.registry import protocol
from controlplane.providers.provider import HttpCall, HttpProvider
from controlplane.translators.registry import steps
from controlplane.wiring.providers import open_provider

CHAT, RESPONSES = ProtocolName.CHAT_COMPLETIONS, ProtocolName.RESPONSES
MESSAGES = [{"role": "user", "content": "hi"}]
TOOLS = [{"type": "function", "function": {"name": "f"}}]


def server(*protocols: str, kind: str = "openai") -> HttpProvider:
    settings = ProviderSettings("x", kind, "https://x.test/v1", protocols=protocols)
    made = open_provider(settings, httpx.AsyncClient())
    assert isinstance(made, HttpProvider)
    return made


def request(name: ProtocolName, **body: Any) -> InferenceRequest:
    return protocol(name).parse(orjson.dumps({"model": "m", **body}))


def called(made: HttpProvider, asked: InferenceRequest, model: str = "some-model") -> HttpCall:
    prepared = made.prepare(asked, model)
    assert isinstance(prepared, HttpCall)
    return prepared


@pytest.mark.parametrize("protocols", [(), ("responses",), ("chat_completions", "responses")])
def test_responses_go_where_they_are_spoken(protocols: tuple[str, ...]) -> None:
    call = called(server(*protocols), request(RESPONSES, input="hi"))
    assert (call.url, call.protocol.name) == ("https://x.test/v1/responses", RESPONSES)
    assert call.translations == ()


def test_where_they_are_not_they_are_refused_unless_they_can_be_translated() -> None:
    if steps(RESPONSES, (CHAT,)) is None:
        with pytest.raises(UnsupportedParameter, match="they have no responses"):
            called(server("chat_completions"), request(RESPONSES, input="hi"))
    else:
        call = called(server("chat_completions"), request(RESPONSES, input="hi"))
        assert call.protocol.name is CHAT


@pytest.mark.parametrize("name", ["previous_response_id", "conversation"])
def test_what_is_stored_is_not_translated(name: str) -> None:
    with pytest.raises(UnsupportedParameter) as caught:
        called(server("chat_completions"), request(RESPONSES, input="hi", **{name: "id_1"}))
    expected = name if steps(RESPONSES, (CHAT,)) else "model"
    assert caught.value.param == expected


@pytest.mark.parametrize("model", ["gpt-5.6-sol", "gpt-6-luna", "gpt-6.2-astra"])
def test_models_that_take_tools_over_responses_only(model: str) -> None:
    """Once there is a translator to Responses; until then they are asked as they always were."""
    only = steps(CHAT, (RESPONSES,)) is not None
    tools = request(CHAT, messages=MESSAGES, tools=TOOLS)
    assert called(server(), tools, model).protocol.name is (RESPONSES if only else CHAT)
    plain = request(CHAT, messages=MESSAGES)
    assert called(server(), plain, model).protocol.name is CHAT
    assert called(server("chat_completions"), tools, model).protocol.name is CHAT
    assert called(server(kind="azure"), tools, model).protocol.name is CHAT


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-4.1", "my-gpt-6"])
def test_all_others_take_tools_in_chats(model: str) -> None:
    call = called(server(), request(CHAT, messages=MESSAGES, tools=TOOLS), model)
    assert call.protocol.name is CHAT
