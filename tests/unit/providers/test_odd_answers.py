"""Answers that are whole although they look odd, and failures that a status of 200 hides."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.providers.wire_cases import SCALE, ask

from controlplane.domain.routing import Timeouts
from controlplane.errors import ProviderRefused


def data(value: Any) -> str:
    return f"data: {orjson.dumps(value).decode()}\n\n"


def chunk(delta: Any = None, reason: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "finish_reason": reason} | ({} if delta is None else {"delta": delta})
    return data({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


ROLE, TEXT, STOP = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "Hi"}),
    chunk({}, "stop"),
)
USAGE = data({"usage": {"prompt_tokens": 10, "completion_tokens": 5}, "choices": None})
DONE = "data: [DONE]\n\n"
ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def streamed(*pieces: str | float) -> dict[str, Any]:
    return {"status": 200, "content_type": "text/event-stream", "pieces": list(pieces)}


def whole(body: Any) -> dict[str, Any]:
    return {
        "status": 200,
        "content_type": "application/json",
        "pieces": [orjson.dumps(body).decode()],
    }


def request(model: str, *, stream: bool) -> dict[str, Any]:
    asked = {"model": model, "messages": [{"role": "user", "content": "x"}]}
    return asked | ({"stream": True} if stream else {})


@pytest.mark.parametrize(
    "pieces",
    [
        (ROLE, TEXT, STOP),
        (ROLE, TEXT, STOP, USAGE),
        (ROLE, TEXT, STOP, "data: gibb"),
        (ROLE, TEXT, STOP, "data: gibberish\n\n", USAGE, DONE),
        (ROLE, TEXT, STOP, chunk(content_filter_results={}), DONE.strip()),
        (ROLE, TEXT, chunk(None, "stop"), DONE),
        (ROLE, TEXT, chunk({"content": None}, "stop"), data({}), data({"choices": []}), DONE),
        (ROLE, data({"type": "ping"}), TEXT, STOP, DONE),
        ("\ufeff", ROLE, TEXT, STOP.replace("\n", "\r"), DONE.replace("\n", "\r")),
    ],
    ids=str,
)
async def test_a_reason_to_stop_makes_the_answer_whole(pieces: tuple[str, ...]) -> None:
    outcome = await ask(request("m-openai", stream=True), [streamed(*pieces)])
    assert outcome.error is None
    assert outcome.text == "Hi"
    assert outcome.chunks[0]["choices"][0]["delta"].get("role") == "assistant"


async def test_an_open_socket_behind_the_reason_to_stop_is_not_waited_for() -> None:
    pieces = (ROLE, TEXT, STOP, USAGE, 60.0 / SCALE)
    outcome = await ask(request("m-openai", stream=True), [streamed(*pieces)])
    assert outcome.error is None
    assert outcome.trail.usage is not None
    assert outcome.trail.usage.output == 5


FAILURES = [
    ({"error": {"code": 502, "message": "gone"}}, 502),
    ({"error": {"code": "503", "message": "gone"}}, 503),
    ({"error": {"message": "gone", "code": "rate_limit_exceeded"}}, 429),
    ({"error": {"message": "gone"}}, 500),
    ({"error": "gone"}, 500),
    ({"error": {"code": 502, "message": "gone"}, "choices": []}, 502),
    ({"error": {"code": 502}, "choices": [{"index": 0, "delta": {}, "message": {}}]}, 502),
    ({"object": "error", "message": "gone", "type": "x", "code": 503}, None),
    ({"message": "gone"}, None),
    ({"detail": "gone"}, None),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("body", "status"), FAILURES, ids=str)
async def test_a_failure_is_read_from_what_is_said(
    body: Any, status: int | None, stream: bool
) -> None:
    first = streamed(ROLE, data(body), DONE) if stream else whole(body)
    message = streamed(*(data(event) for event in _message("Hi"))) if stream else whole(ANSWER)
    outcome = await ask(request("m-fo2", stream=stream), [first, message])
    assert outcome.error is None
    assert outcome.calls == ["openai.test", "anthropic.test"]
    attempt = outcome.trail.attempts[0]
    assert attempt.failure == "status"
    assert status is None or attempt.status == status


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_refusal_inside_a_success_keeps_its_status_and_words(stream: bool) -> None:
    body = {"choices": [], "error": {"code": 400, "message": "Too long.", "param": "messages"}}
    reply = streamed(data(body)) if stream else whole(body)
    outcome = await ask(request("m-fo2", stream=stream), [reply])
    assert isinstance(outcome.error, ProviderRefused)
    assert (outcome.error.status, outcome.error.message) == (400, "Too long.")
    assert len(outcome.calls) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        (ROLE, chunk({"content": ""}, "error"), DONE),
        (ROLE, "data: garbage\n\n", TEXT, STOP, DONE),
        (ROLE, DONE),
        (ROLE,),
        (ROLE, chunk({"content": ""}), data([1])),
        (ROLE, 60.0 / SCALE),
    ],
    ids=str,
)
async def test_nothing_has_begun_before_the_first_visible_event(pieces: tuple[Any, ...]) -> None:
    second = streamed(*(data(event) for event in _message("Hi")))
    timeouts = Timeouts(idle_s=0.2)
    asked = request("m-fo2", stream=True)
    outcome = await ask(asked, [streamed(*pieces), second], timeouts=timeouts)
    assert outcome.error is None
    assert outcome.text == "Hi"
    assert outcome.calls == ["openai.test", "anthropic.test"]


async def test_a_whole_answer_that_was_given_up_is_a_failure() -> None:
    body = {"choices": [{"index": 0, "message": {"content": "Hel"}, "finish_reason": "error"}]}
    outcome = await ask(request("m-fo2", stream=False), [whole(body), whole(ANSWER)])
    assert outcome.body["choices"][0]["message"]["content"] == "Hi"
    assert outcome.calls == ["openai.test", "anthropic.test"]


def _message(
    text: str, tokens: int = 5, reason: str = "end_turn", *, opens: bool = True
) -> list[Any]:
    block = {"type": "text", "text": ""}
    started = {**ANSWER, "content": [], "stop_reason": None}
    opened = [
        {"type": "content_block_start", "index": 0, "content_block": block},
        *([_text(text)] if text else []),
        {"type": "content_block_stop", "index": 0},
    ]
    return [
        {"type": "message_start", "message": started},
        *(opened if opens else []),
        {
            "type": "message_delta",
            "delta": {"stop_reason": reason},
            "usage": {"output_tokens": tokens},
        },
        {"type": "message_stop"},
    ]


def _text(text: str) -> Any:
    return {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": text},
    }


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("opens", [False, True], ids=["no block", "an empty block"])
@pytest.mark.parametrize(
    ("tokens", "reason", "hollow"),
    [
        (57, "end_turn", True),
        (57, "max_tokens", True),
        (3, "end_turn", False),
        (2, "end_turn", False),
        (57, "stop_sequence", False),
        (57, "refusal", False),
    ],
)
async def test_a_message_without_content_whose_usage_counts_some(
    tokens: int, reason: str, hollow: bool, opens: bool, stream: bool
) -> None:
    content = [{"type": "text", "text": ""}] if opens else []
    usage = {"input_tokens": 3, "output_tokens": tokens}
    body = {**ANSWER, "content": content, "stop_reason": reason, "usage": usage}
    events = _message("", tokens, reason, opens=opens)
    reply = streamed(*map(data, events)) if stream else whole(body)
    outcome = await ask(request("m-anthropic", stream=stream), [reply])
    assert (outcome.error is not None) == hollow
