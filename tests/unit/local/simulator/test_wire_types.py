"""Each response of the simulator keeps to the types of the provider's own package."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire_types import anthropic_types
from tests.wire_types import openai_types as openai

from controlplane.local.simulator.wire import API_KEY

from .anthropic import test_wire as anthropic
from .conftest import MESSAGES, SimulatedProvider, events, named_events
from .openai import test_wire as openai_wire

OPENAI_BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"n": 2},
    {"tools": [openai_wire.WEATHER]},
    {"max_tokens": 1},
)
RESULT_OF_A_TOOL = [
    *MESSAGES,
    {"role": "assistant", "content": [anthropic.TOOL_USE]},
    {"role": "user", "content": [anthropic.RESULT]},
]
ANTHROPIC_BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"max_tokens": 1},
    {"thinking": anthropic.THINKING},
    {"tools": [anthropic.WEATHER]},
    {"tools": [anthropic.WEATHER], "messages": RESULT_OF_A_TOOL},
)


@pytest.mark.parametrize("body", OPENAI_BODIES)
async def test_openais_format(provider: SimulatedProvider, body: dict[str, Any]) -> None:
    assert openai.COMPLETIONS["openai"].faults((await provider.post(**body)).json()) == []
    streamed = await provider.post(**body, stream=True, stream_options={"include_usage": True})
    *chunks, done = events(streamed)
    assert done == "[DONE]"
    for chunk in chunks:
        assert openai.CHUNKS["openai"].faults(chunk) == []


@pytest.mark.parametrize("body", OPENAI_BODIES)
async def test_azures_format(provider: SimulatedProvider, body: dict[str, Any]) -> None:
    assert openai.COMPLETIONS["azure"].faults((await provider.azure(**body)).json()) == []
    filters, *chunks, done = events(await provider.azure(**body, stream=True))
    assert ("prompt_filter_results" in filters, done) == (True, "[DONE]")
    for chunk in chunks:
        assert openai.CHUNKS["azure"].faults(chunk) == []


@pytest.mark.parametrize("body", ANTHROPIC_BODIES)
async def test_anthropics_format(provider: SimulatedProvider, body: dict[str, Any]) -> None:
    assert anthropic_types.MESSAGE.faults((await provider.anthropic(**body)).json()) == []
    streamed = named_events(await provider.anthropic(**body, stream=True))
    assert streamed[-1] == {"type": "message_stop"}
    for event in streamed:
        assert anthropic_types.EVENT.faults(event) == []


async def test_embeddings(provider: SimulatedProvider) -> None:
    response = await provider.client.post(
        "/openai/v1/embeddings",
        json={"model": "text-embedding-3-small", "input": ["a", "b"]},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert response.status_code == 200
    assert openai.EMBEDDINGS.faults(response.json()) == []


async def test_errors(provider: SimulatedProvider) -> None:
    refused = [await provider.post(temperature=9), await provider.azure(temperature=9)]
    for response in refused:
        assert response.status_code == 400
        assert openai.ERROR.faults(response.json()) == []
    response = await provider.anthropic(temperature=9)
    assert response.status_code == 400
    assert anthropic_types.ERROR.faults(response.json()) == []
