"""What becomes of each parameter of OpenAI's chat schema at Anthropic.

An unknown parameter is refused: Anthropic would not judge it.
"""

from __future__ import annotations

from controlplane.providers.parameters import Handling, Parameter, ParameterRows

T, G, R, I = Handling.TRANSLATED, Handling.GATEWAY, Handling.REFUSED, Handling.IGNORED  # noqa: E741

PARAMETERS = ParameterRows(
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
        "temperature": Parameter(T, "0 to 1; above 1 is refused. 1 is not sent: it is the default"),
        "top_p": Parameter(T, "1 is not sent: it is the default"),
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
            "No thinking with a forced tool, and no budget after tool results: named as ignored",
        ),
        "safety_identifier": Parameter(T, "`metadata.user_id`"),
        "user": Parameter(T, "`metadata.user_id`; ignored beside `safety_identifier`"),
        "service_tier": Parameter(
            T, "default is `standard_only`, priority is `auto`; the others are refused"
        ),
        "n": Parameter(R),
        "frequency_penalty": Parameter(R),
        "presence_penalty": Parameter(R),
        "logit_bias": Parameter(R),
        "logprobs": Parameter(R),
        "top_logprobs": Parameter(R),
        "modalities": Parameter(R),
        "audio": Parameter(R),
        "verbosity": Parameter(R),
        "web_search_options": Parameter(R),
        "moderation": Parameter(R),
        "functions": Parameter(R, "use `tools`"),
        "function_call": Parameter(R, "use `tool_choice`"),
        "seed": Parameter(I, "best effort at OpenAI too"),
        "prediction": Parameter(I, "changes the speed only"),
        "prompt_cache_key": Parameter(I, "changes the cost only"),
        "prompt_cache_retention": Parameter(I, "changes the cost only"),
        "prompt_cache_options": Parameter(I, "changes the cost only"),
        "store": Parameter(I, "nothing is stored at the provider"),
        "metadata": Parameter(
            T,
            "its `user_id` is `metadata.user_id` where no other is set; other labels are left out",
        ),
        "cache_control": Parameter(T, "Anthropic's own: caches up to the last block"),
    },
    others=Parameter(R),
)
