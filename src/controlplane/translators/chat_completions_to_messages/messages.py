"""Chat messages -> the system prompt and the turns of a conversation.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.translators.chat_completions_to_messages.cache_marks import (
    CACHE_CONTROL,
    mark_last,
)
from controlplane.translators.chat_completions_to_messages.calls import Calls
from controlplane.translators.chat_completions_to_messages.parts import Block, translate_content
from controlplane.translators.chat_completions_to_messages.places import (
    LeftOut,
    a_list,
    a_text,
    only,
    refuse,
)
from controlplane.translators.chat_completions_to_messages.thoughts import thoughts_of

_TEXT = frozenset({"text"})
_ASKED = frozenset({"text", "image_url", "file"})
_SAID = frozenset({"text", "refusal", "thinking", "redacted_thinking"})

_PLAIN_MEMBERS = frozenset({"role", "content", CACHE_CONTROL})
_NAMED_MEMBERS = _PLAIN_MEMBERS | {"name"}
# Of an answer that a client repeats, what the assistant said is input, and what it thought where
# that is signed. Annotations and parsed forms repeat the text.
_ASSISTANT_MEMBERS = _PLAIN_MEMBERS | frozenset(
    {
        *("refusal", "tool_calls", "annotations", "parsed", "reasoning", "reasoning_content"),
        *("thinking_blocks", "reasoning_details", "provider_specific_fields", "extra_content"),
    }
)
_THOUGHTS = ("thinking", "redacted_thinking")
# What the assistant said, in a form that cannot be sent.
_MEANT = ("audio", "function_call")


def translate_messages(
    messages: Sequence[Mapping[str, Any]], left_out: LeftOut
) -> tuple[list[Block], list[dict[str, Any]]]:
    """The blocks of the system prompt, and the turns; turns of one role in a row are one.

    System and developer messages all go to the system prompt, in their order, wherever they stand:
    most models take instructions nowhere else. Raises UnsupportedParameter, naming the place.
    """
    system: list[Block] = []
    turns: list[dict[str, Any]] = []
    calls = Calls(left_out)
    for index, message in enumerate(messages):
        place = f"messages.{index}"
        role = message["role"]
        if role in ("system", "developer", "user"):
            allowed = _ASKED if role == "user" else _TEXT
            blocks = _unnamed(message, place, allowed, left_out)
            if role == "user":
                _say(turns, "user", blocks)
            else:
                system += blocks
        elif role == "assistant":
            _say(turns, "assistant", _assistant(message, place, calls, left_out))
        elif role == "tool":
            _report(turns, calls.tool_result(message, place))
        else:
            refuse(f"{place}.role", "use 'tools' in place of 'functions'")
    if not turns:
        refuse("messages", "at least one message of a user must say something")
    _trim(turns[-1])
    return system, turns


def calls_without_thoughts(messages: Sequence[Mapping[str, Any]]) -> bool:
    """True where the answer goes on from results of tools, and the calls are without thoughts."""
    said = [message for message in messages if message["role"] in ("tool", "assistant")]
    if not said or said[-1]["role"] != "tool":
        return False
    calling = next((each for each in reversed(said) if each["role"] == "assistant"), None)
    return calling is None or not thoughts_of(calling)


def _say(turns: list[dict[str, Any]], role: str, blocks: list[Block]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _report(turns: list[dict[str, Any]], result: Block) -> None:
    """The results of a turn's calls come before anything else that is said after it."""
    _say(turns, "user", [result])
    said: list[Block] = turns[-1]["content"]
    said.sort(key=lambda block: block["type"] != "tool_result")


def _trim(last: dict[str, Any]) -> None:
    """The answer goes on from a last turn of the assistant: no white space at its end, no thoughts.

    Thoughts are only taken there where the answer begins with new ones.
    """
    if last["role"] != "assistant":
        return
    last["content"] = [block for block in last["content"] if block["type"] not in _THOUGHTS]
    block = last["content"][-1]
    if block["type"] == "text":
        block["text"] = block["text"].rstrip()


def _unnamed(
    message: Mapping[str, Any], place: str, allowed: frozenset[str], left_out: LeftOut
) -> list[Block]:
    only(message, _NAMED_MEMBERS, place)
    if message.get("name") is not None:
        left_out.add(f"{place}.name")
    blocks = translate_content(message.get("content"), f"{place}.content", allowed, left_out)
    mark_last(blocks, message, place)
    return blocks


def _assistant(
    message: Mapping[str, Any], place: str, calls: Calls, left_out: LeftOut
) -> list[Block]:
    for name in _MEANT:
        if message.get(name) is not None:
            refuse(f"{place}.{name}")
    left_out.others(message, _ASSISTANT_MEMBERS, place)
    blocks = translate_content(message.get("content"), f"{place}.content", _SAID, left_out)
    if message.get("refusal"):
        refusal = a_text(message["refusal"], f"{place}.refusal")
        blocks.append({"type": "text", "text": refusal})
    listed = a_list(message.get("tool_calls"), f"{place}.tool_calls")
    for index, call in enumerate(listed):
        blocks.append(calls.tool_use(call, f"{place}.tool_calls.{index}"))
    mark_last(blocks, message, place)
    said = [block for block in blocks if block["type"] not in _THOUGHTS]
    if not said:
        # Thoughts alone are no turn.
        return []
    return thoughts_of(message) + blocks if len(said) == len(blocks) else blocks
