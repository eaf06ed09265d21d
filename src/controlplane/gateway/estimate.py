"""What a request and its answer come to where no provider counted, or not all of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from controlplane.domain.inference import InferenceRequest
from controlplane.domain.usage import CHARACTERS_PER_TOKEN, ImageTokens, Usage, estimated_usage
from controlplane.policy.output_tokens import DEFAULT_MAX_OUTPUT_TOKENS

# Up to here a count is believed without a look at its request.
BELIEVED_TOKENS = 2**20
# No token is shorter than a byte, and some servers go beyond what they were allowed: several times
# that is still believed.
BELIEVED_TIMES = 16
NOTHING = Usage()
# OpenAI's models that search once for each answer without being asked to, and what a search of each
# is called. https://platform.openai.com/docs/guides/tools-web-search
_SEARCHING = re.compile(r"(?:^|/)gpt-[\w.-]+-search-(?P<kind>preview|api)")
_SEARCHES = {"preview": "web_search_preview", "api": "web_search"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known of an answer: `said` in characters, what was `reported`, and whether that is
    `complete`. It may have been thought about `unheard`."""

    said: int = 0
    reported: Usage = NOTHING
    complete: bool = False
    unheard: bool = True


def used(
    request: InferenceRequest, heard: Heard, images: ImageTokens, *, sent_to: str, served: str
) -> Usage:
    """The usage of an answer by `served`, which was called `sent_to` in the call.

    What was reported holds, zeros excepted. Of an answer that is not complete, the output is the
    larger one of what was reported and what was seen. One that may have been thought about unheard
    counts as long as it was allowed to be: leaving early is not a way to get the thinking for
    nothing.
    """
    reported = _with_search(heard.reported, served)
    if heard.complete and reported.input and (reported.output or not heard.said):
        return reported
    usage, estimated = reported, set(reported.estimated)
    if not usage.input and (asked := _asked(request, images)):
        usage = replace(usage, input=asked)
        estimated.add("input")
    if not heard.complete or not usage.output:
        output = max(usage.output, estimated_usage(0, heard.said).output)
        counts_something = heard.complete and bool(reported.input)
        if heard.unheard and not counts_something and request.reasons(sent_to):
            output = max(output, (request.max_output or 0) * request.answer_count)
        if output > usage.output or not heard.complete:
            usage = replace(usage, output=output)
            estimated.add("output")
    return replace(usage, estimated=frozenset(estimated))


def only_asked(request: InferenceRequest, images: ImageTokens, times: int) -> Usage:
    """The usage of so many calls without an answer."""
    asked = _asked(request, images) * times
    return Usage(input=asked, estimated=frozenset({"input"}))


def is_absurd(usage: Usage, request: InferenceRequest, images: ImageTokens) -> bool:
    """True where no such request could come to so much, many times over."""
    if not usage.is_possible:
        return True
    if max(usage.input, usage.output) <= BELIEVED_TOKENS:
        return False
    longest = (request.max_output or DEFAULT_MAX_OUTPUT_TOKENS) * request.answer_count
    if usage.output > BELIEVED_TOKENS + BELIEVED_TIMES * (longest + request.rejected_output):
        return True
    if request.unbounded is not None or request.unpriced is not None or request.server_tools:
        return False  # it may have read what is not in the request
    most = (request.size or 0) + _asked(request, images) * CHARACTERS_PER_TOKEN
    most += request.image_count * images.at_most
    return usage.input > BELIEVED_TOKENS + BELIEVED_TIMES * most


def _asked(request: InferenceRequest, images: ImageTokens) -> int:
    characters = request.asked_characters(images.usual * CHARACTERS_PER_TOKEN)
    return estimated_usage(characters, 0).input


def _with_search(usage: Usage, model: str) -> Usage:
    found = _SEARCHING.search(model) if "-search-" in model else None
    if found is None or usage.calls:
        return usage
    calls = ((_SEARCHES[found["kind"]], 1),)
    return replace(usage, calls=calls, unknown=usage.unknown - {"web_search"})
