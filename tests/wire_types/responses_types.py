"""OpenAI's Responses and their events, as the `openai` package types them, and chat completions
that are made of them."""

from __future__ import annotations

from typing import Any, Literal

from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessage
from openai.types.chat import chat_completion as whole
from openai.types.chat import chat_completion_chunk as streamed
from openai.types.chat.chat_completion_message import Annotation
from openai.types.responses import Response, ResponseStreamEvent, ResponseUsage
from openai.types.responses.response_completed_event import ResponseCompletedEvent
from openai.types.responses.response_create_params import (
    ResponseCreateParams,
    ResponseCreateParamsStreaming,
)
from openai.types.responses.response_created_event import ResponseCreatedEvent
from openai.types.responses.response_in_progress_event import ResponseInProgressEvent
from openai.types.responses.response_incomplete_event import ResponseIncompleteEvent
from openai.types.responses.response_usage import InputTokensDetails
from pydantic import BaseModel, create_model
from typing_extensions import TypedDict

from tests.wire_types.strict import Strict


def _with(kind: type[BaseModel], **fields: Any) -> type[BaseModel]:
    return create_model(kind.__name__, __base__=kind, **fields)


# What the server sends and the package does not name; the price of an hour is ours.
_details = _with(InputTokensDetails, cache_write_1h_tokens=(int, 0))
_usage = _with(ResponseUsage, input_tokens_details=(_details, ...))
_response = _with(Response, store=(bool, ...), usage=(_usage | None, ...))
_HOLDING = (
    ResponseCreatedEvent,
    ResponseInProgressEvent,
    ResponseCompletedEvent,
    ResponseIncompleteEvent,
)

RESPONSE = Strict(_response)
EVENT = Strict(ResponseStreamEvent)
EVENTS_WITH_A_RESPONSE = {
    str(kind.model_fields["type"].annotation.__args__[0]): Strict(  # type: ignore[union-attr]
        _with(kind, response=(_response, ...))
    )
    for kind in _HOLDING
}
RESPONSES_REQUEST = Strict(ResponseCreateParams)
RESPONSES_PARAMETERS = (
    ResponseCreateParamsStreaming.__required_keys__
    | ResponseCreateParamsStreaming.__optional_keys__
)


def event_faults(event: dict[str, Any]) -> list[str]:
    """Why `event` is none of the package's."""
    return EVENTS_WITH_A_RESPONSE.get(event["type"], EVENT).faults(event)


# https://openrouter.ai/docs/use-cases/reasoning-tokens; the last two members are ours.
class _ReasoningDetail(TypedDict, total=False):
    type: Literal["reasoning.encrypted", "reasoning.text"]
    data: str
    text: str
    signature: str
    id: str
    format: str
    index: int
    maker: str
    before: str


class _Custom(TypedDict, total=False):
    name: str
    input: str


_thought: dict[str, Any] = {
    "reasoning_content": (str, ""),
    "reasoning_details": (list[_ReasoningDetail], []),
}
_message = _with(ChatCompletionMessage, **_thought)
# The package's chunks know no custom tool and no source, which the server sends.
_call = _with(
    streamed.ChoiceDeltaToolCall,
    type=(Literal["function", "custom"] | None, None),
    custom=(_Custom | None, None),
)
_delta = _with(
    streamed.ChoiceDelta,
    tool_calls=(list.__class_getitem__(_call) | None, None),
    annotations=(list[Annotation] | None, None),
    **_thought,
)
_choices = list.__class_getitem__(_with(whole.Choice, message=(_message, ...)))
_parts = list.__class_getitem__(_with(streamed.Choice, delta=(_delta, ...)))
COMPLETION = Strict(_with(ChatCompletion, choices=(_choices, ...)))
CHUNK = Strict(_with(ChatCompletionChunk, choices=(_parts, ...)))
