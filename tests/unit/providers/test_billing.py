"""Whose prices hold for a server, and the tier that it is asked for where a cap holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.domain.price import Billing
from controlplane.protocols.registry import protocol
from controlplane.providers.provider import HttpCall, HttpProvider
from controlplane.wiring.providers import open_provider

CHAT, RESPONSES, MESSAGES, EMBEDDINGS = (
    ProtocolName.CHAT_COMPLETIONS,
    ProtocolName.RESPONSES,
    ProtocolName.MESSAGES,
    ProtocolName.EMBEDDINGS,
)
HELLO = [{"role": "user", "content": "hi"}]


def server(name: str, kind: str, **settings: Any) -> HttpProvider:
    row = ProviderSettings(name, kind, "https://x.test/v1", **settings)
    made = open_provider(row, httpx.AsyncClient())
    assert isinstance(made, HttpProvider)
    return made


def asked(name: ProtocolName, **body: Any) -> InferenceRequest:
    said: dict[str, Any] = {"messages": HELLO} if name in (CHAT, MESSAGES) else {"input": "hi"}
    if name is MESSAGES:
        said["max_tokens"] = 10
    return protocol(name).parse(orjson.dumps({"model": "gpt-4o", **said, **body}))


def sent(made: HttpProvider, request: InferenceRequest) -> dict[str, Any]:
    call = made.prepare(request, "gpt-4o")
    assert isinstance(call, HttpCall)
    body: dict[str, Any] = orjson.loads(call.content)
    return body


@pytest.mark.parametrize(
    ("made", "billing"),
    [
        (server("openai", "openai"), Billing("openai", "default")),
        (server("anthropic", "anthropic"), Billing("anthropic", "standard_only")),
        (server("azure", "azure"), Billing("azure")),
        (server("vllm", "openai"), Billing()),
        (server("eu", "openai", prices="openai"), Billing("openai", "default")),
        (server("ds", "openai", prices="deepseek"), Billing("deepseek")),
        (server("openai", "openai", prices="groq"), Billing("groq")),
        (
            server("openai", "openai", unsupported_params=frozenset({"service_tier"})),
            Billing("openai"),
        ),
    ],
)
def test_whose_prices_hold(made: HttpProvider, billing: Billing) -> None:
    assert made.billing == billing


@pytest.mark.parametrize("said", [{}, {"service_tier": "auto"}, {"service_tier": None}])
@pytest.mark.parametrize(
    ("kind", "name", "tier"),
    [
        ("openai", CHAT, "default"),
        ("openai", RESPONSES, "default"),
        ("openai", MESSAGES, "default"),
        ("anthropic", MESSAGES, "standard_only"),
        ("anthropic", CHAT, "standard_only"),
    ],
)
def test_under_a_cap_the_standard_tier_is_asked_for(
    kind: str, name: ProtocolName, tier: str, said: dict[str, Any]
) -> None:
    made, request = server(kind, kind), asked(name, **said)
    capped = sent(made, replace(request, usual_price=True))
    assert capped["service_tier"] == tier
    assert sent(made, request).get("service_tier") != tier


def test_a_tier_that_is_asked_for_stays() -> None:
    request = replace(asked(CHAT, service_tier="flex"), usual_price=True)
    assert sent(server("openai", "openai"), request)["service_tier"] == "flex"


def test_what_knows_no_tiers_is_not_told_of_them() -> None:
    embedding = replace(asked(EMBEDDINGS), usual_price=True)
    assert "service_tier" not in sent(server("openai", "openai"), embedding)
    chat = replace(asked(CHAT), usual_price=True)
    for made in (server("vllm", "openai"), server("ds", "openai", prices="deepseek")):
        assert "service_tier" not in sent(made, chat)


def test_without_a_cap_the_body_goes_on_byte_for_byte() -> None:
    raw = b'{"model": "gpt-4o",  "input": "hi", "store": false}'
    call = server("openai", "openai").prepare(protocol(RESPONSES).parse(raw), "gpt-4o")
    assert isinstance(call, HttpCall)
    assert call.content == raw
