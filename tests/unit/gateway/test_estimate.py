"""What a request and its answer come to where no provider counted."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.domain.usage import ImageTokens, Usage
from controlplane.gateway.estimate import estimate
from controlplane.protocols.chat_completions.measure import asked_characters, characters
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.embeddings.request import EmbeddingRequest

IMAGES = ImageTokens(at_most=5_000, usual=700)

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}


def asking(content: Any = "x" * 40, **body: Any) -> ChatRequest:
    return ChatRequest({"model": "m", "messages": [{"role": "user", "content": content}], **body})


def test_four_characters_are_a_token() -> None:
    assert estimate(asking("x" * 41), "gpt-4o", 7, IMAGES) == Usage(input=11, output=2)
    assert estimate(EmbeddingRequest({"model": "e", "input": "x" * 41}), "e", 0, IMAGES).input == 11


@pytest.mark.parametrize(
    "read",
    [{"tools": [TOOL] * 20}, {"functions": [TOOL["function"]]}, {"response_format": SCHEMA}],
    ids=lambda read: next(iter(read)),
)
def test_what_the_model_reads_besides_the_messages_counts(read: dict[str, Any]) -> None:
    assert asked_characters(asking(**read).body, 4_000) == 40 + len(orjson.dumps(read))
    assert asked_characters(asking(**dict.fromkeys(read)).body, 4_000) == 40


@pytest.mark.parametrize("url", ["https://e.co/a.png", "data:image/png;base64," + "A" * 90_000])
def test_a_picture_is_what_it_usually_comes_to_whatever_its_address(url: str) -> None:
    parts = [{"type": "text", "text": "x" * 40}, {"type": "image_url", "image_url": {"url": url}}]
    assert estimate(asking(parts), "gpt-4o", 0, IMAGES).input == 10 + 700


@pytest.mark.parametrize("model", ["o1", "o3-mini", "gpt-5", "gpt-5-nano", "openai/o4-mini"])
@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_was_thought_about_is_as_long_as_allowed(model: str, limit: str) -> None:
    assert estimate(asking(**{limit: 500}), model, 8, IMAGES).output == 500
    assert estimate(asking(**{limit: 500}), model, 4_000, IMAGES).output == 1_000
    assert estimate(asking(**{limit: 500}), None, 0, IMAGES).output == 0, "nobody thought"


@pytest.mark.parametrize(
    ("model", "effort", "output"),
    [
        ("our-deployment", "high", 500),
        ("our-deployment", "low", 500),
        ("our-deployment", "none", 2),
        ("our-deployment", None, 2),
        ("gpt-4o", None, 2),
        ("claude-3-opus", None, 2),
    ],
)
def test_who_asks_for_effort_pays_for_it(model: str, effort: str | None, output: int) -> None:
    request = asking(max_tokens=500, reasoning_effort=effort)
    assert estimate(request, model, 8, IMAGES).output == output


BEGUN = Usage(input=100, output=3, cached=90)


def test_what_was_begun_to_be_reported_holds_where_it_is_more() -> None:
    request = asking(max_tokens=500, reasoning_effort="high")
    cut = estimate(request, "m", 40, IMAGES, begun=BEGUN, unheard=False)
    assert cut == Usage(input=100, output=10, cached=90)
    left = estimate(request, "m", 0, IMAGES, begun=BEGUN, unheard=False)
    assert left == BEGUN
    assert estimate(request, "m", 0, IMAGES, begun=BEGUN).output == 500, "it may have thought"
    uncounted = estimate(request, "m", 0, IMAGES, begun=Usage(), unheard=False)
    assert uncounted == Usage(input=10)


def test_tool_calls_are_said() -> None:
    calls = [{"function": {"name": "f", "arguments": "x" * 12}}, {"function": {"arguments": "yy"}}]
    assert characters({"content": "abc", "tool_calls": calls}) == 3 + 14


@pytest.mark.parametrize(
    "calls",
    ["text", 7, {"function": {}}, [None], ["x"], [{}], [{"function": None}], [{"function": "f"}]],
    ids=repr,
)
def test_malformed_messages_break_nothing(calls: Any) -> None:
    assert characters({"content": "abc", "tool_calls": calls}) == 3
    assert characters({"content": ["abc", None, {"type": "text", "text": "de"}]}) == 2
    assert characters(None) == characters("text") == characters([]) == 0
