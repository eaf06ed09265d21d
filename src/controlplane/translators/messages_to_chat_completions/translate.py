"""A request for a Message as a chat model takes it, and the completion that answers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controlplane.domain.inference import Body, InferenceRequest
from controlplane.errors import ProviderError
from controlplane.protocols.chat_completions.request import ChatRequest
from controlplane.translators.digits import exact_object, has_long_numbers
from controlplane.translators.messages_to_chat_completions.blocks import joined
from controlplane.translators.messages_to_chat_completions.names import ToolNames
from controlplane.translators.messages_to_chat_completions.parameters import PARAMETERS
from controlplane.translators.messages_to_chat_completions.places import Losses, a_list
from controlplane.translators.messages_to_chat_completions.request import translate as body_of
from controlplane.translators.messages_to_chat_completions.stream import MessageTranslation
from controlplane.translators.messages_to_chat_completions.tools import eager_tools


@dataclass(frozen=True, slots=True)
class MessagesAsChat:
    """A Translation."""

    request: ChatRequest
    left_out: tuple[str, ...]
    provider: str
    names: ToolNames
    stop: tuple[str, ...]
    eager: frozenset[str]

    def whole(self, answer: Body) -> Body:
        """The Message. Raises ProviderError where the answer is no completion."""
        try:
            choice = answer["choices"][0]
            chunk = {**answer, "choices": [{**choice, "index": 0, "delta": choice["message"]}]}
        except (KeyError, IndexError, TypeError):
            raise ProviderError("protocol", "the answer is not a completion") from None
        # Whole, nothing is waited for: all is said in order.
        stream = MessageTranslation(provider=self.provider, names=self.names, stop=self.stop)
        start, *events, end, _ = [*stream.feed(chunk), *stream.end()]
        return {**start["message"], **end["delta"], "content": joined(events)}

    def stream(self) -> MessageTranslation:
        """Of its chunks."""
        return MessageTranslation(
            provider=self.provider, names=self.names, stop=self.stop, eager=self.eager
        )


def translate(request: InferenceRequest, provider: str, model: str) -> MessagesAsChat:
    """The request for `model`; some parameters depend on it. Raises UnsupportedParameter."""
    fitted = PARAMETERS.fit(provider, request.body, lenient=request.lenient)
    names, losses = ToolNames(), Losses(lenient=request.lenient)
    body = body_of(
        fitted.body,
        model,
        messages=_messages(request),
        provider=provider,
        names=names,
        losses=losses,
    )
    return MessagesAsChat(
        ChatRequest(body),
        (*fitted.left_out, *losses.places),
        provider,
        names,
        tuple(body.get("stop") or ()),
        eager_tools(request.body),
    )


def _messages(request: InferenceRequest) -> Sequence[Any]:
    """The messages, with all digits of the numbers in them."""
    exact = request.raw is not None and has_long_numbers(request.raw)
    body = exact_object(request.raw) if exact and request.raw else request.body
    return a_list(body.get("messages"), "messages")
