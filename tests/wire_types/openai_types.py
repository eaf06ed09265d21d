"""OpenAI's requests, responses, chunks and errors, as the `openai` package types them.

The responses of the other providers have the same format and may add to it: Azure the results of
its content filter, Anthropic the thinking it shows.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from openai.types import CreateEmbeddingResponse, EmbeddingCreateParams, Model
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionTokenLogprob,
    chat_completion,
    chat_completion_chunk,
)
from openai.types.chat.chat_completion_token_logprob import TopLogprob
from openai.types.chat.completion_create_params import (
    CompletionCreateParams,
    CompletionCreateParamsStreaming,
)
from openai.types.responses import (
    Response,
    ResponseCreateParams,
    ResponseError,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseItem,
    ResponseStreamEvent,
)
from openai.types.shared import ErrorObject
from pydantic import BaseModel, create_model
from typing_extensions import TypedDict

from tests.wire_types.strict import Strict


def _with(kind: type[BaseModel], **fields: Any) -> type[BaseModel]:
    """The model with these fields in addition to its own, or in place of them."""
    return create_model(kind.__name__, __base__=kind, **fields)


def _required(kind: Any) -> Any:
    return (kind, ...)


def _many(kind: type[BaseModel]) -> Any:
    return list.__class_getitem__(kind)


# OpenAI's own description requires these fields, which may be null; the package does not.
# https://github.com/openai/openai-openapi
_text = _required(str | None)
_bytes = _required(list[int] | None)
_top = _with(TopLogprob, bytes=_bytes)
_token = _with(ChatCompletionTokenLogprob, bytes=_bytes, top_logprobs=_required(_many(_top)))
_tokens = _required(_many(_token) | None)
_logprobs = _with(chat_completion.ChoiceLogprobs, content=_tokens, refusal=_tokens)
_message = _with(ChatCompletionMessage, content=_text, refusal=_text)
_choice = _with(
    chat_completion.Choice, logprobs=_required(_logprobs | None), message=_required(_message)
)

_reasons = chat_completion_chunk.Choice.model_fields["finish_reason"].annotation
_delta = chat_completion_chunk.ChoiceDelta
_part = _with(
    chat_completion_chunk.Choice,
    logprobs=(_logprobs | None, None),
    finish_reason=_required(_reasons),
)


# https://docs.litellm.ai/docs/reasoning_content
class _Thinking(TypedDict):
    type: Literal["thinking"]
    thinking: str
    signature: str


class _RedactedThinking(TypedDict):
    type: Literal["redacted_thinking"]
    data: str


# https://openrouter.ai/docs/use-cases/reasoning-tokens
class _ReasoningText(TypedDict):
    type: Literal["reasoning.text"]
    text: str
    signature: str
    format: str
    index: int


class _ReasoningEncrypted(TypedDict):
    type: Literal["reasoning.encrypted"]
    data: str
    format: str
    index: int


# What the other providers add.
_filtered = _required(dict[str, Any])
_thought = {
    "reasoning_content": (str, ""),
    "thinking_blocks": (list[_Thinking | _RedactedThinking], []),
    "reasoning_details": (list[_ReasoningText | _ReasoningEncrypted], []),
}


def _completion(choice: type[BaseModel], **added: Any) -> Strict:
    return Strict(_with(ChatCompletion, choices=_required(_many(choice)), **added))


def _chunk(part: type[BaseModel]) -> Strict:
    return Strict(_with(ChatCompletionChunk, choices=_required(_many(part))))


COMPLETIONS = {
    "openai": _completion(_choice),
    "azure": _completion(
        _with(_choice, content_filter_results=_filtered),
        prompt_filter_results=_required(list[dict[str, Any]]),
    ),
    "anthropic": _completion(_with(_choice, message=_required(_with(_message, **_thought)))),
}
CHUNKS = {
    "openai": _chunk(_part),
    "azure": _chunk(_with(_part, content_filter_results=_filtered)),
    "anthropic": _chunk(_with(_part, delta=_required(_with(_delta, **_thought)))),
}


class _Error(ErrorObject):
    code: str | None
    param: str | None


class _ErrorResponse(BaseModel):
    error: _Error


class _ModelList(BaseModel):
    object: Literal["list"]
    data: list[Model]


# The package declares lists as pages of its own client.
class _ItemList(BaseModel):
    object: Literal["list"]
    data: list[ResponseItem]
    first_id: str
    last_id: str
    has_more: bool


RESPONSE = Strict(Response)
RESPONSE_EVENT = Strict(ResponseStreamEvent)
RESPONSE_ITEMS = Strict(_ItemList)
ERROR = Strict(_ErrorResponse)
EMBEDDINGS = Strict(CreateEmbeddingResponse)
MODEL = Strict(Model)
MODELS = Strict(_ModelList)
CHAT_REQUEST = Strict(CompletionCreateParams)
EMBEDDING_REQUEST = Strict(EmbeddingCreateParams)
RESPONSE = Strict(Response)
RESPONSE_REQUEST = Strict(ResponseCreateParams)
# Clients read codes that the package does not list, and OpenAI sends the error in an `error` too.
_failure = _with(ResponseError, code=_required(str))
_failed = _with(Response, error=_required(_failure))
_EVENTS = (
    *get_args(get_args(ResponseStreamEvent)[0]),
    _with(ResponseFailedEvent, response=_required(_failed)),
    _with(ResponseErrorEvent, error=_required(_Error)),
)
RESPONSE_EVENTS = {
    get_args(kind.model_fields["type"].annotation)[0]: Strict(kind) for kind in _EVENTS
}

CHAT_PARAMETERS = (
    CompletionCreateParamsStreaming.__required_keys__
    | CompletionCreateParamsStreaming.__optional_keys__
)
