"""The events of a streamed response, as a provider sends them.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from controlplane.domain.inference import AsItCame, Event
from controlplane.errors import ProviderError
from controlplane.protocols.protocol import Failure, json_object

_DONE = b"[DONE]"
ENDS = frozenset({"response.completed", "response.incomplete"})


class ResponseReader:
    """One stream: feed it the data of each event, in order.

    The event that says how the answer ended is the last one.
    """

    # What some servers send behind it.
    end: ClassVar[bytes] = _DONE

    def __init__(self, failure: Failure) -> None:
        self.finished = self.closed = False
        self._failure = failure

    @property
    def ended_well(self) -> bool:
        """Where the stream ends here, the response is complete."""
        return self.finished

    def feed(self, data: bytes) -> Event:
        """The event, of a known type or not. Raises ProviderError where it says that the answer
        failed."""
        if not data:
            return {}
        if data == _DONE:
            self.closed = True
            return {}
        event = json_object(data)
        kind = event.get("type")
        if kind in ENDS:
            self.finished = self.closed = True
        elif kind == "error" or event.get("error"):
            raise self._failure(event)
        elif kind == "response.failed":
            raise failed(event.get("response"), self._failure)
        return AsItCame(event, data)


def failed(response: Any, failure: Failure) -> ProviderError:
    """The error of a response that failed."""
    error = response.get("error") if isinstance(response, Mapping) else None
    return failure({"error": error or {"message": "The provider gave its answer up."}})
