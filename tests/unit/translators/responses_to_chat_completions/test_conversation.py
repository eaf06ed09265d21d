"""Items of an input as messages: turns, calls and their results."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.translators.pairs import TO_CHAT
from tests.unit.translators.refused import messages, refused

ASK: Any = {"role": "user", "content": "Go."}


def call(id_: str, **more: Any) -> Any:
    return {"type": "function_call", "call_id": id_, "name": "f", "arguments": "{}", **more}


def result(id_: str, output: Any = "ok") -> Any:
    return {"type": "function_call_output", "call_id": id_, "output": output}


def said(text: str) -> Any:
    return {"type": "message", "role": "assistant", "content": text}


def shape(told: list[Any]) -> list[Any]:
    """Who speaks in each message, with the ids of the calls and results in it."""
    return [
        [
            m["role"],
            *([call["id"] for call in m.get("tool_calls", ())]),
            *filter(None, [m.get("tool_call_id")]),
        ]
        for m in told
    ]


def test_calls_in_a_row_are_one_turn_and_their_results_stand_behind_it() -> None:
    told = messages(ASK, said("Two."), call("a"), call("b"), result("b", "2"), result("a", "1"))
    assert shape(told) == [["user"], ["assistant", "a", "b"], ["tool", "a"], ["tool", "b"]]
    assert told[1]["content"] == "Two."
    assert [each["content"] for each in told[2:]] == ["1", "2"]


def test_a_call_behind_a_result_is_another_turn() -> None:
    told = messages(ASK, call("a"), result("a"), call("b"), result("b"))
    assert shape(told) == [
        ["user"],
        ["assistant", "a"],
        ["tool", "a"],
        ["assistant", "b"],
        ["tool", "b"],
    ]


def test_a_result_that_comes_late_goes_to_its_call() -> None:
    told = messages(ASK, call("a"), call("b"), result("a"), ASK, result("b"))
    assert shape(told) == [
        ["user"],
        ["assistant", "a", "b"],
        ["tool", "a"],
        ["tool", "b"],
        ["user"],
    ]


def test_the_same_id_again_has_the_next_result() -> None:
    told = messages(ASK, call("a"), result("a", "1"), call("a"), result("a", "2"))
    assert [m["content"] for m in told if m["role"] == "tool"] == ["1", "2"]


def test_a_call_without_a_result_is_sent_all_the_same() -> None:
    assert shape(messages(call("a"), ASK)) == [["assistant", "a"], ["user"]]


@pytest.mark.parametrize(
    "input_", [[result("a")], [call("a"), result("a"), result("a")], [call("b"), result("a")]]
)
def test_a_result_without_a_call_is_refused(input_: list[Any]) -> None:
    assert refused(TO_CHAT, {"model": "m", "input": input_}) == f"input.{len(input_) - 1}"


def test_what_the_assistant_says_after_its_calls_is_of_the_same_turn() -> None:
    told = messages(call("a"), said("Wait."), result("a"))
    assert shape(told) == [["assistant", "a"], ["tool", "a"]]
    assert told[0]["content"] == "Wait."


def test_pictures_of_all_results_come_behind_the_last() -> None:
    picture = [{"type": "input_image", "image_url": "data:,", "detail": "auto"}]
    told = messages(call("a"), call("b"), result("a", picture), result("b", "2"))
    assert shape(told) == [["assistant", "a", "b"], ["tool", "a"], ["tool", "b"], ["user"]]
    assert [part["type"] for part in told[3]["content"]] == ["text", "image_url"]
    assert "a" in told[3]["content"][0]["text"]


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_are_the_systems(role: str) -> None:
    told = messages({"role": role, "content": "Short."}, ASK, instructions="First.")
    assert told == [
        {"role": "system", "content": "First."},
        {"role": "system", "content": "Short."},
        ASK,
    ]


@pytest.mark.parametrize(
    ("item", "place"),
    [
        ({"type": "item_reference", "id": "msg_1"}, "input.0"),
        ({"id": "msg_1"}, "input.0"),
        ({"type": "compaction", "encrypted_content": "x"}, "input.0"),
        ({"type": "hologram"}, "input.0"),
        ({"role": "tool", "content": "x"}, "input.0.role"),
        ({"role": "user", "content": [{"type": "input_audio"}]}, "input.0.content.0"),
        (
            {"role": "user", "content": [{"type": "input_image", "file_id": "f"}]},
            "input.0.content.0.file_id",
        ),
        (
            {"role": "user", "content": [{"type": "input_file", "file_url": "u"}]},
            "input.0.content.0.file_url",
        ),
        (
            {"role": "system", "content": [{"type": "input_image", "image_url": "u"}]},
            "input.0.content.0",
        ),
        (
            {"role": "assistant", "content": [{"type": "input_image", "image_url": "u"}]},
            "input.0.content.0",
        ),
        (call("a", caller={"type": "program", "caller_id": "p"}), "input.0.caller"),
        (call("a", arguments=None), "input.0.arguments"),
        (7, "input.0"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_place(item: Any, place: str) -> None:
    for lenient in (False, True):
        assert refused(TO_CHAT, {"model": "m", "input": [item]}, lenient=lenient) == place


def test_searches_that_the_provider_made_are_left_out_and_named() -> None:
    searched = [
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "tool_search_call", "execution": "server", "arguments": {}},
        {"type": "mcp_list_tools", "id": "l", "server_label": "s", "tools": []},
    ]
    translation = TO_CHAT.translate({"model": "m", "input": [ASK, *searched]})
    assert translation.request.body["messages"] == [ASK]
    assert translation.left_out == ("input.1", "input.3")


def test_what_a_search_of_the_caller_found_can_be_called() -> None:
    found = {"type": "function", "name": "late", "parameters": {}, "strict": False}
    translation = TO_CHAT.translate(
        {
            "model": "m",
            "input": [
                {
                    "type": "tool_search_call",
                    "call_id": "s",
                    "execution": "client",
                    "arguments": {},
                },
                {"type": "tool_search_output", "call_id": "s", "tools": [found]},
            ],
        }
    )
    body = translation.request.body
    assert [tool["function"]["name"] for tool in body["tools"]] == ["late"]
    assert body["messages"][1]["content"] == '{"tools":["late"]}'
