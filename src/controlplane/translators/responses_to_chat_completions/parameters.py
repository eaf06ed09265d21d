"""What becomes of each parameter of Responses where a target speaks chat completions."""

from __future__ import annotations

from controlplane.protocols.parameters import Handling, Parameter, ParameterRows
from controlplane.protocols.responses.parameters import RESPONSES

T, G, M = Handling.TRANSLATED, Handling.GATEWAY, Handling.MISSING
_SAME = Parameter(T, "the same")

PARAMETERS = ParameterRows(
    RESPONSES,
    {
        "model": Parameter(T, "the target of the route"),
        "input": Parameter(
            T,
            "`messages`: what the assistant thought, said and called in one turn is one message, "
            "with the results behind it. Stored items, compacted ones and calls of the provider's "
            "own tools are refused by their place; what was searched, and reasoning of another "
            "maker, is left out. Pictures in results go to a message of the user behind them",
        ),
        "instructions": Parameter(T, "the first system message"),
        "stream": Parameter(T),
        "stream_options": Parameter(G, "no padding"),
        "max_output_tokens": Parameter(T, "`max_completion_tokens`"),
        "temperature": _SAME,
        "top_p": _SAME,
        "tools": Parameter(
            T,
            "each is a function. Custom tools have their text as the only argument; a grammar is "
            "described and not enforced, and named as left out. Names in namespaces are flattened "
            "and come back as they were. A shell, `apply_patch` and a search by the caller are "
            "functions too. Tools that run at OpenAI are refused; but `web_search` and "
            "`image_generation` beside tools of the caller are left out: agents offer them with "
            "every request, and a model may decline an offer, so the question stays the same",
        ),
        "tool_choice": Parameter(
            T,
            "auto, none, required, a function, a custom tool, a shell, `apply_patch`, allowed "
            "tools; no tool that runs at OpenAI",
        ),
        "parallel_tool_calls": _SAME,
        "max_tool_calls": Parameter(M),
        "text": Parameter(T, "`response_format` and `verbosity`"),
        "reasoning": Parameter(
            T, "`reasoning_effort`; `summary` other than auto, and `context`, are left out"
        ),
        "include": Parameter(
            T,
            "probabilities are `logprobs`; encrypted reasoning holds what the target signed, or "
            "that it told the summary, for this target only; the rest is left out",
        ),
        "top_logprobs": Parameter(T, "with `logprobs`"),
        "store": Parameter(G, "nothing is stored; true is left out"),
        "background": Parameter(M),
        "background_options": Parameter(M),
        "previous_response_id": Parameter(M, "send the items of the conversation"),
        "conversation": Parameter(M, "send the items of the conversation"),
        "prompt": Parameter(M),
        "truncation": Parameter(M),
        "context_management": Parameter(M),
        "safety_identifier": _SAME,
        "user": _SAME,
        "metadata": _SAME,
        "service_tier": Parameter(T, "the same; `ultrafast` is not there"),
        "prompt_cache_key": _SAME,
        "prompt_cache_retention": _SAME,
        "prompt_cache_options": Parameter(T, "`mode`, and a `ttl` of 30m"),
        "moderation": Parameter(M),
        "image": Parameter(M),
        "access_programs": Parameter(M),
        "client_metadata": Parameter(G, "labels of Codex: left out"),
    },
    others=Parameter(M),
)
