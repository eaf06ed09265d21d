"""What becomes of each parameter of Messages at a server of chat completions.

An unknown parameter is not passed on: what it means there, if anything, is not known.
"""

from __future__ import annotations

from controlplane.protocols.messages.parameters import MESSAGES
from controlplane.protocols.parameters import Handling, Parameter, ParameterRows

T, M = Handling.TRANSLATED, Handling.MISSING

PARAMETERS = ParameterRows(
    MESSAGES,
    {
        "model": Parameter(T, "the target of the route"),
        "max_tokens": Parameter(T, "`max_completion_tokens`, or the field that the server reads"),
        "messages": Parameter(
            T,
            "what a part cannot carry (`file_id`, documents by address, what ran at Anthropic) is "
            "refused by its place; thinking that another made is left out",
        ),
        "system": Parameter(T, "a system message; Claude Code's billing block is left out"),
        "stream": Parameter(T),
        "temperature": Parameter(
            T, "1 is not sent: it is the default. Left out for models that take none"
        ),
        "top_p": Parameter(
            T, "1 is not sent: it is the default. Left out for models that take none"
        ),
        "top_k": Parameter(M),
        "stop_sequences": Parameter(T, "`stop`"),
        "tools": Parameter(
            T,
            "functions; tools that Anthropic runs, or whose schema only Claude knows, are refused. "
            "`strict` only where the schema is one that OpenAI enforces",
        ),
        "tool_choice": Parameter(T, "auto, any (`required`), a tool, none; one call at a time"),
        "thinking": Parameter(
            T,
            "a budget is an effort, disabled is `none` where the model has it, adaptive is the "
            "model's own default; how it is shown is left out",
        ),
        "output_config": Parameter(
            T,
            "`effort` is `reasoning_effort`, at most what the model has; `format` is "
            "`response_format`; the budget of a task is left out",
        ),
        "output_format": Parameter(T, "`response_format`"),
        "metadata": Parameter(
            T, "`user`; a digest of a person's address or number, and of what is too long"
        ),
        "service_tier": Parameter(T, "standard_only is `default`"),
        "cache_control": Parameter(T, "kept for servers that read it"),
        "speed": Parameter(M),
        "context_management": Parameter(M),
        "compaction": Parameter(M),
        "container": Parameter(M),
        "mcp_servers": Parameter(M),
        "fallbacks": Parameter(M),
        "fallback_credit_token": Parameter(M),
        "inference_geo": Parameter(M),
        "diagnostics": Parameter(M),
        "user_profile_id": Parameter(M),
        "workspace_id": Parameter(M),
        "betas": Parameter(M),
    },
    others=Parameter(M),
)
