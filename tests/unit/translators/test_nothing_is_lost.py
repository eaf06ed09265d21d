"""Each field of a request is translated, refused by its name or place, or named as left out.

The fields are those of the package's types, at every depth. A field is lost where a request with it
has the same outcome as one without it, or with another value in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from tests.unit.translators.pairs import TO_CHAT, TO_RESPONSES, Pair
from tests.wire_types.typed_dicts import changes

from controlplane.errors import UnsupportedParameter

Json = dict[str, Any]

CALLS: Mapping[str, Json] = {
    "function_call_output": {"type": "function_call", "name": "own", "arguments": "{}"},
    "custom_tool_call_output": {"type": "custom_tool_call", "name": "own", "input": ""},
    "local_shell_call_output": {"type": "local_shell_call", "action": {}},
    "shell_call_output": {"type": "shell_call", "action": {}},
    "apply_patch_call_output": {"type": "apply_patch_call", "operation": {}},
    "tool_search_output": {"type": "tool_search_call", "arguments": {}},
}
OWN = {"type": "function", "name": "own", "parameters": {}, "strict": False}


def completed(value: Any) -> Any:
    """A picture and a file have content, which the types do not demand."""
    if isinstance(value, list):
        return [completed(each) for each in value]
    if not isinstance(value, dict):
        return value
    whole = {name: completed(each) for name, each in value.items()}
    if whole.get("type") == "input_image" and "file_id" not in whole:
        whole.setdefault("image_url", "https://a.test")
    if whole.get("type") == "input_file" and whole.keys().isdisjoint({"file_id", "file_url"}):
        whole.setdefault("file_data", "data:,")
    return whole


def responses_body(body: Json) -> Json:
    """A request that makes sense around a field: results have calls, and a tool is offered."""
    whole = {"model": "m", "input": "x", **completed(body)}
    if isinstance(whole["input"], list):
        whole["input"] = [each for item in whole["input"] for each in with_call(item)]
    if "stream_options" in whole:
        whole["stream"] = True
    return {**whole, "tools": [*whole.get("tools", []), OWN]}


def with_call(item: Json) -> list[Json]:
    if item.get("type") == "tool_search_call":
        return [{"call_id": "one", **item}]
    call = CALLS.get(item.get("type", ""))
    if call is None:
        return [item]
    id_ = item.get("call_id", item["id"] if item["type"].startswith("local") else "one")
    return [{**call, "call_id": id_}, {**item, "call_id": id_}]


def chat_body(body: Json) -> Json:
    """A request that makes sense around a field."""
    whole = {"model": "m", "messages": [{"role": "user", "content": "x"}], **completed(body)}
    return {**whole, "stream": True} if "stream_options" in whole else whole


def outcome(pair: Pair, body: Json, *, lenient: bool) -> tuple[Any, ...]:
    try:
        translation = pair.translate(body, lenient=lenient)
    except UnsupportedParameter as refusal:
        return ("refused", refusal.param)
    return dict(translation.request.body), translation.left_out


TOOLS = (".tools[]", ".input[]<additional_tools>.tools[]", ".input[]<tool_search_output>.tools[]")
HOSTED = (
    *("mcp>", "file_search>", "code_interpreter>", "computer_use_preview>", "image_generation>"),
    *("web_search>", "web_search_preview>", "shell>.environment", "tool_search>"),
)
# Of other makers, of the provider's own tools, or stored there.
FOREIGN = (
    *("reasoning", "compaction", "compaction_trigger", "configuration_update", "ItemReference"),
    *("web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call"),
    *("computer_call", "computer_call_output", "program", "program_output", "mcp_call"),
    *("mcp_list_tools", "mcp_approval_request", "mcp_approval_response"),
)
CONTENTS = ("<user>.content", "<function_call_output>.output", "<custom_tool_call_output>.output")
STORED = ("input_image>.file_id", "input_file>.file_id", "input_file>.file_url")
CALLED = (
    *("function_call", "custom_tool_call", "shell_call", "apply_patch_call"),
    *("function_call_output", "custom_tool_call_output", "shell_call_output"),
    "apply_patch_call_output",
)
OFFERED = (
    *("<function>", "<custom>", "<shell>", "<apply_patch>"),
    *("<namespace>.tools[]<function>", "<namespace>.tools[]<custom>"),
)
# Refused or left out as one by its place or name, whatever is in it: how the paths begin.
AS_ONE: Mapping[str, tuple[str, ...]] = {
    TO_CHAT.name: (
        *(".access_programs", ".background_options", ".context_management", ".conversation"),
        *(".image", ".include[]", ".max_tool_calls", ".moderation", ".previous_response_id"),
        *(".prompt.", ".prompt_cache_options.", ".reasoning.mode"),
        *(".tool_choice<mcp>", ".tool_choice<file_search>", ".tool_choice<allowed_tools>"),
        *(f"{tools}<{kind}" for tools in TOOLS for kind in HOSTED),
        *(f".input[]<{kind}>" for kind in FOREIGN),
        *(f".input[]{content}[]<{part}" for content in CONTENTS for part in STORED),
        *(f".input[]<{kind}>.caller<program>" for kind in CALLED),
        *(".input[]<user>.phase", ".input[]<message>.phase", ".input[]<shell_call>.environment"),
    ),
    TO_RESPONSES.name: (
        *(".stop", ".n", ".audio", ".functions", ".function_call", ".moderation", ".prediction"),
        *(".seed", ".frequency_penalty", ".presence_penalty", ".tool_choice<allowed_tools>"),
        *(".messages[]<function>", ".messages[]<user>.content[]<input_audio>"),
        *(f".messages[]<assistant>.{name}" for name in ("audio", "function_call")),
        *(f".messages[]<{role}>.name" for role in ("developer", "system", "user", "assistant")),
        ".messages[]<assistant>.content[]<text>.prompt_cache_breakpoint",
    ),
}
BOOKKEEPING: Mapping[str, tuple[str, ...]] = {
    "user": ("type", "status"),
    "message": ("id", "status"),
    "additional_tools": ("id",),
    "function_call": ("id", "status", "caller"),
    "custom_tool_call": ("id", "caller"),
    "local_shell_call": ("id", "status"),
    "shell_call": ("id", "status", "caller", "environment"),
    "apply_patch_call": ("id", "status", "caller"),
    "tool_search_call": ("id", "status", "execution"),
    "function_call_output": ("id", "status", "caller", "name", "namespace"),
    "custom_tool_call_output": ("id", "caller"),
    "local_shell_call_output": ("status",),
    "shell_call_output": ("id", "status", "caller", "max_output_length"),
    "apply_patch_call_output": ("id", "caller"),
    "tool_search_output": ("id", "status", "execution"),
}
SAID_TEXT = ".input[]<message>.content[]<output_text>"
# Says nothing: it is the default, bookkeeping of the server that made the item, or said twice.
NOTHING: Mapping[str, frozenset[str]] = {
    TO_CHAT.name: frozenset(
        {
            *(".reasoning", ".text", ".text.format", ".truncation", ".stream"),
            ".prompt_cache_options",
            *(f"{tools}{kind}.allowed_callers" for tools in TOOLS for kind in OFFERED),
            *(f"{tools}{kind}.format" for tools in TOOLS for kind in OFFERED if "custom" in kind),
            *(f".input[]<{k}>.{name}" for k, names in BOOKKEEPING.items() for name in names),
        }
    ),
    TO_RESPONSES.name: frozenset(
        {
            *(".logit_bias", ".modalities", ".response_format", ".stream"),
            ".stream_options.include_usage",
            ".response_format<json_schema>.json_schema.schema",
            ".tools[]<function>.function.parameters",
        }
    ),
}
# Says something of a text, which is what a model reads.
OF_TEXTS = (f"{SAID_TEXT}.annotations", f"{SAID_TEXT}.logprobs")
SUBJECTS = [
    pytest.param(TO_CHAT, ResponseCreateParamsNonStreaming, responses_body, id=TO_CHAT.name),
    pytest.param(TO_RESPONSES, CompletionCreateParamsNonStreaming, chat_body, id=TO_RESPONSES.name),
]


@pytest.mark.parametrize("lenient", [False, True])
@pytest.mark.parametrize(("pair", "kind", "around"), SUBJECTS)
def test_each_field_is_translated_refused_or_named(
    pair: Pair, kind: Any, around: Callable[[Json], Json], lenient: bool
) -> None:
    every = list(changes(kind))
    assert len(every) > 300
    same: set[str] = set()
    silent: set[str] = set()
    for change in every:
        found = outcome(pair, around(change.after), lenient=lenient)
        if found == outcome(pair, around(change.before), lenient=lenient):
            named = found[1] != () and change.path.startswith(AS_ONE[pair.name])
            (same if named else silent).add(change.path)
    silent = {path for path in silent if not path.startswith(OF_TEXTS)}
    assert silent - NOTHING[pair.name] == set()
    if not lenient:
        assert NOTHING[pair.name] - silent == set()
        unused = [b for b in AS_ONE[pair.name] if not any(path.startswith(b) for path in same)]
        assert unused == []
