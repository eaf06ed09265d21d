"""How much Anthropic's models are told to think, and when they cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.chat_completions_to_messages.asked import OPUS, SONNET, TOOL, USER, body
from tests.unit.translators.chat_completions_to_messages.left_out import left_out

from controlplane.translators.chat_completions_to_messages.request import translate


@pytest.mark.parametrize(
    ("model", "takes_budget"),
    [
        ("claude-3-7-sonnet-20250219", True),
        ("claude-sonnet-4-20250514", True),
        ("claude-opus-4-1-20250805", True),
        ("claude-opus-4-1", True),
        ("claude-haiku-4-5", True),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", True),
        ("claude-opus-4-6", False),
        ("claude-opus-4-8", False),
        ("claude-sonnet-4-6", False),
        ("claude-opus-5-5", False),
        ("claude-haiku-5-5", False),
        ("claude-fable-5", False),
    ],
)
def test_how_a_model_is_told_to_think(model: str, takes_budget: bool) -> None:
    out = translate(body(reasoning_effort="low"), model)
    if takes_budget:
        assert out["thinking"] == {"type": "enabled", "budget_tokens": 2048}
        assert "output_config" not in out
    else:
        assert out["thinking"]["type"] == "adaptive"
        assert out["output_config"] == {"effort": "low"}


@given(
    effort=st.sampled_from(["minimal", "low", "medium", "high", "xhigh", "max"]),
    asked=st.none() | st.integers(1, 40_000),
)
def test_a_budget_is_at_least_1024_and_below_the_maximum(effort: str, asked: int | None) -> None:
    request = body(reasoning_effort=effort, max_tokens=asked)
    out = translate(request, SONNET)
    if "thinking" in out:
        assert 1024 <= out["thinking"]["budget_tokens"] < out["max_tokens"] <= 40_000
        assert left_out(request, SONNET) == ()
    else:
        assert asked is not None
        assert asked <= 1024
        assert left_out(request, SONNET) == ("reasoning_effort",)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "f"}}])
@pytest.mark.parametrize("model", [SONNET, OPUS])
def test_no_thinking_together_with_a_forced_tool(choice: Any, model: str) -> None:
    request = body(tools=[TOOL], tool_choice=choice, reasoning_effort="high", temperature=0)
    out = translate(request, model)
    assert "thinking" not in out
    assert left_out(request, model) == ("reasoning_effort",)
    assert out.get("output_config") == (None if model == SONNET else {"effort": "high"})


@pytest.mark.parametrize("after", [[], [USER], [{"role": "developer", "content": "Go on."}]])
def test_no_budget_after_the_results_of_tools(after: list[Any]) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = [
        USER,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": ""},
    ]
    request = body(*asked, *after, tools=[TOOL], reasoning_effort="high")
    assert "thinking" not in translate(request, SONNET)
    assert left_out(request, SONNET) == ("reasoning_effort",)
    assert translate(request, OPUS)["thinking"]["type"] == "adaptive"
    assert left_out(request, OPUS) == ()
    later = body(*asked, {"role": "assistant", "content": "Done."}, USER, reasoning_effort="high")
    assert translate(later, SONNET)["thinking"]["type"] == "enabled"


def test_no_thinking_where_none_is_wanted() -> None:
    request = body(reasoning_effort="none", temperature=0.2)
    assert translate(request, OPUS)["thinking"] == {"type": "disabled"}
    assert "thinking" not in translate(request, SONNET)
    assert left_out(request, OPUS) == ()
