"""The parameters of Messages, and what would be lost of an answer without each.

A test holds the names against Anthropic's own package.
https://platform.claude.com/docs/en/api/messages/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controlplane.protocols.parameters import Fate, Leniency, Vocabulary

# A value equal to the default asks for nothing, so it is not refused.
DEFAULTS: Mapping[str, Any] = {
    "model": None,
    "max_tokens": None,
    "messages": None,
    "system": None,
    "stream": False,
    "temperature": 1,
    "top_p": 1,
    "top_k": None,
    "stop_sequences": [],
    "tools": [],
    "tool_choice": None,
    "thinking": None,
    "output_config": {},
    "output_format": None,
    "metadata": {},
    "service_tier": "auto",
    "speed": "standard",
    "cache_control": None,
    "context_management": None,
    "compaction": None,
    "container": None,
    "mcp_servers": [],
    "fallbacks": None,
    "fallback_credit_token": None,
    "inference_geo": None,
    "diagnostics": None,
    "user_profile_id": None,
    "workspace_id": None,
    "betas": [],
}

_T, _D, _M = Fate.TASTE, Fate.DETAIL, Fate.MEANING
LOSSES: Mapping[str, Leniency] = {
    "model": Leniency(_M, "which model answers"),
    "max_tokens": Leniency(_M, "the bound of the answer and its cost"),
    "messages": Leniency(_M, "the question"),
    "system": Leniency(_M, "the question"),
    "stream": Leniency(_M, "the form of the answer"),
    "temperature": Leniency(_T, "sampling"),
    "top_p": Leniency(_T, "sampling"),
    "top_k": Leniency(_T, "sampling"),
    "stop_sequences": Leniency(_M, "where the answer ends"),
    "tools": Leniency(_M, "what the model may do"),
    "tool_choice": Leniency(_M, "what the model has to do"),
    "thinking": Leniency(_D, "how long the model thinks"),
    "output_config": Leniency(_M, "the form of the answer"),
    "output_format": Leniency(_M, "the form of the answer"),
    "metadata": Leniency(_T, "a name for the provider's own checks"),
    "service_tier": Leniency(_D, "price and speed: the other tier may be the dearer one"),
    "speed": Leniency(_D, "price and speed"),
    "cache_control": Leniency(_T, "cost"),
    "context_management": Leniency(_T, "cost: what would be cleared is read once more"),
    "compaction": Leniency(_M, "the question: it asks for a summary"),
    "container": Leniency(_M, "what the model may do"),
    "mcp_servers": Leniency(_M, "what the model may do"),
    "fallbacks": Leniency(_T, "which model answers where one refuses: routes have their own"),
    "fallback_credit_token": Leniency(_T, "cost"),
    "inference_geo": Leniency(_M, "where the question may be read"),
    "diagnostics": Leniency(_T, "what is told of the cache"),
    "user_profile_id": Leniency(_T, "a name for the provider's own checks"),
    "workspace_id": Leniency(_T, "who is billed at the provider"),
    "betas": Leniency(_T, "features: each has a parameter of its own"),
}
MESSAGES = Vocabulary(DEFAULTS, LOSSES)
