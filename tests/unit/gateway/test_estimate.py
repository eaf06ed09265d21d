"""What a request and its answer come to where no provider counted, or not all of it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.domain.usage import ImageTokens, Usage
from controlplane.gateway.estimate import Heard, is_absurd, only_asked, used
from controlplane.protocols.chat_completions.measure import asked_characters, characters
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.protocols.embeddings.request import EmbeddingRequest
from controlplane.protocols.responses.request import ResponsesRequest

IMAGES = ImageTokens(at_most=5_000, usual=700)

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
BOTH = frozenset({"input", "output"})
OUTPUT = frozenset({"output"})


def asking(content: Any = "x" * 40, **body: Any) -> ChatRequest:
    return ChatRequest({"model": "m", "messages": [{"role": "user", "content": content}], **body})


def estimated(request: Any, model: str, said: int, *, unheard: bool = True) -> Usage:
    """Of an answer that nothing was reported of."""
    heard = Heard(said, complete=True, unheard=unheard)
    return used(request, heard, IMAGES, sent_to=model, served=model)


def test_four_characters_are_a_token() -> None:
    whole = estimated(asking("x" * 41), "gpt-4o", 7)
    assert whole == Usage(input=11, output=2, estimated=BOTH)
    vectors = estimated(EmbeddingRequest({"model": "e", "input": "x" * 41}), "e", 0)
    assert vectors == Usage(input=11, estimated=frozenset({"input"}))


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
    assert only_asked(asking(parts), IMAGES, 1).input == 10 + 700


def test_calls_without_an_answer_were_read_all_the_same() -> None:
    assert only_asked(asking(), IMAGES, 3) == Usage(input=30, estimated=frozenset({"input"}))


@pytest.mark.parametrize("model", ["o1", "o3-mini", "gpt-5", "gpt-5-nano", "openai/o4-mini"])
@pytest.mark.parametrize("limit", ["max_tokens", "max_completion_tokens"])
def test_an_answer_that_was_thought_about_is_as_long_as_allowed(model: str, limit: str) -> None:
    assert estimated(asking(**{limit: 500}), model, 8).output == 500
    assert estimated(asking(**{limit: 500}), model, 4_000).output == 1_000


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
    assert estimated(request, model, 8).output == output


BEGUN = Usage(input=100, output=3, cached=90)


@pytest.mark.parametrize(
    ("reported", "said", "expected"),
    [
        (BEGUN, 40, Usage(input=100, output=10, cached=90, estimated=OUTPUT)),
        (BEGUN, 0, Usage(input=100, output=3, cached=90, estimated=OUTPUT)),
        (Usage(), 40, Usage(input=10, output=10, estimated=BOTH)),
        (Usage(output=30), 40, Usage(input=10, output=30, estimated=BOTH)),
        (
            Usage(service_tier="flex", calls=(("web_search", 1),)),
            40,
            Usage(10, 10, service_tier="flex", calls=(("web_search", 1),), estimated=BOTH),
        ),
    ],
)
def test_an_answer_that_is_not_complete_costs_the_larger_of_reported_and_seen(
    reported: Usage, said: int, expected: Usage
) -> None:
    heard = Heard(said, reported, unheard=False)
    assert used(asking(), heard, IMAGES, sent_to="m", served="m") == expected


def test_what_may_have_been_thought_unheard_is_charged_where_it_was_not_reported() -> None:
    request = asking(max_tokens=500, reasoning_effort="high")

    def output(heard: Heard) -> int:
        return used(request, heard, IMAGES, sent_to="m", served="m").output

    assert output(Heard(0, BEGUN)) == 500
    assert output(Heard(0, BEGUN, unheard=False)) == 3
    assert output(Heard(8, Usage(input=100), complete=True)) == 2, "it counted and said little"


@pytest.mark.parametrize(
    ("reported", "said", "expected"),
    [
        (Usage(input=9, output=5), 4_000, Usage(input=9, output=5)),
        (Usage(input=9), 0, Usage(input=9)),
        (Usage(input=9), 40, Usage(input=9, output=10, estimated=OUTPUT)),
        (Usage(output=5), 40, Usage(input=10, output=5, estimated=frozenset({"input"}))),
    ],
)
def test_what_a_complete_answer_reports_holds_zeros_excepted(
    reported: Usage, said: int, expected: Usage
) -> None:
    heard = Heard(said, reported, complete=True)
    assert used(asking(), heard, IMAGES, sent_to="m", served="m") == expected


@pytest.mark.parametrize(
    ("served", "calls"),
    [
        ("gpt-4o-search-preview-2025-03-11", (("web_search_preview", 1),)),
        ("gpt-4o-mini-search-preview", (("web_search_preview", 1),)),
        ("gpt-5-search-api", (("web_search", 1),)),
        ("gpt-4o", ()),
        ("my-search-model", ()),
    ],
)
def test_models_that_always_search_did(served: str, calls: Any) -> None:
    heard = Heard(4, Usage(50, 300), complete=True)
    found = used(asking(), heard, IMAGES, sent_to="m", served=served)
    assert found == Usage(50, 300, calls=calls)


@pytest.mark.parametrize(
    ("usage", "absurd"),
    [
        (Usage(input=2**20, output=2**20), False),
        (Usage(input=2**41), True),
        (Usage(output=2**30 + 1), True),
        (Usage(input=5, calls=(("web_search", 10_001),)), True),
        (Usage(input=2**20 + 10_000), True),
        (Usage(output=2**20 + 16 * 500), False),
        (Usage(output=2**20 + 16 * 500 + 1), True),
    ],
)
def test_what_no_request_comes_to_is_absurd(usage: Usage, absurd: bool) -> None:
    assert is_absurd(usage, asking(max_tokens=500), IMAGES) is absurd


def test_what_reads_beyond_the_request_may_read_much() -> None:
    read = Usage(input=2**24)
    searching = ResponsesRequest({"model": "m", "input": "x", "tools": [{"type": "web_search"}]})
    going_on = ResponsesRequest({"model": "m", "input": "x", "previous_response_id": "resp_1"})
    assert not is_absurd(read, searching, IMAGES)
    assert not is_absurd(read, going_on, IMAGES)
    assert is_absurd(read, ResponsesRequest({"model": "m", "input": "x"}), IMAGES)


def test_tool_calls_are_said() -> None:
    calls = [{"function": {"name": "f", "arguments": "x" * 12}}, {"function": {"arguments": "yy"}}]
    assert characters({"content": "abc", "tool_calls": calls}) == 3 + 14


@pytest.mark.parametrize(
    ("delta", "said"),
    [
        ({"content": "abc"}, 3),
        ({"content": ""}, 0),
        ({"reasoning_content": "thinking"}, 8),
        ({"reasoning": "thinking"}, 8),
        ({"reasoning": "thinking", "reasoning_content": "thinking"}, 8),
        ({"content": "abc", "reasoning_content": "thinking"}, 11),
        ({"content": None, "refusal": "No."}, 3),
        ({"reasoning": {"effort": "high"}, "refusal": 7}, 0),
    ],
)
def test_thoughts_and_refusals_are_said(delta: dict[str, Any], said: int) -> None:
    assert characters(delta) == said


@pytest.mark.parametrize(
    "calls",
    ["text", 7, {"function": {}}, [None], ["x"], [{}], [{"function": None}], [{"function": "f"}]],
    ids=repr,
)
def test_malformed_messages_break_nothing(calls: Any) -> None:
    assert characters({"content": "abc", "tool_calls": calls}) == 3
    assert characters({"content": ["abc", None, {"type": "text", "text": "de"}]}) == 2
    assert characters(None) == characters("text") == characters([]) == 0
