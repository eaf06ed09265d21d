"""The parameters of OpenAI's Responses, and what would be lost of an answer without each.

A test holds the names against OpenAI's schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import Fate, Leniency, Vocabulary

# A value equal to the default asks for nothing, so it is not refused.
DEFAULTS: Mapping[str, Any] = {
    "model": None,
    "input": None,
    "instructions": None,
    "stream": False,
    "stream_options": None,
    "max_output_tokens": None,
    "temperature": 1,
    "top_p": 1,
    "tools": [],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "max_tool_calls": None,
    "text": {"format": {"type": "text"}},
    "reasoning": None,
    "include": [],
    "top_logprobs": 0,
    "store": True,
    "background": False,
    "background_options": None,
    "previous_response_id": None,
    "conversation": None,
    "prompt": None,
    "truncation": "disabled",
    "context_management": None,
    "safety_identifier": None,
    "user": None,
    "metadata": None,
    "service_tier": "auto",
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "prompt_cache_options": None,
    "moderation": None,
    "image": None,
    "access_programs": None,
}

_T, _D, _M = Fate.TASTE, Fate.DETAIL, Fate.MEANING
LOSSES: Mapping[str, Leniency] = {
    "model": Leniency(_M, "which model answers"),
    "input": Leniency(_M, "the question"),
    "instructions": Leniency(_M, "the question"),
    "stream": Leniency(_M, "the form of the answer"),
    "stream_options": Leniency(_T, "padding of the events"),
    "max_output_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "temperature": Leniency(_T, "sampling"),
    "top_p": Leniency(_T, "sampling"),
    "tools": Leniency(_M, "what the model may do"),
    "tool_choice": Leniency(_M, "what the model has to do"),
    "parallel_tool_calls": Leniency(_D, "how many calls come at once"),
    "max_tool_calls": Leniency(_T, "how often the provider's own tools are called: none is there"),
    "text": Leniency(_M, "the form of the answer"),
    "reasoning": Leniency(_D, "how long the model thinks"),
    "include": Leniency(_D, "what is told beside the answer"),
    "top_logprobs": Leniency(_D, "what is told beside the answer"),
    "store": Leniency(_T, "whether the provider keeps the answer: it does not"),
    "background": Leniency(_M, "the form of the answer"),
    "background_options": Leniency(_M, "the form of the answer"),
    "previous_response_id": Leniency(_M, "what was said before"),
    "conversation": Leniency(_M, "what was said before"),
    "prompt": Leniency(_M, "the question"),
    "truncation": Leniency(_D, "which turns are dropped where a conversation grows too long"),
    "context_management": Leniency(
        _D, "which turns are dropped where a conversation grows too long"
    ),
    "safety_identifier": Leniency(_T, "a name for the provider's own checks"),
    "user": Leniency(_T, "a name for the provider's own checks"),
    "metadata": Leniency(_T, "labels of stored answers"),
    "service_tier": Leniency(_D, "price and speed: the other tier may be the dearer one"),
    "prompt_cache_key": Leniency(_T, "cost"),
    "prompt_cache_retention": Leniency(_T, "cost"),
    "prompt_cache_options": Leniency(_T, "cost"),
    "moderation": Leniency(_M, "a check that was asked for"),
    "image": Leniency(_T, "cost"),
    "access_programs": Leniency(_D, "what the model may speak about"),
}
RESPONSES = Vocabulary(DEFAULTS, LOSSES)
