"""What Anthropic says to messages that it does not take.

https://docs.claude.com/en/api/messages
https://docs.claude.com/en/docs/agents-and-tools/tool-use/implement-tool-use
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controlplane.local.simulator.anthropic.errors import invalid

Block = Mapping[str, Any]

IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ID = re.compile(r"\A[a-zA-Z0-9_-]+\Z")


def refuse_messages(messages: Any) -> None:
    """Raise the Refusal of the first message that is not taken. Turns need not alternate."""
    if not isinstance(messages, list):
        raise invalid("messages: Input should be a valid list")
    if not messages:
        raise invalid("messages: at least one message is required")
    for index, message in enumerate(messages):
        _check_message(message, index, last=index == len(messages) - 1)
    _check_pairs(_turns(messages))


def blocks_of(content: Any) -> Sequence[Block]:
    """The content as blocks; a string is one of text."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _check_message(message: Any, index: int, *, last: bool) -> None:
    place = f"messages.{index}"
    if not isinstance(message, dict):
        raise invalid(f"{place}: Input should be a valid dictionary")
    role = message.get("role")
    # A later system message is taken, the first has to be the parameter.
    if role == "developer" or (role == "system" and index == 0):
        raise invalid(
            f'messages: Unexpected role "{role}". The Messages API accepts a top-level `system` '
            f'parameter, not "{role}" as an input message role.'
        )
    if role not in ("user", "assistant", "system"):
        raise invalid(f"{place}.role: Input should be 'user' or 'assistant'")
    for name in message:
        if name not in ("role", "content"):
            raise invalid(f"{place}.{name}: Extra inputs are not permitted")
    content = message.get("content")
    if not isinstance(content, str | list):
        raise invalid(f"{place}.content: Input should be a valid list")
    prefill = last and role == "assistant"
    if not content and not prefill:
        raise invalid(
            f"{place}: all messages must have non-empty content except for the optional final "
            "assistant message"
        )
    for at, block in enumerate(blocks_of(content)):
        check_block(block, f"{place}.content.{at}", _BLOCKS)
    said = blocks_of(content)[-1].get("text", "") if prefill and content else ""
    if said != said.rstrip():
        raise invalid("messages: final assistant content cannot end with trailing whitespace")


def check_block(block: Any, place: str, allowed: Mapping[str, Callable[..., None]]) -> None:
    """Raise the Refusal that a content block earns."""
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in allowed:
        tags = ", ".join(f"'{name}'" for name in allowed)
        raise invalid(
            f"{place}: Input tag '{kind}' found using 'type' does not match any of the expected "
            f"tags: {tags}"
        )
    allowed[kind](block, place)


def check_text(block: Block, place: str) -> None:
    """Text blocks say something."""
    text = block.get("text")
    if not isinstance(text, str):
        raise invalid(f"{place}.text.text: Input should be a valid string")
    field = place.split(".", maxsplit=1)[0]
    if not text:
        raise invalid(f"{field}: text content blocks must be non-empty")
    if not text.strip():
        raise invalid(f"{field}: text content blocks must contain non-whitespace text")


def _check_source(kinds: Sequence[str]) -> Callable[[Block, str], None]:
    def check(block: Block, place: str) -> None:
        place = f"{place}.{block['type']}.source"
        source = block.get("source")
        if not isinstance(source, dict):
            raise invalid(f"{place}: Field required")
        match source.get("type"):
            case "base64":
                if source.get("media_type") not in kinds:
                    options = " or ".join(f"'{kind}'" for kind in kinds)
                    raise invalid(f"{place}.base64.media_type: Input should be {options}")
                _check_base64(source.get("data"), f"{place}.base64.data")
            case "url":
                if not str(source.get("url", "")).startswith("https://"):
                    raise invalid(f"{place}.url.url: Only HTTPS URLs are supported.")
            case "text" if block["type"] == "document":
                if source.get("media_type") != "text/plain":
                    raise invalid(f"{place}.text.media_type: Input should be 'text/plain'")
            case kind:
                raise invalid(f"{place}: Input tag '{kind}' found using 'type' does not match")

    return check


