"""Messages as a protocol of the gateway."""

from __future__ import annotations

from typing import ClassVar

from controlplane.domain.inference import AsItCame, Body, InferenceRequest, ProtocolName
from controlplane.domain.usage import TokenUsage
from controlplane.protocols.messages.reader import EventReader
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.protocols.protocol import Failure, Protocol, json_object


class Messages(Protocol):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.MESSAGES
    operation: ClassVar[str] = "messages"
    header_family: ClassVar[tuple[str, ...]] = ("anthropic-",)

    def parse(self, raw: bytes) -> MessagesRequest:
        """Not yet."""
        raise NotImplementedError

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """A Message."""
        answer = json_object(body)
        if answer.get("error"):
            raise failure(answer)
        return AsItCame(answer, body)

    def reader(self, request: InferenceRequest, failure: Failure) -> EventReader:
        """Of its events."""
        return EventReader(failure)

    def usage(self, answer: Body) -> TokenUsage | None:
        """Not yet."""
        raise NotImplementedError


PROTOCOL = Messages()
