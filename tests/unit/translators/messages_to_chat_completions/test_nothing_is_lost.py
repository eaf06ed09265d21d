"""Each field that Anthropic's package knows is translated, refused or named: none is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, get_args, get_type_hints

import pytest
from anthropic.types.beta import BetaMessageParam
from anthropic.types.beta.message_create_params import MessageCreateParamsStreaming
from tests.unit.translators.messages_to_chat_completions.cases import user
from tests.unit.translators.messages_to_chat_completions.walker import Variant, sample, variants

from controlplane.errors import UnsupportedParameter
from controlplane.protocols.messages.request import MessagesRequest
from controlplane.translators.messages_to_chat_completions.translate import translate

BODY: dict[str, Any] = {"model": "m", "max_tokens": 100, "messages": [user("Hello")]}

TOOL: dict[str, Any] = {"name": "f", "input_schema": {"type": "object"}}

# Empty, a value asks for nothing; nor does it where it is the default, or the same in other words.
EMPTY: tuple[Any, ...] = (None, False, {})
TEXT = [{"type": "text", "text": "one"}]
DEFAULTS: dict[str, Any] = {
    "MessageCreateParamsStreaming.service_tier": "auto",
    "MessageCreateParamsStreaming.speed": "standard",
    "MessageCreateParamsStreaming.thinking": {"type": "adaptive"},
    "MessageCreateParamsStreaming.tool_choice": {"type": "auto"},
    "MessageParam.clear_at": "never",
    "MessageParam.content": TEXT,
    "ContentBlockSourceParam.content": TEXT,
    "ThinkingConfigAdaptiveParam.display": "summarized",
    "ThinkingConfigEnabledParam.display": "summarized",
    "ToolParam.allowed_callers": ["direct"],
    "ToolParam.type": "custom",
    "ToolUseBlockParam.caller": {"type": "direct"},
}
# The route says which model it is.
OF_THE_ROUTE = {"MessageCreateParamsStreaming.model"}
# A block that is left out is named by its type, and so is a tool.
BLOCKS = {
    *("thinking", "redacted_thinking", "fallback"),
    *("server_tool_use", "tool_search_tool_result"),
}


def blocks_of(role: str) -> Iterator[Variant]:
    """Requests that differ in a block of a message of that role."""
    hint = get_type_hints(BetaMessageParam)["content"]
    for each in variants(get_args(hint)[1]):
        before, after = _saying(role, each.before), _saying(role, each.after)
        yield each.inside("messages.1.content", before, after)


def _saying(role: str, content: Any) -> dict[str, Any]:
    return {**BODY, "messages": [user("Hello"), {"role": role, "content": content}, user("Well?")]}


def requests() -> dict[str, list[Variant]]:
    """All of them, by the field in which they differ."""
    found: dict[str, list[Variant]] = {}
    roles = map(blocks_of, ("user", "assistant", "system"))
    for each in chain(variants(MessageCreateParamsStreaming), *roles):
        field = each.place.rpartition(".")[2]
        found.setdefault(f"{each.owner.removeprefix('Beta')}.{field}", []).append(each)
    return found


REQUESTS = requests()


def outcome(body: dict[str, Any], *, lenient: bool) -> Any:
    """What is sent and what is named; the place of what is refused."""
    try:
        request = MessagesRequest({"tools": [TOOL], **body}, lenient=lenient)
        translation = translate(request, "openai", "gpt-6.1-sol")
    except UnsupportedParameter as refusal:
        return refusal.param
    return translation.left_out, translation.request.body, translation.eager


def test_the_walker_meets_all_kinds_of_objects() -> None:
    owners = {name.partition(".")[0] for name in REQUESTS}
    assert {"MessageParam", "ToolParam", "ImageBlockParam", "ToolUseBlockParam"} <= owners
    assert len(owners) > 150
    assert sample(BetaMessageParam) == {"content": "one", "role": "user"}


def is_named(place: str, left_out: tuple[str, ...]) -> bool:
    """True where what stands there is left out, or all that it is in."""
    named = [
        each.rpartition(".")[0]
        if each.rpartition(".")[2] in BLOCKS or each == "tools.0.type"
        else each
        for each in left_out
    ]
    return any(f"{place}.".startswith(f"{each}.") for each in named)


def asks_for_nothing(name: str, each: Variant) -> bool:
    value = each.after
    for step in each.place.split("."):
        value = value[int(step) if isinstance(value, list) else step]
    return value in EMPTY or value == DEFAULTS.get(name, EMPTY)


def test_what_a_model_reads_is_not_refused() -> None:
    taken = {
        name.partition(".")[0]
        for name, differing in REQUESTS.items()
        if any(not isinstance(outcome(each.after, lenient=False), str) for each in differing)
    }
    assert taken >= {
        *(
            "TextBlockParam",
            "Base64ImageSourceParam",
            "URLImageSourceParam",
            "Base64PDFSourceParam",
        ),
        *("PlainTextSourceParam", "ContentBlockSourceParam", "SearchResultBlockParam"),
        *("ToolUseBlockParam", "ToolResultBlockParam", "ToolReferenceBlockParam", "ToolParam"),
        *("ThinkingBlockParam", "RedactedThinkingBlockParam", "CompactionBlockParam"),
        *("ThinkingConfigEnabledParam", "JSONOutputFormatParam", "ContextManagementConfigParam"),
        *("ToolChoiceAnyParam", "ToolChoiceToolParam", "ToolSearchToolResultBlockParam"),
    }


@pytest.mark.parametrize("lenient", [False, True])
def test_each_field_makes_a_difference(lenient: bool) -> None:
    lost = set()
    for name, differing in REQUESTS.items():
        for each in differing:
            after = outcome(each.after, lenient=lenient)
            if isinstance(after, str):
                assert after.partition(".")[0] in each.after
            elif (
                after == outcome(each.before, lenient=lenient)
                and not asks_for_nothing(name, each)
                and not is_named(each.place, after[0])
            ):
                lost.add(name)
    assert lost == OF_THE_ROUTE
