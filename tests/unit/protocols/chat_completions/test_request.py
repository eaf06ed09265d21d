"""Bad requests are refused by name; good ones keep every key."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.body import MAX_DEPTH
from controlplane.errors import InvalidRequest
from controlplane.protocols.chat_completions.request import ChatRequest, parse_chat_request

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


def parse(**changes: object) -> ChatRequest:
    return parse_chat_request(json.dumps(HELLO | changes).encode())


def test_a_request_keeps_every_key_it_came_with() -> None:
    request = parse(temperature=0.5, vendor_extension={"deep": [1, None, "x"]})
    assert request.body == HELLO | {
        "temperature": 0.5,
        "vendor_extension": {"deep": [1, None, "x"]},
    }


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"model": 4}, "model"),
        ({"model": "a\x00b"}, "model"),
        ({"model": "m" * 1025}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["hi"]}, "messages.0"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages.0.content.0"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"stop": [1]}, "stop"),
        ({"tools": [{}]}, "tools"),
        ({"tools": "hammer"}, "tools"),
        ({"response_format": "json"}, "response_format"),
        ({"metadata": []}, "metadata"),
        ({"user": 7}, "user"),
    ],
)
def test_a_bad_parameter_is_named(changes: dict[str, object], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(**changes)
    assert caught.value.param == param
    assert caught.value.status == 400
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"nul", b"\xff{}", b'{"a": NaN}'])
def test_what_is_no_json_object_is_refused_without_an_echo(raw: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_chat_request(raw)
    assert caught.value.__cause__ is None
    assert caught.value.message.startswith("The request body")


def nested(depth: int) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"x"}],"extra":%b%b}' % (
        b"[" * (depth - 1),
        b"]" * (depth - 1),
    )


def test_depth_is_bounded() -> None:
    assert parse_chat_request(nested(MAX_DEPTH)).model == "m"
    with pytest.raises(InvalidRequest, match="nested deeper than 64"):
        parse_chat_request(nested(MAX_DEPTH + 1))
    with pytest.raises(InvalidRequest):
        parse_chat_request(nested(100_000))


def test_replace_leaves_the_original_alone() -> None:
    request = parse()
    changed = request.replace(max_completion_tokens=5)
    assert "max_completion_tokens" not in request.body
    assert changed.body["max_completion_tokens"] == 5


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_text_passes_unchanged(text: str) -> None:
    request = parse(messages=[{"role": "user", "content": text}], user=text or "u")
    assert request.body["messages"][0]["content"] == text
    assert request.end_user == (text or "u")
