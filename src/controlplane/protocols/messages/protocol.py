"""Messages as a protocol of the gateway."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import orjson

from controlplane.domain.inference import AsItCame, Body, Event, InferenceRequest, ProtocolName
from controlplane.domain.limits import LimitStatus
from controlplane.domain.usage import Usage
from controlplane.errors import GatewayError, ProviderError, QuotaExceeded
from controlplane.protocols.messages.errors import error_body, status_of
from controlplane.protocols.messages.limits import budget_headers, rejected_headers
from controlplane.protocols.messages.measure import characters
from controlplane.protocols.messages.reader import EventReader
from controlplane.protocols.messages.request import MessagesRequest, parse_messages_request
from controlplane.protocols.messages.seals import is_sealed
from controlplane.protocols.messages.stream_screen import EventScreen
from controlplane.protocols.messages.tally import EventTally
from controlplane.protocols.messages.usage import read_usage
from controlplane.protocols.protocol import (
    ErrorAnswer,
    Failure,
    Protocol,
    Window,
    encoded,
    json_object,
)

_NAME = re.compile(r"\A[A-Za-z0-9_.-]+\Z")
# Where nothing stands in these, a reader sees nothing of the event.
_SHOWN = ("text", "thinking", "partial_json", "signature", "data", "input", "citation", "content")
_UNSEEN = frozenset({"message_start", "ping", "content_block_stop", "message_stop"})


class Messages(Protocol):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.MESSAGES
    operation: ClassVar[str] = "messages"
    header_family: ClassVar[tuple[str, ...]] = ("anthropic-",)
    request_id_headers: ClassVar[tuple[str, ...]] = ("x-request-id", "request-id")
    keeps_refusals: ClassVar[bool] = True
    json_texts: ClassVar[frozenset[str]] = frozenset({"partial_json"})
    heartbeat: ClassVar[bytes] = b'event: ping\ndata: {"type": "ping"}\n\n'

    def parse(self, raw: bytes) -> MessagesRequest:
        """See `parse_messages_request`."""
        return parse_messages_request(raw)

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """A Message."""
        answer = json_object(body)
        if answer.get("error"):
            raise failure(answer)
        if not isinstance(answer.get("content"), list):
            raise ProviderError("protocol", "the answer is not a message")
        return AsItCame(answer, body)

    def reader(self, request: InferenceRequest, failure: Failure) -> EventReader:
        """Of its events."""
        return EventReader(failure)

    def usage(self, answer: Body) -> Usage:
        """Its member `usage`."""
        return read_usage(answer.get("usage")) or Usage()

    def said(self, answer: Body) -> int:
        """In all its blocks."""
        return characters(answer.get("content"))

    def tally(self) -> EventTally:
        """Of its events."""
        return EventTally()

    def is_visible(self, event: Event) -> bool:
        """More than a beginning without a text; what is not known here may be anything."""
        kind = event.get("type")
        if kind in _UNSEEN:
            return False
        if kind == "content_block_start":
            return _says_something(event.get("content_block"))
        if kind == "content_block_delta":
            return _says_something(event.get("delta"))
        return True

    def texts(self, answer: Body) -> dict[str, Any] | None:
        """The content blocks."""
        return {"content": answer["content"]} if "content" in answer else None

    def is_sealed(self, place: str) -> bool:
        """What the provider signed or sealed, and the first of several system blocks."""
        return is_sealed(place)

    def stream_screen(self, window: Window) -> EventScreen:
        """Of its events."""
        return EventScreen(window)

    def frame(self, event: Event) -> bytes:
        """The event under its type."""
        return _framed(event.get("type"), encoded(event))

    def closes(self, event: Event) -> bool:
        """`message_stop`."""
        return event.get("type") == "message_stop"

    def ending(self) -> bytes:
        """The same."""
        return b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def own_error(self, error: GatewayError, request_id: str) -> ErrorAnswer:
        """Anthropic's shape."""
        body = orjson.dumps(error_body(error, request_id))
        is_budget = isinstance(error, QuotaExceeded)
        more = rejected_headers(error.headers) if is_budget else {}
        return ErrorAnswer(status_of(error), body, {**error.headers, **more})

    def budget_headers(self, statuses: Sequence[LimitStatus]) -> Mapping[str, str]:
        """Those that Claude Code reads."""
        return budget_headers(statuses)

    def error_event(self, error: GatewayError, request_id: str) -> bytes:
        """The event `error`."""
        return _framed("error", self.error_answer(error, request_id).body)


def _says_something(part: object) -> bool:
    if not isinstance(part, Mapping):
        return False
    return str(part.get("type")).endswith("tool_use") or any(part.get(name) for name in _SHOWN)


def _framed(name: object, data: bytes) -> bytes:
    if b"\n" in data or b"\r" in data:
        # White space between two members: inside a string they are escaped.
        data = b"\ndata: ".join(data.splitlines())
    return b"%b%b\n\n" % (_head(name) if isinstance(name, str) else b"data: ", data)


@lru_cache(maxsize=64)
def _head(name: str) -> bytes:
    return b"event: %b\ndata: " % name.encode() if _NAME.match(name) else b"data: "


PROTOCOL = Messages()
