"""The parameters of OpenAI's chat schema, and what would be lost of an answer without each.

A test holds the names against OpenAI's schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import (
    Fate,
    Handling,
    Leniency,
    Parameter,
    ParameterRows,
    Vocabulary,
)

# A value equal to the default asks for nothing, so it is not refused.
DEFAULTS: Mapping[str, Any] = {
    "model": None,
    "messages": None,
    "stream": False,
    "stream_options": None,
    "max_completion_tokens": None,
    "max_tokens": None,
    "temperature": 1,
    "top_p": 1,
    "stop": None,
    "tools": None,
    "tool_choice": None,
    "parallel_tool_calls": True,
    "response_format": {"type": "text"},
    "reasoning_effort": None,
    "safety_identifier": None,
    "user": None,
    "service_tier": "auto",
    "n": 1,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
    "modalities": ["text"],
    "audio": None,
    "verbosity": "medium",
    "web_search_options": None,
    "moderation": None,
    "functions": [],
    "function_call": None,
    "seed": None,
    "prediction": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "prompt_cache_options": None,
    "store": False,
    "metadata": None,
}

_T, _D, _M = Fate.TASTE, Fate.DETAIL, Fate.MEANING
LOSSES: Mapping[str, Leniency] = {
    "model": Leniency(_M, "which model answers"),
    "messages": Leniency(_M, "the question"),
    "stream": Leniency(_M, "the form of the answer"),
    "stream_options": Leniency(_T, "what is told of the usage"),
    "max_completion_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "max_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "temperature": Leniency(_T, "sampling"),
    "top_p": Leniency(_T, "sampling"),
    "stop": Leniency(_M, "where the answer ends"),
    "tools": Leniency(_M, "what the model may do"),
    "tool_choice": Leniency(_M, "what the model has to do"),
    "parallel_tool_calls": Leniency(_D, "how many calls come at once"),
    "response_format": Leniency(_M, "the form of the answer"),
    "reasoning_effort": Leniency(_D, "how long the model thinks"),
    "safety_identifier": Leniency(_T, "a name for the provider's own checks"),
    "user": Leniency(_T, "a name for the provider's own checks"),
    "service_tier": Leniency(_D, "price and speed: the other tier may be the dearer one"),
    "n": Leniency(_M, "how many answers there are"),
    "frequency_penalty": Leniency(_T, "sampling"),
    "presence_penalty": Leniency(_T, "sampling"),
    "logit_bias": Leniency(_D, "which words may come"),
    "logprobs": Leniency(_D, "what is told beside the answer"),
    "top_logprobs": Leniency(_D, "what is told beside the answer"),
    "modalities": Leniency(_M, "the form of the answer"),
    "audio": Leniency(_M, "the form of the answer"),
    "verbosity": Leniency(_D, "how long the answer is"),
    "web_search_options": Leniency(_M, "what the model may look up"),
    "moderation": Leniency(_M, "a check that was asked for"),
    "functions": Leniency(_M, "what the model may do"),
    "function_call": Leniency(_M, "what the model has to do"),
    "seed": Leniency(_T, "sampling: best effort at OpenAI too"),
    "prediction": Leniency(_T, "speed"),
    "prompt_cache_key": Leniency(_T, "cost"),
    "prompt_cache_retention": Leniency(_T, "cost"),
    "prompt_cache_options": Leniency(_T, "cost"),
    "store": Leniency(_T, "whether the provider keeps the answer: it does not"),
    "metadata": Leniency(_T, "labels of stored answers"),
}
CHAT = Vocabulary(DEFAULTS, LOSSES)

# OpenAI, and what is compatible with it, judges unknown parameters.
PASSED_ON = ParameterRows(
    CHAT,
    {"model": Parameter(Handling.TRANSLATED, "the target of the route")},
    others=Parameter(Handling.PASSED),
)
