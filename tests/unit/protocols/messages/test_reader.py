"""The events of a provider's stream: all of them go on, and what is none is a failure."""

from __future__ import annotations

import pytest

from controlplane.domain.inference import AsItCame
from controlplane.errors import ProviderError
from controlplane.protocols.messages.protocol import PROTOCOL
from controlplane.protocols.messages.reader import EventReader
from controlplane.protocols.messages.request import MessagesRequest

REQUEST = MessagesRequest({"model": "m", "messages": []})


def failure(_event: object) -> ProviderError:
    return ProviderError("status", "no", status=529)


def test_an_event_has_the_bytes_in_which_it_came() -> None:
    reader = EventReader(failure)
    raw = b'{ "type": "a_new_kind", "x": 1.0 }'
    event = reader.feed(raw)
    assert isinstance(event, AsItCame)
    assert PROTOCOL.frame(event) == b"event: a_new_kind\ndata: %b\n\n" % raw
    assert reader.feed(b"") == {}


def test_a_reason_to_stop_finishes_it_and_the_last_event_closes_it() -> None:
    reader = EventReader(failure)
    reader.feed(b'{"type":"message_delta","delta":{"stop_reason":null}}')
    assert not reader.ended_well
    reader.feed(b'{"type":"message_delta","delta":{"stop_reason":"end_turn"}}')
    assert (reader.ended_well, reader.closed) == (True, False)
    event = reader.feed(b'{"type":"message_stop"}')
    assert reader.closed
    assert PROTOCOL.closes(event)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"type":"error","error":{"type":"overloaded_error"}}', "status"),
        (b'{"error":"no"}', "status"),
        (b'{"type":"message","content":[]}', "protocol"),
        (b'{"choices":[]}', "protocol"),
        (b'{"type":1}', "protocol"),
        (b"[DONE]", "protocol"),
        (b"[]", "protocol"),
    ],
)
def test_what_is_no_event_is_a_failure(data: bytes, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        EventReader(failure).feed(data)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"<html>", b'{"error":{"type":"api_error"}}', b'{"content":"text"}']
)
def test_a_success_that_is_no_message_is_a_failure(body: bytes) -> None:
    with pytest.raises(ProviderError):
        PROTOCOL.read_answer(body, REQUEST, failure)


@pytest.mark.parametrize(
    ("event", "visible"),
    [
        ({"type": "ping"}, False),
        ({"type": "message_start", "message": {"content": []}}, False),
        ({"type": "content_block_start", "content_block": {"type": "text", "text": ""}}, False),
        ({"type": "content_block_start", "content_block": {"type": "thinking"}}, False),
        ({"type": "content_block_start", "content_block": {"type": "text", "text": "a"}}, True),
        ({"type": "content_block_start", "content_block": {"type": "tool_use"}}, True),
        ({"type": "content_block_start", "content_block": {"type": "server_tool_use"}}, True),
        ({"type": "content_block_start", "content_block": {"data": "x"}}, True),
        ({"type": "content_block_start"}, False),
        ({"type": "content_block_delta", "delta": {"text": ""}}, False),
        ({"type": "content_block_delta", "delta": {"thinking": "a"}}, True),
        ({"type": "content_block_delta", "delta": {"partial_json": "{"}}, True),
        ({"type": "content_block_delta", "delta": {"signature": "c2ln"}}, True),
        ({"type": "content_block_stop"}, False),
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, True),
        ({"type": "message_stop"}, False),
        ({"type": "a_new_kind"}, True),
    ],
)
def test_what_a_reader_sees(event: dict[str, object], visible: bool) -> None:
    assert PROTOCOL.is_visible(event) is visible


def test_data_of_several_lines_stays_an_event() -> None:
    event = AsItCame({"type": "x"}, b'{"type":\r\n"x"}')
    assert PROTOCOL.frame(event) == b'event: x\ndata: {"type":\ndata: "x"}\n\n'
