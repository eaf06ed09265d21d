"""What the gateway reads of a request for a response, and that it reads nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from controlplane.errors import InvalidRequest
from controlplane.protocols.responses.request import ResponsesRequest, parse_responses_request

USER = {"role": "user", "content": "Hello there"}
FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,iVBORw0KGgo="}


def parsed(**body: Any) -> ResponsesRequest:
    return parse_responses_request(orjson.dumps({"model": "gpt-4o", **body}))


def asked(*parts: dict[str, Any], **body: Any) -> ResponsesRequest:
    return parsed(input=[{"role": "user", "content": [*parts]}], **body)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "model"),
        ({"model": 7}, "model"),
        ({"model": "m", "input": 7}, "input"),
        ({"model": "m", "input": {"role": "user"}}, "input"),
        ({"model": "m", "stream": "yes"}, "stream"),
        ({"model": "m", "store": 1}, "store"),
        ({"model": "m", "background": "no"}, "background"),
        ({"model": "m", "max_output_tokens": 0}, "max_output_tokens"),
        ({"model": "m", "max_output_tokens": 1.5}, "max_output_tokens"),
        ({"model": "m", "max_output_tokens": True}, "max_output_tokens"),
        ({"model": "m", "previous_response_id": ["resp_1"]}, "previous_response_id"),
        ({"model": "m", "conversation": 7}, "conversation"),
        ({"model": "m", "tools": {"type": "function"}}, "tools"),
        ({"model": "m", "user": "\x00"}, "user"),
        ({"model": "m", "safety_identifier": ""}, "safety_identifier"),
    ],
)
def test_what_the_gateway_relies_on_is_checked(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_responses_request(orjson.dumps(body))
    assert caught.value.param == param
    assert f"'{param}'" in caught.value.message


def test_what_it_does_not_know_passes_unread() -> None:
    odd = {
        "model": "gpt-4o",
        "input": [{"type": "moon_landing", "content": 7}, "loose", None, [], USER],
        "tools": [{"type": "rocket", "tools": "none"}, 7, {}],
        "reasoning": "a lot",
        "prompt_cache_options": [],
        "future": {"field": [1, 2]},
    }
    raw = orjson.dumps(odd)
    request = parse_responses_request(raw)
    assert (request.body, request.raw, request.size) == (odd, raw, len(raw))
    assert request.image_count == 0
    assert request.asked_characters(0) > 0
    assert (request.stateful, request.unbounded, request.unpriced) == (None, None, "tools.0")
    assert request.keeps_for_an_hour is False
    assert request.reasons("gpt-4o") is False


def test_no_input_is_left_to_the_provider() -> None:
    assert parsed().asked_characters(0) == 0


def test_the_longest_answer() -> None:
    assert (parsed(max_output_tokens=70).max_output, parsed().max_output) == (70, None)


@pytest.mark.parametrize(
    ("body", "user"),
    [
        ({"user": "u", "safety_identifier": "s"}, "s"),
        ({"user": "u"}, "u"),
        ({"safety_identifier": "s"}, "s"),
        ({}, None),
    ],
)
def test_the_end_user(body: dict[str, Any], user: str | None) -> None:
    assert parsed(**body).end_user == user


@pytest.mark.parametrize(
    ("effort", "model", "thinks"),
    [
        (None, "gpt-4o", False),
        ("none", "gpt-4o", False),
        ("minimal", "gpt-4o", False),
        ("low", "my-deployment", True),
        (None, "gpt-6-luna", True),
        (None, "o3", True),
        ("none", "gpt-5.6-sol", True),
    ],
)
def test_who_thinks(effort: str | None, model: str, thinks: bool) -> None:
    reasoning = {} if effort is None else {"reasoning": {"effort": effort}}
    assert parsed(**reasoning).reasons(model) is thinks


def test_how_much_is_asked() -> None:
    assert parsed(input="12345", instructions="123").asked_characters(0) == 8
    text = {"type": "input_text", "text": "1234"}
    request = asked(text, IMAGE, tools=[FUNCTION])
    assert request.asked_characters(1_000) == 1_000 + len("userinput_text1234functionfobject")


def test_pictures_are_counted_wherever_they_are() -> None:
    output = {"type": "function_call_output", "call_id": "c", "output": [IMAGE, IMAGE]}
    screen = {"type": "computer_screenshot", "image_url": "data:image/png;base64,iVBORw0KGgo="}
    shot = {"type": "computer_call_output", "call_id": "d", "output": screen}
    user = {"role": "user", "content": [IMAGE, {"type": "input_text", "text": "what?"}]}
    assert parsed(input=[user, output, shot]).image_count == 4


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input.0.content.0"),
        ({"input": [USER, {"type": "item_reference", "id": "msg_1"}]}, "input.1"),
        ({"input": [USER, {"id": "msg_1"}]}, "input.1"),
        ({"previous_response_id": "resp_1", "input": "on"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": [USER, {"type": "reasoning", "id": "rs_1", "summary": []}]}, None),
    ],
)
def test_what_has_no_bound(body: dict[str, Any], place: str | None) -> None:
    assert parsed(**body).unbounded == place


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"tools": [FUNCTION, {"type": "web_search"}]}, None),
        ({"tools": [{"type": "file_search"}]}, None),
        ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "tools.0"),
        ({"tools": [{"type": "image_generation"}]}, "tools.0"),
        ({"tools": [{"type": "computer"}]}, "tools.0"),
        ({"tools": [{"type": "mcp", "server_label": "s"}]}, "tools.0"),
        ({"tools": [{"type": "shell", "environment": {"type": "container_auto"}}]}, "tools.0"),
        ({"tools": [{"type": "shell"}]}, "tools.0"),
        ({"tools": [{"type": "shell", "environment": {"type": "local"}}]}, None),
        ({"tools": [{"type": "namespace", "tools": [FUNCTION, {"type": "custom"}]}]}, None),
        ({"tools": [{"type": "namespace", "tools": [{"type": "x"}]}]}, "tools.0.tools.0"),
        ({"input": [{"type": "additional_tools", "tools": [{"type": "x"}]}]}, "input.0.tools.0"),
        ({"service_tier": "priority"}, None),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "input.0.content.0",
        ),
    ],
)
def test_what_has_no_price(body: dict[str, Any], name: str | None) -> None:
    assert parsed(**body).unpriced == name


@pytest.mark.parametrize(("ttl", "longer"), [(None, False), ("30m", False), ("12h", True)])
def test_a_cache_that_keeps_longer(ttl: str | None, longer: bool) -> None:
    assert parsed(prompt_cache_options={"ttl": ttl}).keeps_for_an_hour is longer


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, None),
        ({"store": False, "background": False}, None),
        ({"store": True}, "store"),
        ({"background": True, "store": False}, "background"),
        ({"previous_response_id": "resp_1", "store": True}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"input": [USER, {"type": "item_reference", "id": "msg_1"}]}, "input.1"),
    ],
)
def test_what_needs_a_stored_answer(body: dict[str, Any], name: str | None) -> None:
    assert parsed(**body).stateful == name


@pytest.mark.parametrize(
    ("body", "model", "include"),
    [
        ({}, "gpt-6-luna", ["reasoning.encrypted_content"]),
        ({"include": ["x"]}, "gpt-6-luna", ["x", "reasoning.encrypted_content"]),
        ({"include": ["reasoning.encrypted_content"]}, "o3", ["reasoning.encrypted_content"]),
        ({"reasoning": {"effort": "low"}}, "my-own", ["reasoning.encrypted_content"]),
        ({}, "gpt-4.1", None),
        ({}, "gpt-5-chat-latest", None),
        ({"include": "odd"}, "gpt-6-luna", "odd"),
        # A caller that turns storage off itself says what it wants instead.
        ({"store": False}, "gpt-6-luna", None),
    ],
)
def test_thoughts_come_along_where_they_would_have_been_stored(
    body: dict[str, Any], model: str, include: Any
) -> None:
    sent = parsed(**body).stateless().for_model(model)
    assert sent.body.get("include") == include
    assert sent.body["store"] is False
    assert parsed(**body).for_model(model).body.get("include") == body.get("include")


def test_without_a_stored_answer() -> None:
    raw = b'{ "model" : "m",\n "input":"caf\\u00e9" } \n'
    request = parse_responses_request(raw).stateless()
    assert request.raw == b'{ "model" : "m",\n "input":"caf\\u00e9" ,"store":false}'
    assert orjson.loads(request.raw) == request.body
    assert request.stateless() is request
    # A name that is there already must not stand there twice.
    again = parse_responses_request(b'{"model":"m","store":null}').stateless()
    assert (again.raw, again.body["store"]) == (None, False)


@pytest.mark.parametrize(("most", "at_most"), [(4, 4), (0, 0), (None, None), (True, None)])
def test_tools_with_a_fee_are_bounded_together(most: Any, at_most: int | None) -> None:
    tools = [FUNCTION, {"type": "web_search"}, {"type": "file_search"}]
    found = parsed(tools=[*tools, {"type": "web_search_preview"}], max_tool_calls=most).server_tools
    names = ["web_search", "file_search", "web_search_preview"]
    assert [(tool.place, tool.name) for tool in found] == [
        (f"tools.{place}", name) for place, name in enumerate(names, 1)
    ]
    assert {(tool.at_most, tool.setting) for tool in found} == {(at_most, "max_tool_calls")}
