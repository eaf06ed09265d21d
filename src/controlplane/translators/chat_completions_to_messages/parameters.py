"""What becomes of each parameter of OpenAI's chat schema at Anthropic.

An unknown parameter is not passed on: Anthropic refuses what it does not know.
"""

from __future__ import annotations

from controlplane.protocols.chat_completions.parameters import CHAT
from controlplane.protocols.parameters import Handling, Parameter, ParameterRows

T, G, M = Handling.TRANSLATED, Handling.GATEWAY, Handling.MISSING

PARAMETERS = ParameterRows(
    CHAT,
    {
        "model": Parameter(T, "the target of the route"),
        "messages": Parameter(
            T,
            "system and developer messages become the system prompt, in their order; what a part "
            "cannot carry (audio, `file_id`) is refused by its place; `name` and low image detail "
            "are left out",
        ),
        "stream": Parameter(T),
        "stream_options": Parameter(G, "the usage chunk is made here"),
        "max_completion_tokens": Parameter(T, "`max_tokens`; 8192 plus thinking where unset"),
        "max_tokens": Parameter(T, "the same; the smaller one where both are set"),
        "temperature": Parameter(
            T,
            "0 to 1; above 1 is refused, left out under `ignore`. 1 is not sent: it is the "
            "default. Left out with thinking, and for models that take none",
        ),
        "top_p": Parameter(
            T,
            "1 is not sent: it is the default. Left out beside `temperature`, below 0.95 with "
            "thinking, and for models that take none",
        ),
        "stop": Parameter(T, "`stop_sequences`"),
        "tools": Parameter(T, "functions, `strict` included; custom tools are refused"),
        "tool_choice": Parameter(T, "auto, none, required (`any`), a function, allowed tools"),
        "parallel_tool_calls": Parameter(T, "false is `disable_parallel_tool_use`"),
        "response_format": Parameter(
            T,
            "json_schema is `output_config.format`, limits it cannot enforce go to descriptions; "
            "json_object is an instruction, and the answer is cut down to the object",
        ),
        "reasoning_effort": Parameter(
            T,
            "adaptive thinking with an effort, or a budget up to Claude 4.5; none is no thinking. "
            "No thinking with a forced tool, and no budget after tool results: named as left out",
        ),
        "safety_identifier": Parameter(T, "`metadata.user_id`"),
        "user": Parameter(T, "`metadata.user_id`; left out beside `safety_identifier`"),
        "service_tier": Parameter(
            T, "default is `standard_only`, priority is `auto`; the others are not there"
        ),
        "n": Parameter(M),
        "frequency_penalty": Parameter(M),
        "presence_penalty": Parameter(M),
        "logit_bias": Parameter(M),
        "logprobs": Parameter(M),
        "top_logprobs": Parameter(M),
        "modalities": Parameter(M),
        "audio": Parameter(M),
        "verbosity": Parameter(M),
        "web_search_options": Parameter(M),
        "moderation": Parameter(M),
        "functions": Parameter(M, "use `tools`"),
        "function_call": Parameter(M, "use `tool_choice`"),
        "seed": Parameter(M),
        "prediction": Parameter(M),
        "prompt_cache_key": Parameter(M),
        "prompt_cache_retention": Parameter(M),
        "prompt_cache_options": Parameter(M),
        "store": Parameter(M),
        "metadata": Parameter(
            T,
            "its `user_id` is `metadata.user_id` where no other is set; other labels are left out",
        ),
        "cache_control": Parameter(T, "Anthropic's own: caches up to the last block"),
    },
    others=Parameter(M),
)
