"""Anthropic's requests, messages, events and errors, as the `anthropic` package types them.

The package's versions 1.x describe the API version 2023-06-01, which the provider asks for;
2.x describe a later one. What they leave out of it is added here.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from anthropic.types import Message, MessageTokensCount, ModelInfo, RawMessageStreamEvent
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from anthropic.types.beta import message_create_params as beta
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from anthropic.types.shared import ErrorResponse
from typing_extensions import TypedDict

from tests.wire_types.strict import Strict


# The package has no sampling parameters since 1.0 (its MIGRATION.md); the API version has them.
class _Whole(MessageCreateParamsNonStreaming, total=False):
    temperature: float
    top_p: float


class _Streamed(MessageCreateParamsStreaming, total=False):
    temperature: float
    top_p: float


class _BetaWhole(beta.MessageCreateParamsNonStreaming, total=False):
    temperature: float
    top_p: float
    top_k: int


class _BetaStreamed(beta.MessageCreateParamsStreaming, total=False):
    temperature: float
    top_p: float
    top_k: int


# The package's own client drops it. https://platform.claude.com/docs/en/build-with-claude/streaming
class _Ping(TypedDict):
    type: Literal["ping"]


# The status 413. https://platform.claude.com/docs/en/api/errors
class _TooLarge(TypedDict):
    type: Literal["request_too_large"]
    message: str


class _TooLargeResponse(TypedDict):
    type: Literal["error"]
    error: _TooLarge
    request_id: NotRequired[str]


# https://platform.claude.com/docs/en/api/models/list
class _ModelsPage(TypedDict):
    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


MESSAGE_REQUEST = Strict(_Whole | _Streamed)
BETA_MESSAGE_REQUEST = Strict(_BetaWhole | _BetaStreamed)
MESSAGE = Strict(Message)
EVENT = Strict(RawMessageStreamEvent | ErrorResponse | _Ping)
# Of a request with `?beta=true`.
BETA_MESSAGE = Strict(BetaMessage)
BETA_EVENT = Strict(BetaRawMessageStreamEvent | ErrorResponse | _Ping)
ERROR = Strict(ErrorResponse | _TooLargeResponse)
TOKEN_COUNT = Strict(MessageTokensCount)
MODEL_INFO = Strict(ModelInfo)
MODELS_PAGE = Strict(_ModelsPage)

MESSAGE_PARAMETERS = _BetaStreamed.__required_keys__ | _BetaStreamed.__optional_keys__
