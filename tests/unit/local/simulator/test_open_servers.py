"""Servers of one's own, which speak every protocol, want no key and know any model."""

from __future__ import annotations

import pytest
from tests.unit.local.simulator.conftest import MESSAGES, SimulatedProvider
from tests.wire_types import anthropic_types, openai_types

SAID = "The simulator read 1 message. The last user said: Hello there"


@pytest.mark.parametrize("server", ["vllm", "ollama"])
async def test_each_protocol(provider: SimulatedProvider, server: str) -> None:
    model = {"model": "qwen3-coder"}
    url = f"/{server}/v1"
    chat = {**model, "messages": MESSAGES}
    completion = (await provider.client.post(f"{url}/chat/completions", json=chat)).json()
    assert completion["choices"][0]["message"]["content"] == SAID
    asked = {**model, "input": "Hello there"}
    response = (await provider.client.post(f"{url}/responses", json=asked)).json()
    assert openai_types.RESPONSE.faults(response) == []
    assert response["output"][0]["content"][0]["text"] == SAID
    message = (
        await provider.client.post(f"{url}/messages", json={**chat, "max_tokens": 99})
    ).json()
    assert anthropic_types.MESSAGE.faults(message) == []
    assert message["content"][0]["text"] == SAID
    # Nothing is kept.
    assert (await provider.client.get(f"{url}/responses/{response['id']}")).status_code == 404


async def test_a_server_that_speaks_chat_only(provider: SimulatedProvider) -> None:
    for path in ("responses", "messages"):
        headers = {"Authorization": "Bearer sk-simulator"}
        url = f"/groq/openai/v1/{path}"
        assert (await provider.client.post(url, json={}, headers=headers)).status_code == 404
