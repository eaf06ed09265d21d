"""One stream to the caller: how its events are sent, and how it says that it cannot go on."""

from __future__ import annotations

from typing import Any

from controlplane.domain.inference import Event
from controlplane.errors import GatewayError
from controlplane.protocols.protocol import encoded
from controlplane.protocols.responses.reader import ENDS

# What Codex acts upon; all other codes make it send the request again.
_CODES = frozenset(
    {
        "context_length_exceeded",
        "insufficient_quota",
        "rate_limit_exceeded",
        "invalid_prompt",
        "server_is_overloaded",
        "slow_down",
    }
)
# What a response has, where none has been seen that could say that it failed.
_UNSEEN: dict[str, Any] = {
    "object": "response",
    "created_at": 0,
    "model": "",
    "instructions": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
}


class ResponseFrames:
    """Each event under its name. It remembers the numbers and the response that the events have, so
    that an error can go on with them."""

    def __init__(self) -> None:
        self._number = -1
        self._response: Any = None

    def frame(self, event: Event) -> bytes:
        """The event as it is sent."""
        number = event.get("sequence_number")
        if isinstance(number, int):
            self._number = number
        if self._response is None:
            self._response = event.get("response")
        return _framed(event)

    def closes(self, event: Event) -> bool:
        """What the response came to."""
        return event.get("type") in ENDS

    def ending(self) -> bytes:
        """Nothing: the last event says that it is the last."""
        return b""

    def error_event(self, error: GatewayError, request_id: str) -> bytes:
        """Both that OpenAI sends: `error`, which its packages raise, and `response.failed`, which
        Codex reads.

        The packages document the members of `error` in the event itself, and raise what stands in
        its `error`.
        """
        envelope = error.envelope()["error"]
        told = {name: envelope[name] for name in ("code", "message", "param")}
        number = self._number + 1
        event = {"type": "error", "sequence_number": number, **told, "error": envelope}
        failure = {"code": _code(error), "message": error.message}
        seen = self._response if isinstance(self._response, dict) else {}
        response = {
            "id": f"resp_{request_id}",
            **_UNSEEN,
            **seen,
            "status": "failed",
            "error": failure,
            "incomplete_details": None,
            "output": [],
            "usage": None,
        }
        end = {"type": "response.failed", "sequence_number": number + 1, "response": response}
        return _framed(event) + _framed(end)


def _code(error: GatewayError) -> str:
    """One that clients know; what is wrong with a request is not to be tried again."""
    if error.code in _CODES:
        return error.code
    if error.status == 429:
        return "rate_limit_exceeded"
    return "invalid_prompt" if error.status < 500 else "server_error"


def _framed(event: Event) -> bytes:
    kind = event.get("type")
    data = encoded(event)
    if isinstance(kind, str) and kind.isascii() and kind.isprintable():
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
    return b"data: %b\n\n" % data
