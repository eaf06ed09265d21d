"""OpenAI's chat requests in Anthropic's words; what has none is refused by its place."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from tests.unit.translators.chat_completions_to_messages.asked import (
    SONNET,
    TOOL,
    USER,
    body,
    file,
    image,
)
from tests.unit.translators.chat_completions_to_messages.left_out import left_out

from controlplane.errors import UnsupportedParameter
from controlplane.translators.chat_completions_to_messages.request import (
    DEFAULT_MAX_TOKENS,
    JSON_OBJECT_INSTRUCTION,
    translate,
)

OPEN = {
    "type": "json_schema",
    "json_schema": {"name": "x", "schema": {"type": "object", "additionalProperties": True}},
}


def said(*parts: Any) -> dict[str, Any]:
    return body({"role": "user", "content": list(parts)})


def called(function: Any, **more: Any) -> dict[str, Any]:
    call = {"id": "c1", "type": "function", "function": function, **more}
    return body(USER, {"role": "assistant", "tool_calls": [call]})


@pytest.mark.parametrize(
    ("request_body", "place"),
    [
        (body({**USER, "extra": 1}), "messages.0.extra"),
        (body(USER, {"role": "assistant", "audio": {"id": "a"}}), "messages.1.audio"),
        (body(USER, {"role": "assistant", "function_call": {}}), "messages.1.function_call"),
        (body(USER, {"role": "function", "name": "f", "content": "1"}), "messages.1.role"),
        (body({"role": "system", "content": "alone"}), "messages"),
        (body({"role": "user", "content": " \n"}), "messages"),
        (said({"type": "input_audio", "input_audio": {}}), "messages.0.content.0"),
        (said({"type": "text", "text": "a"}, {"type": "text"}), "messages.0.content.1.text"),
        (said({"type": "text", "text": "a", "extra": 1}), "messages.0.content.0.extra"),
        (said({"type": "refusal", "refusal": "no"}), "messages.0.content.0"),
        (said({"type": "image_url"}), "messages.0.content.0.image_url"),
        (said(image("http://x/a.png")), "messages.0.content.0.image_url.url"),
        (said(image("data:image/tiff;base64,AA==")), "messages.0.content.0.image_url.url"),
        (said(image("data:image/png,raw")), "messages.0.content.0.image_url.url"),
        (said(image(7)), "messages.0.content.0.image_url.url"),
        (said(file(file_id="f1")), "messages.0.content.0.file.file_id"),
        (said(file(file_data="JVBERi0=")), "messages.0.content.0.file.file_data"),
        (said(file(file_data="data:a/b;base64,AA==")), "messages.0.content.0.file.file_data"),
        (said(file(file_data="data:text/plain;base64,!")), "messages.0.content.0.file.file_data"),
        (
            body({"role": "system", "content": [image("https://x/a")]}, USER),
            "messages.0.content.0",
        ),
        (called({"name": "f", "arguments": {}}), "messages.1.tool_calls.0.function.arguments"),
        (called({"arguments": "{}"}), "messages.1.tool_calls.0.function.name"),
        (called({}, type="custom", custom={}), "messages.1.tool_calls.0"),
        (called({"name": "f", "arguments": ""}, id=None), "messages.1.tool_calls.0.id"),
        (body(USER, {"role": "assistant", "tool_calls": {}}), "messages.1.tool_calls"),
        (body(USER, {"role": "tool", "content": "1"}), "messages.1.tool_call_id"),
        (body(tools=[TOOL, {"type": "custom", "custom": {"name": "c"}}]), "tools.1"),
        (body(tools=[{"type": "function"}]), "tools.0.function"),
        (body(tools=[{"type": "function", "function": {}}]), "tools.0.function.name"),
        (body(tools=[TOOL], tool_choice={"type": "custom", "custom": {}}), "tool_choice"),
        (body(tools=[TOOL], tool_choice="any"), "tool_choice"),
        (body(tool_choice="required"), "tool_choice"),
        (body(temperature=1.2), "temperature"),
        (body(temperature=0.5, top_p=0.5), "top_p"),
        (body(temperature=0.5, reasoning_effort="low"), "temperature"),
        (body(top_p=0.5, reasoning_effort="low"), "top_p"),
        (body(reasoning_effort="enormous"), "reasoning_effort"),
        (body(stop=["END", "\n"]), "stop"),
        (body(reasoning_effort=["low"]), "reasoning_effort"),
        (body(service_tier="flex"), "service_tier"),
        (body(service_tier=["auto"]), "service_tier"),
        (body(response_format={"type": "grammar"}), "response_format"),
        (body(response_format=OPEN), "response_format.json_schema.schema"),
        (body(response_format={"type": "json_schema"}), "response_format.json_schema"),
        (
            body(response_format={"type": "json_schema", "json_schema": {"name": "x"}}),
            "response_format.json_schema.schema",
        ),
    ],
)
def test_what_cannot_be_carried_is_refused_by_its_place(request_body: Any, place: str) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        translate(request_body, SONNET)
    assert raised.value.param == place
    assert f"'{place}'" in raised.value.message


@pytest.mark.parametrize(
    "secret", [image("http://secret/a.png"), file(file_data="secret"), {"type": "text", "text": 1}]
)
def test_a_refusal_never_repeats_what_was_sent(secret: Any) -> None:
    with pytest.raises(UnsupportedParameter) as raised:
        translate(said(secret), SONNET)
    assert "secret" not in raised.value.message


def test_an_answer_of_ours_can_be_sent_back_as_clients_do() -> None:
    function = {"name": "f", "arguments": "{}", "parsed_arguments": {}}
    ours: dict[str, Any] = {
        "role": "assistant",
        "content": "Hi.",
        "refusal": None,
        "reasoning_content": "They greet.",
        "annotations": [],
        "parsed": {"greeting": "Hi."},
        "audio": None,
        "function_call": None,
        "tool_calls": [{"id": "c", "type": "function", "index": 0, "function": function}],
    }
    result = {"role": "tool", "tool_call_id": "c", "name": "f", "content": "1"}
    turns = translate(body(USER, ours, result), SONNET)["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[1]["content"] == [
        {"type": "text", "text": "Hi."},
        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
    ]


def test_what_says_nothing_there_is_left_out_and_named_once() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f"}, "flavour": "sweet"}
    request = body(
        {"role": "system", "content": "x", "name": "a"},
        {**USER, "name": "ann"},
        {"role": "user", "content": [image("https://x/a", detail="low")]},
        {"role": "assistant", "content": "Hi.", "mood": "fine", "tool_calls": [call]},
        USER,
    )
    assert left_out(request, SONNET) == (
        "messages.0.name",
        "messages.2.content.0.image_url.detail",
        "messages.3.mood",
        "messages.3.tool_calls.0.flavour",
    )


def test_what_the_assistant_refused_to_say_is_said() -> None:
    refused = {"role": "assistant", "content": None, "refusal": "I cannot."}
    assert translate(body(USER, refused, USER), SONNET)["messages"][1]["content"] == [
        {"type": "text", "text": "I cannot."}
    ]


def test_the_smaller_maximum_holds() -> None:
    assert translate(body(max_tokens=5, max_completion_tokens=9), SONNET)["max_tokens"] == 5
    assert translate(body(), SONNET)["max_tokens"] == DEFAULT_MAX_TOKENS


def test_only_one_name_of_a_user_can_be_sent() -> None:
    request = body(user="a", safety_identifier="b")
    assert translate(request, SONNET)["metadata"] == {"user_id": "b"}
    assert left_out(request, SONNET) == ("user",)


def test_a_json_object_is_asked_for_after_everything_else() -> None:
    request = body(
        {"role": "system", "content": "Hi"}, USER, response_format={"type": "json_object"}
    )
    assert translate(request, SONNET)["system"][-1]["text"] == JSON_OBJECT_INSTRUCTION


@pytest.mark.parametrize(
    ("declared", "start", "media_type"),
    [
        ("image/png", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("image/jpg", b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        ("application/octet-stream", b"GIF89a", "image/gif"),
        ("image/JPG", b"what is this", "image/jpeg"),
        ("image/x-png", b"", "image/png"),
    ],
)
def test_an_image_is_what_its_first_bytes_say(declared: str, start: bytes, media_type: str) -> None:
    url = f"data:{declared};base64,{base64.b64encode(start).decode()}"
    (block,) = translate(said(image(url)), SONNET)["messages"][0]["content"]
    assert block["source"]["media_type"] == media_type


@pytest.mark.parametrize("name", ["user", "safety_identifier"])
@pytest.mark.parametrize(
    "user", ["ann@example.com", "user:ann@example.com", "+44 20 7946 0958", "4155550123", "u" * 257]
)
def test_what_would_name_a_person_is_sent_as_a_digest(user: str, name: str) -> None:
    sent = translate(body(**{name: user}), SONNET)["metadata"]["user_id"]
    assert re.fullmatch("[0-9a-f]{64}", sent)
    assert sent == translate(body(user=user), SONNET)["metadata"]["user_id"]


@pytest.mark.parametrize("user", ["u-4155550123", "9f2c", "a@", "tenant/7", "u" * 256])
def test_an_opaque_name_is_sent_as_it_is(user: str) -> None:
    assert translate(body(user=user), SONNET)["metadata"] == {"user_id": user}


def test_the_user_of_metadata_is_the_last_to_be_asked() -> None:
    labels = {"user_id": "m", "team": "blue"}
    assert translate(body(metadata=labels), SONNET)["metadata"] == {"user_id": "m"}
    assert left_out(body(metadata=labels), SONNET) == ("metadata",)
    assert translate(body(metadata=labels, user="u"), SONNET)["metadata"] == {"user_id": "u"}
    assert "metadata" not in translate(body(metadata={"team": "blue"}), SONNET)
    assert left_out(body(metadata={"user_id": "m"}), SONNET) == ()


def test_priority_is_what_there_is_of_it() -> None:
    assert translate(body(service_tier="priority"), SONNET)["service_tier"] == "auto"
