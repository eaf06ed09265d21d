"""What becomes of each parameter of OpenAI's chat schema, at each kind of provider.

The one table; `docs/PROVIDERS.md` is made from it (`python -m controlplane.providers.parameters`
prints it), and a test holds it against OpenAI's own schema.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from controlplane.errors import UnsupportedParameter


class Handling(StrEnum):
    """What a provider does with a parameter. Nothing is left out unless it is harmless."""

    PASSED = "passed on"
    TRANSLATED = "translated"
    GATEWAY = "done by the gateway"
    REFUSED = "refused"
    IGNORED = "ignored"


# They judge what nobody here knows; so do servers that are compatible with OpenAI.
_SPEAK_OPENAI = ("openai", "azure")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row. A value equal to `default` asks for nothing, so nobody refuses it."""

    name: str
    anthropic: Handling
    default: Any = None
    note: str = ""


T, G, R, I = Handling.TRANSLATED, Handling.GATEWAY, Handling.REFUSED, Handling.IGNORED  # noqa: E741

_ROWS: tuple[Parameter, ...] = (
    Parameter("model", T, note="the target of the route"),
    Parameter(
        "messages",
        T,
        note="system and developer messages become the system prompt, in their order; what a part "
        "cannot carry (`name`, audio, `file_id`, low image detail) is refused by its place",
    ),
    Parameter("stream", T, False),
    Parameter("stream_options", G, note="the usage chunk is made here"),
    Parameter("max_completion_tokens", T, note="`max_tokens`; 8192 plus thinking where unset"),
    Parameter("max_tokens", T, note="the same; the smaller one where both are set"),
    Parameter("temperature", T, 1, "0 to 1; above 1 is refused. 1 is not sent: it is the default"),
    Parameter("top_p", T, 1, "1 is not sent: it is the default"),
    Parameter("stop", T, note="`stop_sequences`"),
    Parameter("tools", T, note="functions, `strict` included; custom tools are refused"),
    Parameter("tool_choice", T, note="auto, none, required (`any`), a function, allowed tools"),
    Parameter("parallel_tool_calls", T, True, "false is `disable_parallel_tool_use`"),
    Parameter(
        "response_format",
        T,
        {"type": "text"},
        "json_schema is `output_config.format`, limits it cannot enforce go to descriptions; "
        "json_object is an instruction, and the answer is cut down to the object",
    ),
    Parameter(
        "reasoning_effort",
        T,
        note="adaptive thinking with an effort, or a budget up to Claude 4.5; none is no thinking. "
        "No thinking with a forced tool, and no budget after tool results: named as ignored",
    ),
    Parameter("safety_identifier", T, note="`metadata.user_id`"),
    Parameter("user", T, note="`metadata.user_id`; ignored beside `safety_identifier`"),
    Parameter("service_tier", T, "auto", "default is `standard_only`; the others are refused"),
    Parameter("n", R, 1),
    Parameter("frequency_penalty", R, 0),
    Parameter("presence_penalty", R, 0),
    Parameter("logit_bias", R, {}),
    Parameter("logprobs", R, False),
    Parameter("top_logprobs", R, 0),
    Parameter("modalities", R, ["text"]),
    Parameter("audio", R),
    Parameter("verbosity", R, "medium"),
    Parameter("web_search_options", R),
    Parameter("moderation", R),
    Parameter("functions", R, [], "use `tools`"),
    Parameter("function_call", R, note="use `tool_choice`"),
    Parameter("seed", I, note="best effort at OpenAI too"),
    Parameter("prediction", I, note="changes the speed only"),
    Parameter("prompt_cache_key", I, note="changes the cost only"),
    Parameter("prompt_cache_retention", I, note="changes the cost only"),
    Parameter("prompt_cache_options", I, note="changes the cost only"),
    Parameter("store", I, False, "nothing is stored at the provider"),
    Parameter("metadata", I, note="labels of stored answers"),
)
PARAMETERS: Mapping[str, Parameter] = {row.name: row for row in _ROWS}


def fate(kind: str, name: str) -> Handling:
    """What becomes of `name`. OpenAI and Azure judge what nobody knows; elsewhere it is refused."""
    if kind in _SPEAK_OPENAI:
        return Handling.TRANSLATED if name == "model" else Handling.PASSED
    row = PARAMETERS.get(name)
    return row.anthropic if row else Handling.REFUSED


def check(kind: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    """The parameters of `body` that are left out. Raises UnsupportedParameter."""
    if kind in _SPEAK_OPENAI:
        return ()
    ignored: list[str] = []
    for name, value in body.items():
        row = PARAMETERS.get(name)
        if value is None or (row is not None and value == row.default):
            continue
        outcome = row.anthropic if row else Handling.REFUSED
        if outcome is Handling.REFUSED:
            raise UnsupportedParameter(name, kind, row.note if row else "")
        if outcome is Handling.IGNORED:
            ignored.append(name)
    return tuple(ignored)


def markdown() -> str:
    """The table as it stands in `docs/PROVIDERS.md`."""
    lines = ["| parameter | OpenAI, Azure, compatible | Anthropic | how |", "|---|---|---|---|"]
    lines += [
        f"| `{row.name}` | {fate('openai', row.name)} | {row.anthropic} | {row.note} |"
        for row in _ROWS
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
