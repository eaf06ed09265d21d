"""A request for a chat completion. It keeps every key it came with.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from controlplane.domain.body import Rules, check_members, parse_object
from controlplane.domain.inference import InferenceRequest, ProtocolName
from controlplane.domain.text import REQUEST_NAME, is_request_name
from controlplane.errors import InvalidRequest
from controlplane.protocols.chat_completions import measure
from controlplane.protocols.chat_completions.signed_thinking import unsigned_where_changed

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})


@dataclass(frozen=True, slots=True)
class ChatRequest(InferenceRequest):
    """A checked chat request."""

    protocol: ClassVar[ProtocolName] = ProtocolName.CHAT_COMPLETIONS
    output_limits: ClassVar[tuple[str, ...]] = ("max_tokens", "max_completion_tokens")
    has_tiers: ClassVar[bool] = True

    @property
    def wants_usage_chunk(self) -> bool:
        """True where a stream is to end with a chunk that carries `usage`."""
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    @property
    def answer_count(self) -> int:
        """`n`."""
        return self.body.get("n") or 1

    @property
    def rejected_output(self) -> int:
        """Predicted text that the model rejects is billed as output on top."""
        prediction = self.body.get("prediction")
        return len(str(prediction).encode()) if prediction else 0

    def reasons(self, model: str) -> bool:
        """By the effort that is asked for, or by the model's name."""
        return measure.reasons(self.body, model)

    def asked_characters(self, of_image: int) -> int:
        """Of the messages, and what a model reads beside them."""
        return measure.asked_characters(self.body, of_image)

    @property
    def image_count(self) -> int:
        """The parts `image_url`."""
        return measure.image_count(self.body)

    @property
    def unbounded(self) -> str | None:
        """The place of the first file."""
        return measure.first_part(self.body, "file")

    @property
    def unpriced(self) -> str | None:
        """Searches and audio."""
        return measure.unpriced(self.body)

    @property
    def keeps_for_an_hour(self) -> bool:
        """By some `cache_control`: of the request, a message, a part, a call or a tool."""
        return measure.keeps_for_an_hour(self.body)

    def with_redacted(self, body: Mapping[str, Any]) -> Self:
        """Thinking that is not as its provider signed it goes on without its signature."""
        messages = unsigned_where_changed(self.body["messages"], body["messages"])
        return self.with_body({**body, "messages": messages})


def parse_chat_request(raw: bytes) -> ChatRequest:
    """Read and check a request body. Raises InvalidRequest, naming the parameter in `param`.

    Only what the gateway itself relies on is checked here; the provider judges the rest.
    """
    body = parse_object(raw)
    check_members(body, ("model", "messages"), _PARAMETERS)
    for index, message in enumerate(body["messages"]):
        _check_message(message, f"messages.{index}")
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise InvalidRequest(
            "'stream_options' is only allowed together with 'stream': true.",
            param="stream_options",
        )
    return ChatRequest(body, len(raw), raw=raw)


def _check_message(message: Any, place: str) -> None:
    if not isinstance(message, dict):
        raise InvalidRequest(f"'{place}' must be an object.", param=place)
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidRequest(
            f"'{place}.role' must be one of {', '.join(sorted(ROLES))}.", param=f"{place}.role"
        )
    content = message.get("content")
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise InvalidRequest(
            f"'{place}.content' must be a string, an array of content parts or null.",
            param=f"{place}.content",
        )
    for index, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            where = f"{place}.content.{index}"
            raise InvalidRequest(f"'{where}' must be an object with a 'type'.", param=where)


def _is_integer(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and low <= value <= high


def _is_number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: type(value) in (int, float) and low <= value <= high


def _is_stop(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_typed_list(value: Any) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(item, dict) and isinstance(item.get("type"), str) for item in value
    )


def _is_stream_options(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("include_usage"), bool | None)


_TOKENS = (_is_integer(1, 2**31 - 1), "a positive integer")
_PARAMETERS: Rules = {
    "model": (is_request_name, REQUEST_NAME),
    "messages": (lambda v: isinstance(v, list) and len(v) > 0, "a non-empty array of messages"),
    "stream": (lambda v: isinstance(v, bool), "true or false"),
    "stream_options": (_is_stream_options, "an object such as {'include_usage': true}"),
    "max_tokens": _TOKENS,
    "max_completion_tokens": _TOKENS,
    "n": (_is_integer(1, 128), "an integer from 1 to 128"),
    "temperature": (_is_number(0, 2), "a number from 0 to 2"),
    "top_p": (_is_number(0, 1), "a number from 0 to 1"),
    "presence_penalty": (_is_number(-2, 2), "a number from -2 to 2"),
    "frequency_penalty": (_is_number(-2, 2), "a number from -2 to 2"),
    "stop": (_is_stop, "a string or an array of strings"),
    "tools": (_is_typed_list, "an array of objects with a 'type'"),
    "response_format": (lambda v: isinstance(v, dict), "an object with a 'type'"),
    "metadata": (lambda v: isinstance(v, dict), "an object"),
    "user": (is_request_name, REQUEST_NAME),
}
