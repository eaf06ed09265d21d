"""The turns of a conversation with Claude as chat messages."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.translators.messages_to_chat_completions.cases import asked, assistant, text, user

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.protocols.parameters import MAX_LEFT_OUT
from controlplane.translators.messages_to_chat_completions.calls import FAILED, IN_THE_NEXT
from controlplane.translators.messages_to_chat_completions.translate import translate

MARK = {"cache_control": {"type": "ephemeral"}}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}


def sent(*messages: Any, **more: Any) -> Any:
    return asked({"messages": list(messages), **more}).request.body["messages"]


def left_out(*messages: Any, **more: Any) -> tuple[str, ...]:
    return asked({"messages": list(messages), **more}).left_out


def call(id_: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": "f", "input": {}, **more}


def result(id_: str, content: Any = "done", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id_, "content": content, **more}


def test_turns_of_one_role_are_one_so_that_results_follow_their_calls() -> None:
    found = sent(
        user("Go"),
        assistant(call("a")),
        assistant(call("b")),
        user([result("a")]),
        user([text("and?"), result("b")]),
    )
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "tool", "user"]
    assert [each["id"] for each in found[1]["tool_calls"]] == ["a", "b"]
    assert [message["tool_call_id"] for message in found[2:4]] == ["a", "b"]
    assert found[4] == {"role": "user", "content": "and?"}


def test_a_system_message_keeps_its_place() -> None:
    found = sent(user("Hi"), {"role": "system", "content": "Be brief."}, user("Well?"))
    assert [message["role"] for message in found] == ["user", "system", "user"]


def test_a_system_message_is_cleared_once_a_user_has_spoken_again() -> None:
    reminder = {"role": "system", "content": "Now.", "clear_at": "next_user_message"}
    assert sent(user("Hi"), reminder)[1:] == [{"role": "system", "content": "Now."}]
    assert sent(user("Hi"), reminder, user("Well?")) == [user([text("Hi"), text("Well?")])]


def test_the_block_by_which_claude_code_is_billed_is_named() -> None:
    system = [text("x-anthropic-billing-header: cc_version=2"), text("Be brief.")]
    translated = asked({"system": system})
    assert translated.request.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert translated.left_out == ("system.0.billing",)


def test_a_mark_of_the_cache_stays_where_it_is() -> None:
    (said,) = sent(user([text("a"), text("b", **MARK)]))
    assert said["content"] == [text("a"), text("b", **MARK)]
    answered = sent(
        user("Hi"), assistant(text("a", **MARK), call("c", **MARK)), user([result("c")])
    )
    assert answered[1]["content"] == [text("a", **MARK)]
    assert answered[1]["tool_calls"][0]["cache_control"] == MARK["cache_control"]
    inner = sent(user("Hi"), assistant(call("c")), user([result("c", [text("x", **MARK)])]))
    assert inner[2]["cache_control"] == MARK["cache_control"]


def test_texts_of_the_assistant_are_one() -> None:
    assert sent(user("Hi"), assistant(text("a"), text("b")), user("?"))[1]["content"] == "ab"


def test_a_result_that_failed_says_so() -> None:
    found = sent(user("Hi"), assistant(call("c")), user([result("c", "no", is_error=True)]))
    assert found[2]["content"] == f"{FAILED}\n\nno"
    empty = {"type": "tool_result", "tool_use_id": "c", "is_error": True}
    assert sent(user("Hi"), assistant(call("c")), user([empty]))[2]["content"] == FAILED


def test_an_image_of_a_result_follows_all_results() -> None:
    found = sent(
        user("Hi"),
        assistant(call("a"), call("b")),
        user([result("a", [text("See:"), IMAGE]), result("b"), text("Well?")]),
    )
    assert [message["role"] for message in found[2:]] == ["tool", "tool", "user"]
    assert found[2]["content"] == f"See:\n\n{IN_THE_NEXT}"
    kinds = [part["type"] for part in found[4]["content"]]
    assert kinds == ["text", "image_url", "text"]
    assert "a" in found[4]["content"][0]["text"]


def test_an_id_that_is_too_long_is_shortened_alike_in_call_and_result() -> None:
    long = "call_" + "x" * 60
    found = sent(user("Hi"), assistant(call(long)), user([result(long)]))
    id_ = found[1]["tool_calls"][0]["id"]
    assert len(id_) == 40
    assert found[2]["tool_call_id"] == id_


def test_an_input_keeps_its_digits() -> None:
    number = "12345678901234567890.123456789012345678901"
    call_of_it = call("c", input={"n": orjson.Fragment(number)})
    messages = [user("Hi"), assistant(call_of_it), user([result("c")])]
    raw = orjson.dumps({"model": "m", "max_tokens": 5, "messages": messages})
    translated = translate(MessagesRequest(orjson.loads(raw), raw=raw), "openai", "m")
    found = translated.request.body["messages"][1]["tool_calls"][0]
    assert found["function"]["arguments"] == f'{{"n":{number}}}'


def test_a_summary_of_what_came_before_is_text() -> None:
    summary = {"type": "compaction", "content": "It rained."}
    assert sent(user([summary, text("Go on.")]))[0]["content"][0] == text("It rained.")
    assert sent(assistant({"type": "compaction", "content": None}), user("Hi")) == [user("Hi")]


def test_what_others_thought_and_where_another_took_over_is_named() -> None:
    fallback = {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}
    thought = {"type": "thinking", "thinking": "Hm", "signature": "EqQB"}
    hidden = {"type": "redacted_thinking", "data": "EqQB"}
    turn = assistant(thought, hidden, fallback, text("a"))
    assert sent(user("Hi"), turn, user("?"))[1] == {"role": "assistant", "content": "a"}
    assert left_out(user("Hi"), turn, user("?")) == (
        "messages.1.content.0.thinking",
        "messages.1.content.1.redacted_thinking",
        "messages.1.content.2.fallback",
    )


def test_thoughts_alone_are_no_turn() -> None:
    thought = {"type": "thinking", "thinking": "Hm", "signature": "EqQB"}
    assert [m["role"] for m in sent(user("Hi"), assistant(thought), user("?"))] == ["user", "user"]


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (user([{"type": "image", "source": {"type": "file", "file_id": "f"}}]), "content.0.source"),
        (
            user([{"type": "document", "source": {"type": "url", "url": "https://a"}}]),
            "content.0.source",
        ),
        (user([{"type": "container_upload", "file_id": "f"}]), "content.0"),
        (user([{"type": "web_search_tool_result", "tool_use_id": "a"}]), "content.0"),
        (user([call("a")]), "content.0"),
        (user([{"type": "novelty"}]), "content.0"),
        (user([{"type": 7}]), "content.0.type"),
        (user([text("a", novelty=1)]), "content.0.novelty"),
        (user([{"type": "text"}]), "content.0.text"),
        (user(7), "content"),
        (assistant(IMAGE), "content.0"),
        (assistant({"type": "server_tool_use", "name": "web_search"}), "content.0"),
        (assistant({"type": "compaction", "encrypted_content": "x"}), "content.0"),
        ({"role": "system", "content": [IMAGE]}, "content.0"),
        ({"role": "system", "content": [{"type": "tool_addition", "tool": {}}]}, "content.0"),
        ({"role": "tool", "content": "x"}, "role"),
        ({"role": "user", "content": "x", "novelty": 1}, "novelty"),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_place(message: Any, place: str) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        sent(user("Hi"), message, user("?"))
    assert raised.value.param == f"messages.1.{place}"


def test_an_answer_that_is_begun_cannot_be_gone_on_with() -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        sent(user("Hi"), assistant(text("The answer is")))
    assert raised.value.param == "messages"


def test_what_is_not_known_is_left_out_where_the_route_says_so() -> None:
    body = {
        "model": "m",
        "max_tokens": 5,
        "messages": [{**user([text("a", novelty=1)]), "other": "x", "a b": None}],
    }
    translated = translate(MessagesRequest(body, lenient=True), "openai", "m")
    assert translated.left_out == ("messages.0.other", "messages.0.content.0.novelty")
    body["messages"][0]["a b"] = 1  # type: ignore[index]
    with pytest.raises(UnsupportedParameter):
        translate(MessagesRequest(body, lenient=True), "openai", "m")


def test_as_many_are_left_out_as_can_be_named() -> None:
    many = {f"p{number}": 1 for number in range(MAX_LEFT_OUT)}
    body = {"model": "m", "max_tokens": 5, "messages": [user("Hi") | many]}
    assert len(translate(MessagesRequest(body, lenient=True), "openai", "m").left_out) == len(many)
    body = {"model": "m", "max_tokens": 5, "messages": [user("Hi") | many | {"one_more": 1}]}
    with pytest.raises(UnsupportedParameter, match="one_more"):
        translate(MessagesRequest(body, lenient=True), "openai", "m")
