"""The events of a streamed Message, as a provider sends them.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controlplane.domain.inference import AsItCame, Event
from controlplane.errors import ProviderError
from controlplane.protocols.protocol import Failure, json_object


class EventReader:
    """One stream: feed it the data of each event, in order.

    `finished` once there is a reason to stop: what still follows takes nothing from the answer.
    """

    end: ClassVar[bytes] = b"message_stop"

    def __init__(self, failure: Failure) -> None:
        self.finished = self.closed = False
        self._failure = failure

    @property
    def ended_well(self) -> bool:
        """Where the stream ends here, the Message is complete."""
        return self.finished

    def feed(self, data: bytes) -> Event:
        """The event, of a known type or not. Raises ProviderError for an error event, and for what
        is none: without a type, or a whole Message."""
        if not data:
            return {}
        event = json_object(data)
        kind = event.get("type")
        if kind == "error" or event.get("error"):
            raise self._failure(event)
        if not isinstance(kind, str) or kind == "message":
            raise ProviderError("protocol", "an event of the stream has no type")
        if kind == "message_delta":
            delta = event.get("delta")
            if isinstance(delta, Mapping) and delta.get("stop_reason") is not None:
                self.finished = True
        elif kind == "message_stop":
            self.closed = True
        return AsItCame(event, data)
