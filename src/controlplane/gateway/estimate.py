"""What a request and its answer come to where no provider counted."""

from __future__ import annotations

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.usage import CHARACTERS_PER_TOKEN, ImageTokens, TokenUsage, estimated_usage


def estimate(
    request: InferenceRequest, model: str | None, said: int, images: ImageTokens
) -> TokenUsage:
    """The usage of an answer of `said` characters by `model`; None for a call without an answer.

    An answer that may have been thought about counts as long as it was allowed to be: nobody
    leaves early to get the thinking for nothing.
    """
    asked = request.asked_characters(images.usual * CHARACTERS_PER_TOKEN)
    usage = estimated_usage(asked, said)
    if model is None or not request.reasons(model):
        return usage
    allowed = (request.max_output or 0) * request.answer_count
    return TokenUsage(usage.input, max(usage.output, allowed))
