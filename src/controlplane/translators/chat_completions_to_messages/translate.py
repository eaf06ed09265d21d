"""A chat request as a Claude model takes it, and the Message that answers it as a completion."""

from __future__ import annotations

import time
from dataclasses import dataclass

from controlplane.domain.inference import AsItCame, Body, InferenceRequest
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.translators.chat_completions_to_messages.fit import fit
from controlplane.translators.chat_completions_to_messages.request import wants_json_object
from controlplane.translators.chat_completions_to_messages.response import completion
from controlplane.translators.chat_completions_to_messages.stream import ChunkTranslation
from controlplane.translators.digits import exact_object


@dataclass(frozen=True, slots=True)
class AsMessages:
    """A Translation."""

    request: MessagesRequest
    left_out: tuple[str, ...]
    json_object: bool

    def whole(self, answer: Body) -> Body:
        """The completion. Raises ProviderError where the answer is no Message."""
        message = exact_object(answer.raw) if isinstance(answer, AsItCame) else answer
        return completion(message, created=int(time.time()), json_object=self.json_object)

    def stream(self) -> ChunkTranslation:
        """Of its events."""
        return ChunkTranslation(created=int(time.time()), json_object=self.json_object)


def translate(request: InferenceRequest, provider: str, model: str) -> AsMessages:
    """The request for `model`; some parameters depend on it. Raises UnsupportedParameter."""
    sent = fit(provider, request, model, stream=request.stream)
    return AsMessages(MessagesRequest(sent.body), sent.left_out, wants_json_object(request.body))