def _check_base64(data: Any, place: str) -> None:
    try:
        base64.b64decode(data, validate=True)
    except (TypeError, ValueError, binascii.Error):
        raise invalid(f"{place}: Invalid base64 data") from None


def _check_tool_use(block: Block, place: str) -> None:
    place = f"{place}.tool_use"
    if not _ID.match(str(block.get("id", ""))):
        raise invalid(f"{place}.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
    if not isinstance(block.get("name"), str):
        raise invalid(f"{place}.name: Field required")
    if not isinstance(block.get("input"), dict):
        raise invalid(f"{place}.input: Input should be a valid dictionary")


def _check_tool_result(block: Block, place: str) -> None:
    if not _ID.match(str(block.get("tool_use_id", ""))):
        raise invalid(
            f"{place}.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'"
        )
    content = block.get("content")
    for index, part in enumerate(content if isinstance(content, list) else ()):
        check_block(part, f"{place}.tool_result.content.{index}", _RESULT_BLOCKS)


def _check_thinking(block: Block, place: str) -> None:
    if not isinstance(block.get("signature"), str) or not block["signature"]:
        raise invalid(f"{place}.thinking.signature: Field required")


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Block]]]:
    """Role and blocks of each turn: messages of one role in a row are one turn, and what the
    system says between them is none."""
    turns: list[tuple[str, list[Block]]] = []
    for message in messages:
        if message["role"] == "system":
            continue
        if not turns or turns[-1][0] != message["role"]:
            turns.append((message["role"], []))
        turns[-1][1].extend(blocks_of(message["content"]))
    return turns


def _check_pairs(turns: Sequence[tuple[str, list[Block]]]) -> None:
    """Each tool use is followed by its result, at the very start of the next turn."""
    open_ids: list[str] = []
    used: list[str] = []
    for index, (_, blocks) in enumerate(turns):
        results = []
        for block in blocks:
            if block["type"] != "tool_result":
                break
            results.append(block["tool_use_id"])
        if missing := [id_ for id_ in open_ids if id_ not in results]:
            raise invalid(
                f"messages.{index - 1}: `tool_use` ids were found without `tool_result` blocks "
                f"immediately after: {', '.join(missing)}. Each `tool_use` block must have a "
                "corresponding `tool_result` block in the next message."
            )
        for at, block in enumerate(blocks):
            if block["type"] == "tool_result" and block["tool_use_id"] not in open_ids:
                raise invalid(
                    f"messages.{index}.content.{at}: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {block['tool_use_id']}. Each `tool_result` block must "
                    "have a corresponding `tool_use` block in the previous message."
                )
        open_ids = [block["id"] for block in blocks if block["type"] == "tool_use"]
        used += open_ids
        if len(set(used)) != len(used):
            raise invalid("messages: `tool_use` ids must be unique")


_RESULT_BLOCKS: Mapping[str, Callable[[Block, str], None]] = {
    "text": check_text,
    "image": _check_source(IMAGES),
    "document": _check_source(("application/pdf",)),
    # A tool that was deferred and is wanted now; a source that is cited.
    **dict.fromkeys(("tool_reference", "search_result"), lambda _block, _place: None),
}
# What Anthropic made itself and gets back.
_UNREAD = (
    *("redacted_thinking", "server_tool_use", "web_search_tool_result", "web_fetch_tool_result"),
    *("code_execution_tool_result", "bash_code_execution_tool_result", "container_upload"),
    *("text_editor_code_execution_tool_result", "tool_search_tool_result"),
    *("mcp_tool_use", "mcp_tool_result", "compaction"),
)
_BLOCKS: Mapping[str, Callable[[Block, str], None]] = {
    **_RESULT_BLOCKS,
    "tool_use": _check_tool_use,
    "tool_result": _check_tool_result,
    "thinking": _check_thinking,
    **dict.fromkeys(_UNREAD, lambda _block, _place: None),
}
