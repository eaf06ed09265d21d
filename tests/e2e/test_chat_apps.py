"""Chat applications shape their requests so; every provider answers them.

Open WebUI: `backend/open_webui/routers/openai.py`; LibreChat: its page "Default parameters".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from tests.e2e.conftest import MakeKey, Stack, chat

IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAA"
    "SUVORK5CYII="
)
TOOL = {
    "type": "function",
    "function": {
        "name": "search_web",
        "description": "Search the web.",
        "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
    },
}
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "open-webui": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "User Context:\n\nToday is Sunday."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Hello! "},
            {"role": "user", "content": "Say hello."},
        ],
        "temperature": 0.7,
        "top_p": 0.9,
        "frequency_penalty": 0.2,
        "seed": 7,
        "max_tokens": 256,
    },
    "open-webui, its title": {
        "stream": False,
        "messages": [{"role": "user", "content": "### Task:\nGenerate a title for the chat."}],
        "max_completion_tokens": 1000,
    },
    "open-webui, an image and tools": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Say hello."},
                    {"type": "image_url", "image_url": {"url": IMAGE}},
                ],
            }
        ],
        "tools": [TOOL],
    },
    "librechat": {
        "stream": True,
        "user": "671f577264ed5bed6ec2c7cf",
        "messages": [
            {"role": "system", "name": "instructions", "content": "Be brief."},
            {"role": "user", "content": "Say hello."},
        ],
        "presence_penalty": 0,
        "frequency_penalty": 0,
    },
    "librechat, its agents": {
        "stream": True,
        "stream_options": {"include_usage": True},
        "user": "671f577264ed5bed6ec2c7cf",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Search for llamas."}]},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "search_web", "arguments": '{"query":"llamas"}'},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_1", "name": "search_web", "content": "Woolly."},
        ],
        "tools": [TOOL],
    },
}


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_request_is_answered(
    stack: Stack, make_key: MakeKey, models: Mapping[str, str], shape: str, provider: str
) -> None:
    asked = {**SHAPES[shape], "model": models[provider]}
    response = chat(stack, make_key(), **asked)
    assert response.status_code == 200, response.text
    if not asked["stream"]:
        assert response.json()["choices"][0]["message"]["content"]
        return
    lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    chunks = [orjson.loads(line) for line in lines[:-1]]
    said = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    assert any(delta.get("content") or delta.get("tool_calls") for delta in said)
    usages = [chunk["usage"] for chunk in chunks if chunk.get("usage")]
    assert len(usages) == ("stream_options" in asked)


def test_the_models_are_listed(stack: Stack, make_key: MakeKey) -> None:
    response = stack.admin.get("/v1/models", headers={"Authorization": f"Bearer {make_key()}"})
    assert {model["object"] for model in response.json()["data"]} == {"model"}
