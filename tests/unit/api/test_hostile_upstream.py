"""Whatever an upstream says, the answer is sane, and says the same as the record."""

from __future__ import annotations

import json
from typing import Any

import httpx
import orjson
import pytest
from tests.unit.api.messages_scene import ANSWER, BODY
from tests.unit.api.test_app import client
from tests.unit.gateway.parts import Sink, gateway
from tests.unit.protocols.responses.answers import message, response
from tests.unit.providers.cases import Upstream

from controlplane.api.answer_headers import MAX_VALUE_LENGTH
from controlplane.domain.routing import Target
from controlplane.errors import MAX_MESSAGE_LENGTH, MAX_WORD_LENGTH
from controlplane.gateway.pipeline import Gateway

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
COMPLETION: dict[str, Any] = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "openai": COMPLETION,
    "anthropic": json.loads(ANSWER),
    "responses": response(message("Hello there.")),
}
# How it is asked, and which upstream answers in which protocol.
WAYS: dict[str, tuple[str, dict[str, Any], str, tuple[str, ...]]] = {
    "chat": ("/v1/chat/completions", CHAT, "openai", ()),
    "chat over messages": ("/v1/chat/completions", CHAT, "anthropic", ()),
    "messages": ("/v1/messages", BODY, "anthropic", ()),
    "messages over chat": ("/v1/messages", BODY, "openai", ()),
    "responses": ("/v1/responses", {"model": "m", "input": "hello"}, "openai", ("responses",)),
}


def _answer(way: str) -> dict[str, Any]:
    _, _, kind, protocols = WAYS[way]
    answer: dict[str, Any] = json.loads(json.dumps(ANSWERS[protocols[0] if protocols else kind]))
    return answer


def _over(
    way: str, content: bytes, status: int = 200, *, backup: bool = False
) -> tuple[Gateway, Sink]:
    _, _, kind, protocols = WAYS[way]
    providers = {"sick": Upstream(kind, content, status, protocols).provider}
    if backup:
        sound = orjson.dumps(_answer(way))
        providers["sound"] = Upstream(kind, sound, 200, protocols).provider
    return gateway(providers, targets=tuple(Target(name, "up-1") for name in providers))


async def _ask(made: Gateway, way: str, *, stream: bool = False) -> httpx.Response:
    path, body, *_ = WAYS[way]
    async with client(made) as http:
        return await http.post(path, json=body | ({"stream": True} if stream else {}))


def _nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def _hostile(way: str, fault: str) -> tuple[bytes, int]:
    answer = _answer(way)
    match fault:
        case "204":
            return b"", 204
        case "204 with a body":
            return orjson.dumps(answer), 204
        case "nested":
            return orjson.dumps(answer)[:-1] + b',"x":' + _nested(300) + b"}", 200
        case "nested too deep to read":
            return _nested(5_000), 200
        case _:
            raise AssertionError(fault)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["204", "204 with a body", "nested", "nested too deep to read"])
async def test_what_is_no_answer_is_a_502_or_the_next_target_s(way: str, fault: str) -> None:
    content, status = _hostile(way, fault)
    made, sink = _over(way, content, status)
    answer = await _ask(made, way)
    assert (answer.status_code, [event.status for event in sink.events]) == (502, [502])
    made, sink = _over(way, content, status, backup=True)
    answer = await _ask(made, way)
    assert (answer.status_code, [event.status for event in sink.events]) == (200, [200])
    assert [attempt.provider for attempt in sink.events[0].attempts][-1] == "sound"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", [{"id": "m"}, ["m"], 7, True, None, "", "m\x00\r\nX-Evil: 1"])
@pytest.mark.parametrize("member", ["model", "id", "usage"])
async def test_what_stands_in_the_place_of_another_is_never_a_crash(
    way: str, value: Any, member: str
) -> None:
    made, sink = _over(way, orjson.dumps(_answer(way) | {member: value}))
    answer = await _ask(made, way)
    (event,) = sink.events
    assert answer.status_code == event.status
    assert answer.status_code in (200, 502)
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", ["204", "nested too deep to read"])
async def test_a_stream_that_is_none_is_a_502(way: str, fault: str) -> None:
    content, status = _hostile(way, fault)
    made, sink = _over(way, b"data: " + content + b"\n\n" if content else b"", status)
    answer = await _ask(made, way, stream=True)
    assert (answer.status_code, [event.status for event in sink.events]) == (502, [502])


@pytest.mark.parametrize("way", WAYS)
async def test_no_header_is_longer_than_clients_read(way: str) -> None:
    made, sink = _over(way, orjson.dumps(_answer(way) | {"model": "m\n\x00é" * 100_000}))
    answer = await _ask(made, way)
    assert answer.status_code == 200
    for name, value in answer.headers.raw:
        assert len(value) <= MAX_VALUE_LENGTH, name
        assert value.decode("ascii").isprintable(), name
    (event,) = sink.events
    assert event.model_served is not None
    assert len(event.model_served) <= 1_024
    assert event.model_served.isprintable()


HOSTILE_ERROR = {
    "message": "bad\x00\x1b[2J\u202e" + "m" * 3_000_000,
    "type": "invalid_request_error",
    "code": "c\r\n\x00" + "d" * 3_000_000,
    "param": "p\u2028" + "q" * 300_000,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", WAYS)
async def test_the_words_of_a_refusal_are_bounded_and_printable(way: str, stream: bool) -> None:
    made, sink = _over(way, orjson.dumps({"type": "error", "error": HOSTILE_ERROR}), 400)
    answer = await _ask(made, way, stream=stream)
    assert answer.status_code == 400
    error = answer.json()["error"]
    for name in ("message", "code", "param"):
        value = error.get(name) or ""
        assert value.isprintable(), name
        assert len(value) <= (MAX_MESSAGE_LENGTH if name == "message" else MAX_WORD_LENGTH), name
    (event,) = sink.events
    assert event.code is None or (event.code.isprintable() and len(event.code) <= 256)
