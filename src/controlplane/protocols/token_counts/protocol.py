"""Token counts as a protocol of the gateway: Messages without an answer, and without a cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from controlplane.domain.inference import AsItCame, Body, InferenceRequest, ProtocolName
from controlplane.domain.usage import (
    CHARACTERS_PER_TOKEN,
    ImageTokens,
    Usage,
    estimated_usage,
)
from controlplane.errors import ProviderError
from controlplane.protocols.messages.protocol import Messages
from controlplane.protocols.messages.request import MessagesRequest, checked_body
from controlplane.protocols.protocol import Failure, json_object


@dataclass(frozen=True, slots=True)
class TokenCountRequest(MessagesRequest):
    """A request for a Message that is not to be answered; always whole."""

    protocol: ClassVar[ProtocolName] = ProtocolName.TOKEN_COUNTS
    generates: ClassVar[bool] = False
    free: ClassVar[bool] = True
    has_tiers: ClassVar[bool] = False

    @property
    def stream(self) -> bool:
        """Never."""
        return False

    def substitute(self, images: ImageTokens) -> Body:
        """An estimate: four characters are a token."""
        characters = self.asked_characters(images.usual * CHARACTERS_PER_TOKEN)
        return {"input_tokens": estimated_usage(characters, 0).input}


class TokenCounts(Messages):
    """See `Protocol`."""

    name: ClassVar[ProtocolName] = ProtocolName.TOKEN_COUNTS
    operation: ClassVar[str] = "messages.count_tokens"

    def parse(self, raw: bytes) -> TokenCountRequest:
        """As of a Message, which here needs no `max_tokens`."""
        return TokenCountRequest(checked_body(raw, ("model", "messages")), len(raw), raw=raw)

    def read_answer(self, body: bytes, request: InferenceRequest, failure: Failure) -> Body:
        """`input_tokens`."""
        answer = json_object(body)
        if answer.get("error"):
            raise failure(answer)
        if type(answer.get("input_tokens")) is not int:
            raise ProviderError("protocol", "the answer is not a count of tokens")
        return AsItCame(answer, body)

    def usage(self, answer: Body) -> Usage:
        """Nothing is used."""
        return Usage()


PROTOCOL = TokenCounts()
