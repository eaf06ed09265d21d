"""The caller's tools as functions: which can be, and what they are called."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translators.pairs import TO_CHAT
from tests.unit.translators.refused import refused

from controlplane.translators.responses_to_chat_completions.names import MAX_NAME, Names, Tool

FUNCTION: Any = {"type": "function", "name": "f", "parameters": {}, "strict": False}
CUSTOM: Any = {"type": "custom", "name": "f"}
SEARCH: Any = {"type": "web_search"}
NAME = st.text(st.sampled_from("ab_-.é"), min_size=1, max_size=80)


def sent(*tools: Any, **more: Any) -> Any:
    return TO_CHAT.translate(
        {"model": "m", "input": "x", "tools": list(tools), **more}
    ).request.body


def names(*tools: Any) -> list[str]:
    return [tool["function"]["name"] for tool in sent(*tools)["tools"]]


def space(name: str, *tools: Any, description: str = "") -> Any:
    return {"type": "namespace", "name": name, "description": description, "tools": list(tools)}


@given(
    st.lists(
        st.builds(
            Tool, st.sampled_from(["function_call", "custom_tool_call"]), NAME, st.none() | NAME
        ),
        unique=True,
    )
)
def test_each_tool_has_a_name_of_its_own_and_is_found_by_it(tools: list[Tool]) -> None:
    offered, again = Names(), Names()
    there = [offered.offer(tool) for tool in tools]
    assert there == [again.offer(tool) for tool in tools]
    assert len(set(there)) == len(tools)
    for tool, name in zip(tools, there, strict=True):
        assert name is not None
        assert 0 < len(name) <= MAX_NAME
        assert name.isascii()
        assert offered.here(name) == tool
        assert offered.there(tool) == name
        assert offered.offer(tool) is None


def test_names_are_flat_and_those_of_the_default_namespace_as_they_are() -> None:
    assert names(
        FUNCTION, space("a", FUNCTION), space("b__", FUNCTION), space("functions", CUSTOM)
    ) == [
        *("f", "a__f", "b__f"),
        # There is an `f` already.
        *(name for name in names(FUNCTION, CUSTOM)[1:]),
    ]


def test_a_tool_that_is_offered_twice_is_one() -> None:
    assert names(FUNCTION, FUNCTION) == ["f"]


def test_a_call_that_forgot_its_namespace_is_of_the_only_tool_with_its_name() -> None:
    forgot = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    body = sent(space("a", FUNCTION), input=[forgot])
    assert body["messages"][0]["tool_calls"][0]["function"]["name"] == "a__f"


def test_a_namespace_is_described_once() -> None:
    body = sent(space("a", FUNCTION, {**FUNCTION, "name": "g"}, description="All of it."))
    told = [tool["function"].get("description", "") for tool in body["tools"]]
    assert told == ["About all tools of a: All of it.", ""]


@pytest.mark.parametrize("strict", [True, False])
def test_strict_is_as_it_was_said(strict: bool) -> None:
    (tool,) = sent({**FUNCTION, "strict": strict})["tools"]
    assert tool["function"]["strict"] is strict


def test_where_strict_is_not_said_it_is_not_sent() -> None:
    (tool,) = sent({"type": "function", "name": "f", "parameters": {}})["tools"]
    assert "strict" not in tool["function"]


@pytest.mark.parametrize(
    "tool",
    [
        SEARCH,
        {"type": "web_search_preview"},
        {"type": "web_search_2025_08_26"},
        {"type": "image_generation"},
        {"type": "web_search", "name": "none", "filters": {"allowed_domains": []}},
    ],
)
def test_what_agents_offer_with_every_request_is_left_out_beside_tools_of_the_caller(
    tool: Any,
) -> None:
    body = {"model": "m", "input": "x", "tools": [tool, FUNCTION]}
    kind = "image_generation" if "image" in tool["type"] else "web_search"
    assert TO_CHAT.translate(body).left_out == (f"tools.0.{kind}",)
    assert [each["function"]["name"] for each in TO_CHAT.translate(body).request.body["tools"]] == [
        "f"
    ]


def test_what_is_the_only_tool_or_is_chosen_was_asked_for() -> None:
    for lenient in (False, True):
        alone = {"model": "m", "input": "News?", "tools": [SEARCH]}
        assert refused(TO_CHAT, alone, lenient=lenient) == "tools.0"
        chosen = {
            **alone,
            "tools": [SEARCH, FUNCTION],
            "tool_choice": {"type": "web_search_preview"},
        }
        assert refused(TO_CHAT, chosen, lenient=lenient) == "tool_choice"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "file_search", "vector_store_ids": ["v"]},
        {"type": "code_interpreter", "container": "c"},
        {"type": "mcp", "server_label": "s"},
        {"type": "computer"},
        {"type": "hologram"},
        space("a", SEARCH),
    ],
)
def test_other_tools_of_the_provider_are_always_refused(tool: Any) -> None:
    for lenient in (False, True):
        place = refused(
            TO_CHAT, {"model": "m", "input": "x", "tools": [FUNCTION, tool]}, lenient=lenient
        )
        assert place.startswith("tools.1")


def test_a_shell_in_a_container_is_refused() -> None:
    shell = {"type": "shell", "environment": {"type": "container_auto"}}
    assert refused(TO_CHAT, {"model": "m", "input": "x", "tools": [shell]}) == "tools.0.environment"


@pytest.mark.parametrize(
    ("choice", "there"),
    [
        ("auto", "auto"),
        ("required", "required"),
        ("none", "none"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        (
            {"type": "custom", "name": "g", "namespace": "a"},
            {"type": "function", "function": {"name": "a__g"}},
        ),
        ({"type": "shell"}, {"type": "function", "function": {"name": "shell"}}),
    ],
)
def test_the_choice_is_among_the_functions(choice: Any, there: Any) -> None:
    tools = (FUNCTION, space("a", {**CUSTOM, "name": "g"}), {"type": "shell"})
    assert sent(*tools, tool_choice=choice)["tool_choice"] == there


@pytest.mark.parametrize("choice", ["any", {"type": "mcp", "server_label": "s"}, {}, 7])
def test_another_choice_is_refused(choice: Any) -> None:
    body = {"model": "m", "input": "x", "tools": [FUNCTION], "tool_choice": choice}
    assert refused(TO_CHAT, body).startswith("tool_choice")


def test_without_tools_there_is_no_choice() -> None:
    assert "tool_choice" not in sent(tool_choice="auto")
    assert (
        refused(TO_CHAT, {"model": "m", "input": "x", "tool_choice": "required"}) == "tool_choice"
    )
