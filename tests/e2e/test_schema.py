"""Every answer, chunk and error is of OpenAI's type, whichever provider gave it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from tests.e2e.conftest import MakeKey, Stack
from tests.wire_types.openai_types import CHUNKS, COMPLETIONS, ERROR

UNLIMITED = [{"requests": 1_000_000, "window_seconds": 60}]
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
ANSWER = {"name": "answer", "schema": PARAMETERS, "strict": True}
BODIES: dict[str, dict[str, Any]] = {
    "plain": {},
    "cut": {"max_tokens": 2},
    "stopped": {"stop": ["read"]},
    "tools": {"tools": TOOLS},
    "forced": {"tools": TOOLS, "tool_choice": "required"},
    "json_schema": {"response_format": {"type": "json_schema", "json_schema": ANSWER}},
    "json_object": {"response_format": {"type": "json_object"}},
    "reasoning": {"reasoning_effort": "low"},
    "user": {"user": "someone", "temperature": 0.5},
}
Post = Callable[..., httpx.Response]


@pytest.fixture
def post(stack: Stack, make_key: MakeKey) -> Post:
    key = make_key(rate_limits=UNLIMITED)

    def post(**body: Any) -> httpx.Response:
        return httpx.post(
            f"{stack.url}/v1/chat/completions",
            json={"messages": [{"role": "user", "content": "Hello."}], **body},
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )

    return post


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
def test_answers(post: Post, models: Mapping[str, str], provider: str) -> None:
    for name, body in BODIES.items():
        response = post(model=models[provider], **body)
        assert response.status_code == 200, (name, response.text)
        assert response.headers["x-llm-cp-provider"] == provider
        answer = response.json()
        assert COMPLETIONS[provider].faults(answer) == []
        (choice,) = answer["choices"]
        assert {"role", "content", "refusal"} <= choice["message"].keys(), name
        assert answer["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
def test_chunks(post: Post, models: Mapping[str, str], provider: str) -> None:
    for name, body in BODIES.items():
        for options in ({}, {"stream_options": {"include_usage": True}}):
            response = post(model=models[provider], stream=True, **body, **options)
            assert response.status_code == 200, (name, response.text)
            assert response.headers["x-llm-cp-provider"] == provider
            chunks = chunks_of(response)
            for chunk in chunks:
                assert CHUNKS[provider].faults(chunk) == []
            if options:
                usage = chunks.pop()
                assert (usage["choices"], usage["usage"]["total_tokens"] > 0) == ([], True)
            check_stream(chunks, with_usage=bool(options))


def chunks_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The chunks of a stream that ended well."""
    *events, done, rest = response.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def check_stream(chunks: list[dict[str, Any]], *, with_usage: bool) -> None:
    """What strict clients rely on beyond the type."""
    assert len({(chunk["id"], chunk["model"], chunk["created"]) for chunk in chunks}) == 1
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    assert len(choices) == len(chunks)
    assert [choice["finish_reason"] is None for choice in choices] == [True] * (
        len(choices) - 1
    ) + [False]
    assert choices[0]["delta"]["role"] == "assistant"
    assert all(with_usage or "usage" not in chunk for chunk in chunks)
    calls = [call for choice in choices for call in choice["delta"].get("tool_calls") or ()]
    if calls:
        assert calls[0]["index"] == 0
        assert calls[0]["id"]
        assert json.loads("".join(call["function"]["arguments"] for call in calls))


@pytest.mark.parametrize("provider", ["openai", "azure", "anthropic"])
@pytest.mark.parametrize(
    "body",
    [
        {"temperature": 9},
        {"messages": []},
        {"messages": [{"role": "user", "content": "I am jane.doe@example.com"}]},
        {"tool_choice": "required"},
    ],
    ids=["temperature", "empty", "pii", "provider"],
)
def test_errors(post: Post, models: Mapping[str, str], provider: str, body: dict[str, Any]) -> None:
    for stream in (False, True):
        response = post(model=models[provider], stream=stream, **body)
        assert response.status_code == 400, response.text
        assert ERROR.faults(response.json()) == []


def test_failures(post: Post, stack: Stack, models: Mapping[str, str]) -> None:
    assert post(model="nope").status_code == 404
    assert ERROR.faults(post(model="nope").json()) == []
    for status in (401, 429, 500, 529):
        stack.simulate("anthropic", {"kind": "status", "status": status, "retry_after": 30})
        response = post(model=models["anthropic"])
        assert response.status_code in (502, 503)
        assert ERROR.faults(response.json()) == []
