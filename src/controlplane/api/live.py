"""Answers that leave while they are being made, where the runtime can send them so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Send

# Returns when the answer is no longer waited for.
Gone = Callable[[], Awaitable[object]]
# Sends one answer, an ASGI message at a time.
LiveApp = Callable[[Gone, Send], Awaitable[None]]

# Key of the ASGI scope: true where each piece of the body reaches the caller as it is sent.
LIVE = "controlplane.live"


class Answered(dict[str, Any]):
    """`{"statusCode": ...}`: what was sent already, for readers of a handler's result."""


class LiveEvent(dict[str, Any]):
    """A proxy event that is to be answered live; a plain one gets a proxy response."""

    def __init__(
        self, event: Mapping[str, Any], send_answer: Callable[[LiveApp], Answered]
    ) -> None:
        super().__init__(event)
        self.send_answer = send_answer
