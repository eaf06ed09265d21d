"""What a request and its answer come to where no provider counted."""

from __future__ import annotations

from dataclasses import replace

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.usage import CHARACTERS_PER_TOKEN, ImageTokens, Usage, estimated_usage


def estimate(
    request: InferenceRequest,
    model: str | None,
    said: int,
    images: ImageTokens,
    *,
    begun: Usage | None = None,
    unheard: bool = True,
) -> Usage:
    """The usage of an answer of `said` characters by `model`; None for a call without an answer.

    What was `begun` to be reported holds where it is the larger. An answer that may have been
    thought about `unheard` counts as long as it was allowed to be: leaving early is not a way to
    get the thinking for nothing.
    """
    asked = request.asked_characters(images.usual * CHARACTERS_PER_TOKEN)
    usage = estimated_usage(asked, said)
    if begun is not None:
        # A server that counts nothing before the end reports zeros.
        known = begun if begun.input else replace(begun, input=usage.input)
        usage = replace(known, output=max(begun.output, usage.output))
    if model is None or not unheard or not request.reasons(model):
        return usage
    allowed = (request.max_output or 0) * request.answer_count
    return replace(usage, output=max(usage.output, allowed))
