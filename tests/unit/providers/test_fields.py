"""What compatible servers are sent: the bound in the field they read, and nothing they refuse."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from controlplane.config import ProviderSettings, provider_settings
from controlplane.domain.routing import Timeouts
from controlplane.errors import UnsupportedParameter
from controlplane.gateway.ports import Provider
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.parameters import Fitted
from controlplane.providers.fields import fit, with_usage
from controlplane.providers.registry import SETTINGS
from controlplane.wiring.providers import open_provider

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
# One that passes in both formats.
ANSWER = {
    "choices": [{"message": {"content": "x"}}],
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "x"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
USAGE = {"include_usage": True}


def row(**settings: Any) -> ProviderSettings:
    whole = {"kind": "openai", "base_url": "https://gpu/v1", **settings}
    values = {"LLM_CP_PROVIDERS": json.dumps({"gpu": whole})}
    return provider_settings(values, SETTINGS, local=False)["gpu"]


@pytest.mark.parametrize(
    ("asked", "field", "sent"),
    [
        ({}, "max_tokens", {}),
        ({"max_completion_tokens": 7}, "max_tokens", {"max_tokens": 7}),
        ({"max_tokens": 9}, "max_tokens", {"max_tokens": 9}),
        ({"max_completion_tokens": 7, "max_tokens": 9}, "max_tokens", {"max_tokens": 7}),
        ({"max_completion_tokens": None, "max_tokens": 9}, "max_tokens", {"max_tokens": 9}),
        ({"max_completion_tokens": None}, "max_tokens", {}),
        (
            {"max_tokens": 9},
            "max_completion_tokens",
            {"max_completion_tokens": 9},
        ),
    ],
)
def test_the_smaller_maximum_stands_in_the_servers_own_field(
    asked: dict[str, Any], field: str, sent: dict[str, int]
) -> None:
    body = BODY | asked
    kept = copy.deepcopy(body)
    settings = row(max_tokens_field=field)
    bounded = fitted(body, settings).body
    assert bounded == BODY | sent
    assert with_usage(bounded, settings) == BODY | sent | {"stream_options": USAGE}
    assert body == kept


def test_openai_is_sent_what_the_caller_sent() -> None:
    settings = row(base_url="https://api.openai.com/v1")
    body = BODY | {"max_tokens": 9, "max_completion_tokens": 7}
    assert fitted(body, settings) == Fitted(body)


@pytest.mark.parametrize("options", [{}, {"stream_options": USAGE}])
def test_a_server_without_stream_options_is_sent_none(options: dict[str, Any]) -> None:
    without = fitted(BODY | {"stream": True, **options}, settings := row(stream_options=False))
    assert with_usage(without.body, settings) == BODY | {"stream": True}
    assert without.left_out == tuple(options)


def test_what_a_row_names_is_left_out_or_refused() -> None:
    settings = row(unsupported_params=["seed", "logprobs", "n", "top_k", "user"])
    plain = BODY | {"seed": 7, "n": 1, "user": None, "temperature": 0.5}
    assert fitted(plain, settings) == Fitted(BODY | {"temperature": 0.5}, ("seed",))
    for name, value in (("logprobs", True), ("top_k", 5)):
        assert fitted(BODY | {name: value}, settings, lenient=True) == Fitted(BODY, (name,))
        with pytest.raises(UnsupportedParameter, match=f"'{name}' is not possible with gpu models"):
            fitted(BODY | {name: value}, settings)
    with pytest.raises(UnsupportedParameter, match="'n'"):
        fitted(BODY | {"n": 2}, settings, lenient=True)


def test_a_maximum_that_is_renamed_is_not_lost() -> None:
    settings = row(unsupported_params=["max_completion_tokens"])
    assert fitted(BODY | {"max_completion_tokens": 7}, settings) == Fitted(BODY | {"max_tokens": 7})


def fitted(body: dict[str, Any], settings: ProviderSettings, *, lenient: bool = False) -> Fitted:
    found = fit(settings, ChatRequest(body, lenient=lenient))
    return Fitted(found.request.body, found.left_out)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "azure"])
async def test_a_server_without_a_key_is_sent_no_credential(kind: str) -> None:
    calls: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, json=ANSWER)

    client = httpx.AsyncClient(transport=httpx.MockTransport(reply))
    provider: Provider = open_provider(row(kind=kind), client)
    await provider.prepare(ChatRequest(BODY), "m").complete(Timeouts())
    assert not {"authorization", "api-key", "x-api-key"} & set(calls[0].headers)
