"""What a request and its answer come to where no provider counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from controlplane.domain.chat import ChatRequest
from controlplane.domain.embeddings import EmbeddingRequest
from controlplane.domain.usage import CHARACTERS_PER_TOKEN, ImageTokens, TokenUsage, estimated_usage
from controlplane.policy.output_tokens import OUTPUT_LIMITS

# Besides the messages, what a model reads.
_READ = ("tools", "functions", "response_format", "prediction")
# Models that think before they speak: what they thought is billed, and seen in the usage alone.
_REASONING = re.compile(r"(?:^|[-/])(?:o[1-9]|gpt-[5-9])")


def estimate(
    request: ChatRequest | EmbeddingRequest, model: str | None, said: int, images: ImageTokens
) -> TokenUsage:
    """The usage of an answer of `said` characters by `model`; None for a call without an answer.

    An answer that may have been thought about counts as long as it was allowed to be: nobody
    leaves early to get the thinking for nothing.
    """
    usage = estimated_usage(asked_characters(request, images), said)
    if model is None or not _reasons(request, model):
        return usage
    allowed = max(request.body.get(name) or 0 for name in OUTPUT_LIMITS)
    choices = request.body.get("n") or 1
    return TokenUsage(usage.input, max(usage.output, allowed * choices))


def asked_characters(request: ChatRequest | EmbeddingRequest, images: ImageTokens) -> int:
    """How much a request says, in characters; an image says as much as its tokens."""
    if isinstance(request, EmbeddingRequest):
        return request.input_characters
    rest = {name: request.body[name] for name in _READ if request.body.get(name) is not None}
    size = len(orjson.dumps(rest)) if rest else 0
    of_image = images.usual * CHARACTERS_PER_TOKEN
    return size + sum(characters(message, of_image) for message in request.body["messages"])


def characters(message: Any, of_image: int = 0) -> int:
    """How much a message or delta says, roughly: its text, parts and tool calls."""
    if not isinstance(message, Mapping):
        return 0
    content = message.get("content")
    size = len(content) if isinstance(content, str) else 0
    if isinstance(content, list):
        size += sum(_part(part, of_image) for part in content)
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, Mapping) else None
        if isinstance(function, Mapping):
            size += len(str(function.get("arguments", "")))
    return size


def _part(part: Any, of_image: int) -> int:
    if not isinstance(part, Mapping):
        return 0
    if part.get("type") == "image_url":
        return of_image
    return len(str(part.get("text", "")))


def _reasons(request: ChatRequest | EmbeddingRequest, model: str) -> bool:
    if not isinstance(request, ChatRequest):
        return False
    effort = request.body.get("reasoning_effort")
    return effort not in (None, "none", "minimal") or bool(_REASONING.search(model))
