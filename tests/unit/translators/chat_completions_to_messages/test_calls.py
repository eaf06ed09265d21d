"""Calls of tools and their results: ids of their own, arguments that are objects, results first."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.providers.cases import Upstream
from tests.unit.translators.chat_completions_to_messages.asked import SONNET, USER, body
from tests.unit.translators.chat_completions_to_messages.left_out import left_out
from tests.unit.translators.chat_completions_to_messages.test_stream import (
    CLOSE,
    DELTA,
    REQUEST,
    START,
    STOP,
    wire,
)

from controlplane.domain.routing import Timeouts
from controlplane.local.simulator.anthropic.messages import refuse_messages
from controlplane.translators.chat_completions_to_messages.request import translate


def calling(*ids: str, arguments: Any = "{}", **more: Any) -> dict[str, Any]:
    function = {"name": "f", "arguments": arguments}
    calls = [{"id": id_, "type": "function", "function": function, **more} for id_ in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def result(id_: str, content: str = "1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def sent(*messages: Any) -> list[Any]:
    """The turns as they are on the wire."""
    turns: list[Any] = orjson.loads(orjson.dumps(translate(body(*messages), SONNET)["messages"]))
    return turns


def ids(turns: list[Any]) -> list[str]:
    return [
        block.get("id") or block["tool_use_id"]
        for turn in turns
        for block in turn["content"]
        if block["type"] in ("tool_use", "tool_result")
    ]


def test_ids_have_the_characters_that_are_allowed_and_stay_one() -> None:
    turns = sent(USER, calling("functions.f:0"), result("functions.f:0"))
    assert ids(turns) == ["functions_f_0", "functions_f_0"]
    assert ids(sent(USER, calling(""), result(""))) == ["call", "call"]


def test_ids_that_differ_in_other_characters_only_stay_two() -> None:
    turns = sent(USER, calling("f:0", "f.0"), result("f.0"), result("f:0"))
    assert ids(turns) == ["f_0", "f_0_2", "f_0_2", "f_0"]


def test_ids_that_repeat_within_a_turn_are_answered_in_order() -> None:
    turns = sent(USER, calling("c", "c"), result("c", "first"), result("c", "second"))
    assert ids(turns) == ["c", "c_2", "c", "c_2"]


@given(
    rounds=st.lists(
        st.lists(st.sampled_from(["a", "a:1", "a.1", "a_2", ""]), min_size=1, max_size=3),
        min_size=1,
        max_size=5,
    ),
    between=st.booleans(),
)
def test_any_history_is_one_that_anthropic_takes(rounds: list[list[str]], between: bool) -> None:
    history: list[Any] = [USER]
    for called in rounds:
        history.append(calling(*called))
        for id_ in called:
            history.append(result(id_))
            if between:
                history.append(USER)
        before = sent(*history)
    turns = sent(*history)
    refuse_messages(turns)
    used = [b["id"] for t in turns for b in t["content"] if b["type"] == "tool_use"]
    assert len(set(used)) == len(used) == sum(map(len, rounds))
    # What was cached of a shorter history stays the same.
    assert sent(*history, {"role": "assistant", "content": "x"})[: len(before)] == before


@pytest.mark.parametrize(
    ("arguments", "translated"),
    [
        (None, {}),
        ("", {}),
        (" \n", {}),
        ("null", {}),
        (" null ", {}),
        ('{"a": 1}', {"a": 1}),
        ('{"a": "un', {"INVALID_JSON": '{"a": "un'}),
        ("[1]", {"INVALID_JSON": "[1]"}),
        ('"{}"', {"INVALID_JSON": '"{}"'}),
        ("nonsense", {"INVALID_JSON": "nonsense"}),
    ],
)
def test_arguments_are_an_object(arguments: Any, translated: Any) -> None:
    _, assistant, _ = sent(USER, calling("c", arguments=arguments), result("c"))
    assert assistant["content"][0]["input"] == translated


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    "number",
    [
        "18446744073709551616",
        "-170141183460469231731687303715884105728",
        "0.12345678901234567890",
        "9007199254740993.5",
        "1" + "0" * 300,
        "-1.5",
    ],
)
async def test_numbers_keep_their_digits_there_and_back(number: str, streamed: bool) -> None:
    arguments = f'{{"n":[{number}]}}'
    block = f'{{"type":"tool_use","id":"t","name":"f","input":{arguments}}}'
    if streamed:
        start = f'{{"type":"content_block_start","index":0,"content_block":{block}}}'
        content = wire(START) + f"data: {start}\n\n".encode() + wire(CLOSE, DELTA, STOP)
    else:
        head = '"type":"message","id":"msg_1","model":"m","stop_reason":"tool_use"'
        content = f'{{{head},"content":[{block}]}}'.encode()
    server = Upstream("anthropic", content)
    if streamed:
        stream = server.provider.prepare(REQUEST, SONNET).stream(Timeouts())
        chunks = [c async for c in stream if c]  # an empty one is a sign of life
        calls = [c["choices"][0]["delta"]["tool_calls"][0] for c in chunks[1:3]]
        answered = calls[0]["function"]["arguments"] + calls[1]["function"]["arguments"]
    else:
        answer = await server.provider.prepare(REQUEST, SONNET).complete(Timeouts())
        (call,) = answer["choices"][0]["message"]["tool_calls"]
        answered = call["function"]["arguments"]
    assert answered == arguments
    request = body(USER, calling("c", arguments=answered), result("c"))
    assert f'"input":{arguments}'.encode() in orjson.dumps(translate(request, SONNET))


def test_results_come_before_what_is_said_between_them() -> None:
    picture = {"role": "user", "content": "A picture of it"}
    turns = sent(USER, calling("a", "b"), result("a"), picture, result("b"), USER)
    assert [block["type"] for block in turns[2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
        "text",
    ]
    assert [b.get("text") for b in turns[2]["content"]][2:] == ["A picture of it", "Hello"]


def test_what_another_provider_added_to_a_call_is_no_input() -> None:
    call = calling("c", extra_content={"google": {"thought_signature": "x"}})
    call["tool_calls"][0]["function"]["provider_specific_fields"] = {"a": 1}
    request = body(USER, call, result("c"))
    assert left_out(request, SONNET) == ()
    assert sent(USER, call, result("c")) == sent(USER, calling("c"), result("c"))


@pytest.mark.parametrize("said", ['{"a": ', [{"type": "text", "text": "So\n\t "}]])
def test_an_answer_to_go_on_with_does_not_end_in_white_space(said: Any) -> None:
    started = {"role": "assistant", "content": said}
    turns = sent(USER, started)
    refuse_messages(turns)
    text = turns[-1]["content"][-1]["text"]
    assert text == text.rstrip() != ""
    assert sent(USER, started, USER)[1]["content"][-1]["text"] == (
        said if isinstance(said, str) else said[0]["text"]
    )
