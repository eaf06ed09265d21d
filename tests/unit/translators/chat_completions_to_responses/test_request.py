"""A chat request in the words of Responses."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.translators.pairs import TO_RESPONSES, Pair
from tests.unit.translators.refused import items, refused

from controlplane.domain.inference import ProtocolName

USER: Any = {"role": "user", "content": "Hello"}
ENCRYPTED = "reasoning.encrypted_content"


def body(**more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [USER], **more}


def sent(**more: Any) -> Any:
    return TO_RESPONSES.translate(body(**more)).request.body


def detail(data: str, **more: Any) -> dict[str, Any]:
    kind = {"type": "reasoning.encrypted", "format": "openai-responses-v1"}
    return {**kind, "data": data, "id": f"rs_{data}", "index": 0, **more}


def call(id_: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize(
    ("model", "effort", "included"),
    [
        ("gpt-5.6", None, True),
        ("o3", None, True),
        ("gpt-4.1", None, False),
        ("gpt-5-chat-latest", None, False),
        ("gpt-4.1", "low", True),
    ],
)
def test_encrypted_reasoning_is_asked_for_where_a_model_thinks(
    model: str, effort: str | None, included: bool
) -> None:
    pair = Pair(ProtocolName.CHAT_COMPLETIONS, ProtocolName.RESPONSES, model)
    found = pair.translate(body(reasoning_effort=effort)).request.body
    assert (ENCRYPTED in found.get("include", [])) is included


def test_nothing_is_stored() -> None:
    assert sent()["store"] is False
    assert sent(store=True)["store"] is False


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ({"max_tokens": 16}, 16),
        ({"max_completion_tokens": 99}, 99),
        ({"max_tokens": 50, "max_completion_tokens": 99}, 50),
    ],
)
def test_the_smaller_maximum_holds(asked: Any, there: int) -> None:
    assert sent(**asked)["max_output_tokens"] == there


@pytest.mark.parametrize("lenient", [False, True])
def test_a_maximum_below_the_least_is_never_raised(lenient: bool) -> None:
    asked = body(max_tokens=15, max_completion_tokens=100)
    assert refused(TO_RESPONSES, asked, lenient=lenient) == "max_tokens"


@pytest.mark.parametrize(
    ("strict", "there"), [({}, False), ({"strict": None}, False), ({"strict": True}, True)]
)
def test_strict_is_always_said_because_its_default_is_another_there(
    strict: Any, there: bool
) -> None:
    function = {"name": "f", "parameters": {"type": "object"}, **strict}
    (tool,) = sent(tools=[{"type": "function", "function": function}])["tools"]
    assert tool["strict"] is there


def test_a_function_without_parameters_has_an_empty_object() -> None:
    (tool,) = sent(tools=[{"type": "function", "function": {"name": "f"}}])["tools"]
    assert tool["parameters"] == {"type": "object", "properties": {}}


def test_results_are_of_the_kind_of_their_call() -> None:
    custom = {"id": "b", "type": "custom", "custom": {"name": "t", "input": "x"}}
    told = items(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("a"), custom]},
        {"role": "tool", "tool_call_id": "b", "content": "2"},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    )
    assert [(item["type"], item["call_id"]) for item in told[1:]] == [
        ("function_call", "a"),
        ("custom_tool_call", "b"),
        ("custom_tool_call_output", "b"),
        ("function_call_output", "a"),
    ]


def test_a_long_id_of_a_call_is_shortened_alike_for_its_result() -> None:
    told = items(
        {"role": "assistant", "content": None, "tool_calls": [call("x" * 65)]},
        {"role": "tool", "tool_call_id": "x" * 65, "content": "1"},
    )
    first, second = (item["call_id"] for item in told)
    assert first == second
    assert len(first) <= 64


def test_encrypted_reasoning_goes_back_to_its_place() -> None:
    told = items(
        USER,
        {
            "role": "assistant",
            "content": "Hm.",
            "reasoning_details": [detail("1"), detail("2", before="b"), detail("3", before="gone")],
            "tool_calls": [call("a"), call("b")],
        },
    )
    assert [item.get("encrypted_content", item["type"]) for item in told] == [
        *("message", "1", "3", "message", "function_call", "2", "function_call"),
    ]
    assert told[1] == {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "1"}


@pytest.mark.parametrize(
    "thoughts",
    [
        {"reasoning_details": [detail("1", maker="another")]},
        {"reasoning_details": [detail("1", format="anthropic-claude-v1")]},
        {"reasoning_details": [{"type": "reasoning.text", "text": "x", "signature": "s"}]},
        {"reasoning_details": ["?"]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "x", "signature": "s"}]},
    ],
)
def test_thoughts_of_another_maker_are_left_out_and_named(thoughts: Any) -> None:
    said = {"role": "assistant", "content": "a", **thoughts}
    translation = TO_RESPONSES.translate(body(messages=[said, USER]))
    assert [item["type"] for item in translation.request.body["input"]] == ["message", "message"]
    assert translation.left_out == (f"messages.0.{next(iter(thoughts))}",)


def test_what_was_thought_in_words_is_no_input() -> None:
    said = {"role": "assistant", "content": "a", "reasoning_content": "x", "annotations": []}
    assert TO_RESPONSES.translate(body(messages=[said, USER])).left_out == ()


def test_thoughts_alone_are_no_turn_and_named() -> None:
    said = {"role": "assistant", "content": None, "reasoning_details": [detail("1")]}
    translation = TO_RESPONSES.translate(body(messages=[said, USER]))
    assert [item["role"] for item in translation.request.body["input"]] == ["user"]
    assert translation.left_out == ("messages.0.reasoning_details",)


def test_marks_for_claude_are_left_out_and_named() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    text = {"type": "text", "text": "a", **mark}
    translation = TO_RESPONSES.translate(
        body(messages=[{"role": "user", "content": [text]}], **mark)
    )
    assert translation.left_out == ("messages.0.content.0.cache_control",)
    assert "cache_control" not in translation.request.body
    assert TO_RESPONSES.translate(body(**mark)).left_out == ("cache_control",)


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ({"n": 2}, "n"),
        ({"stop": "END"}, "stop"),
        ({"audio": {"voice": "a"}}, "audio"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"tools": [{"type": "web_search"}]}, "tools.0"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"response_format": {"type": "grammar"}}, "response_format"),
        ({"messages": [{"role": "function", "name": "f", "content": "x"}]}, "messages.0.role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "messages.0.content.0",
        ),
        ({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, "messages.0.audio"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{**call("a"), "type": "mcp"}]}]},
            "messages.0.tool_calls.0",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_place(asked: Any, place: str) -> None:
    for lenient in (False, True):
        assert refused(TO_RESPONSES, body(**asked), lenient=lenient) == place


def test_an_unknown_member_of_a_question_is_refused_unless_the_route_ignores() -> None:
    asked = body(messages=[{**USER, "mood": "good"}])
    assert refused(TO_RESPONSES, asked) == "messages.0.mood"
    assert TO_RESPONSES.translate(asked, lenient=True).left_out == ("messages.0.mood",)


def test_what_cannot_be_named_is_refused_even_then() -> None:
    asked = body(messages=[{**USER, "a mood\r\n": "good"}])
    assert refused(TO_RESPONSES, asked, lenient=True) == "messages.0.a mood\r\n"
