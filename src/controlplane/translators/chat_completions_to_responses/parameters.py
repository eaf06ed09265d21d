"""What becomes of each parameter of chat completions where a target speaks Responses."""

from __future__ import annotations

from controlplane.protocols.chat_completions.parameters import CHAT
from controlplane.protocols.parameters import Handling, Parameter, ParameterRows

T, G, M = Handling.TRANSLATED, Handling.GATEWAY, Handling.MISSING
_SAME = Parameter(T, "the same")

PARAMETERS = ParameterRows(
    CHAT,
    {
        "model": Parameter(T, "the target of the route"),
        "messages": Parameter(
            T,
            "`input`, each in its place; calls and results are items of their own. Audio is "
            "refused by its place; `name`, and thinking of another maker, are left out",
        ),
        "stream": Parameter(T),
        "stream_options": Parameter(T, "`include_obfuscation`; the usage chunk is made here"),
        "max_completion_tokens": Parameter(T, "`max_output_tokens`, from 16 on"),
        "max_tokens": Parameter(T, "the same; the smaller one where both are set"),
        "temperature": _SAME,
        "top_p": _SAME,
        "stop": Parameter(M),
        "tools": Parameter(T, "functions and custom tools; `strict` is sent as false where unset"),
        "tool_choice": Parameter(
            T, "auto, none, required, a function, a custom tool, allowed tools"
        ),
        "parallel_tool_calls": _SAME,
        "response_format": Parameter(T, "`text.format`"),
        "reasoning_effort": Parameter(T, "`reasoning.effort`"),
        "safety_identifier": _SAME,
        "user": _SAME,
        "service_tier": _SAME,
        "n": Parameter(M),
        "frequency_penalty": Parameter(M),
        "presence_penalty": Parameter(M),
        "logit_bias": Parameter(M),
        "logprobs": Parameter(T, "`include`"),
        "top_logprobs": _SAME,
        "modalities": Parameter(M),
        "audio": Parameter(M),
        "verbosity": Parameter(T, "`text.verbosity`"),
        "web_search_options": Parameter(T, "a tool `web_search`"),
        "moderation": Parameter(M),
        "functions": Parameter(M, "use `tools`"),
        "function_call": Parameter(M, "use `tool_choice`"),
        "seed": Parameter(M),
        "prediction": Parameter(M),
        "prompt_cache_key": _SAME,
        "prompt_cache_retention": _SAME,
        "prompt_cache_options": _SAME,
        "store": Parameter(G, "false is sent; true is left out"),
        "metadata": _SAME,
        "cache_control": Parameter(G, "Anthropic's own: left out"),
    },
    others=Parameter(M),
)
