"""A request for a Response as a chat request, and the completion that answers it as a Response."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.inference import Body, InferenceRequest
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.translators.reading import Reading
from controlplane.translators.responses_to_chat_completions.frame import Frame
from controlplane.translators.responses_to_chat_completions.names import Names
from controlplane.translators.responses_to_chat_completions.parameters import PARAMETERS
from controlplane.translators.responses_to_chat_completions.request import ENCRYPTED, chat_body
from controlplane.translators.responses_to_chat_completions.stream import EventTranslation
from controlplane.translators.responses_to_chat_completions.tools import Offer


@dataclass(frozen=True, slots=True)
class AsChat:
    """A Translation. `maker` is who thinks, None where the caller takes no sealed thoughts."""

    request: ChatRequest
    left_out: tuple[str, ...]
    asked: Body
    names: Names
    maker: str | None

    def whole(self, answer: Body) -> Body:
        """The Response: what a stream of one chunk ends with. Raises ProviderError."""
        choices = answer.get("choices")
        if not isinstance(choices, list) or not choices:
            raise ProviderError("protocol", "the answer is not a completion")
        chunks = [
            {**choice, "delta": choice.get("message")}
            for choice in choices
            if isinstance(choice, dict) and isinstance(choice.get("message"), dict)
        ]
        stream = self.stream()
        stream.feed({**answer, "choices": chunks})
        (last,) = stream.end()
        response: Body = last["response"]
        return response

    def stream(self) -> EventTranslation:
        """Of its chunks."""
        return EventTranslation(Frame(self.asked), self.names, self.maker)


def translate(request: InferenceRequest, provider: str, model: str) -> AsChat:
    """The request for `model`, which alone takes back what it thought. Raises
    UnsupportedParameter."""
    body = request.body
    fitted = PARAMETERS.fit(provider, body, lenient=request.lenient)
    reading = Reading(provider, model, lenient=request.lenient)
    offer = Offer(reading)
    sent = chat_body(fitted.body, offer, reading)
    takes = ENCRYPTED in (body.get("include") or ())
    return AsChat(
        ChatRequest(sent),
        (*fitted.left_out, *reading.left_out),
        body,
        offer.names,
        reading.maker if takes else None,
    )
