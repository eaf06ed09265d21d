"""A chat request as a request for a Response, and the Response that answers it as a completion."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.inference import Body, InferenceRequest
from controlplane.errors import ProviderError
from controlplane.protocols.responses.request import ResponsesRequest
from controlplane.translators.chat_completions_to_responses.parameters import PARAMETERS
from controlplane.translators.chat_completions_to_responses.request import responses_body
from controlplane.translators.chat_completions_to_responses.response import joined
from controlplane.translators.chat_completions_to_responses.stream import ResponseTranslation
from controlplane.translators.reading import Reading

# Models named so do not think, whatever else is in their name, and refuse to encrypt thoughts.
_CHATTING = "-chat"


@dataclass(frozen=True, slots=True)
class AsResponses:
    """A Translation. `maker` is who thinks."""

    request: ResponsesRequest
    left_out: tuple[str, ...]
    maker: str

    def whole(self, answer: Body) -> Body:
        """The completion: the chunks of all items at once. Raises ProviderError."""
        output = answer.get("output")
        if answer.get("object") != "response" or not isinstance(output, list):
            raise ProviderError("protocol", "the answer is not a response")
        if answer.get("status") not in ("completed", "incomplete"):
            raise ProviderError("protocol", "the response is not complete")
        stream = self.stream()
        chunks = stream.feed({"type": "response.created", "response": answer})
        for index, item in enumerate(output):
            event = {"type": "response.output_item.done", "output_index": index, "item": item}
            chunks += stream.feed(event)
        chunks += stream.feed({"type": f"response.{answer['status']}", "response": answer})
        return joined(chunks)

    def stream(self) -> ResponseTranslation:
        """Of its events."""
        return ResponseTranslation(self.maker)


def translate(request: InferenceRequest, provider: str, model: str) -> AsResponses:
    """The request for `model`, which alone takes back what it thought. Raises
    UnsupportedParameter."""
    fitted = PARAMETERS.fit(provider, request.body, lenient=request.lenient)
    reading = Reading(provider, model, lenient=request.lenient)
    reasons = request.reasons(model) and _CHATTING not in model
    body = responses_body(fitted.body, reading, reasons=reasons)
    left_out = (*fitted.left_out, *reading.left_out)
    return AsResponses(ResponsesRequest(body), left_out, reading.maker)
