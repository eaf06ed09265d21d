"""What a model thought, signed: given out with an answer, and taken back with the next request.

In both forms that clients keep: LiteLLM's `thinking_blocks` and OpenRouter's `reasoning_details`.
https://docs.litellm.ai/docs/reasoning_content
https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Block = dict[str, Any]

# OpenRouter's name for reasoning that is signed as Claude signs it.
FORMAT = "anthropic-claude-v1"
_FORMS = ("thinking_blocks", "reasoning_details")


def sealed(blocks: Sequence[Mapping[str, Any]], first: int = 0) -> dict[str, Any]:
    """The members of a message that carry these blocks; none where nothing is signed.

    In a stream each comes as one piece, and `first` is the place of this one.
    """
    ours = [block for each in blocks if (block := signed_block(each)) is not None]
    if not ours:
        return {}
    details = [_detail(block, index) for index, block in enumerate(ours, first)]
    return {"thinking_blocks": ours, "reasoning_details": details}


def thoughts_of(message: Mapping[str, Any]) -> list[Block]:
    """The thinking blocks of an assistant's message: those that Claude signed, and no others."""
    if message.keys().isdisjoint(_FORMS):
        return []
    blocks = _objects(message.get("thinking_blocks"))
    if not blocks:
        blocks = [_block(detail) for detail in _objects(message.get("reasoning_details"))]
    return [block for each in blocks if (block := signed_block(each)) is not None]


def signed_block(block: Mapping[str, Any]) -> Block | None:
    """`block` as it may be sent; None where it is not signed."""
    if block.get("type") == "redacted_thinking":
        data = block.get("data")
        return {"type": "redacted_thinking", "data": data} if _is_text(data) else None
    signature = block.get("signature")
    if block.get("type") != "thinking" or not _is_text(signature):
        return None
    thinking = block.get("thinking")
    said = thinking if isinstance(thinking, str) else ""
    return {"type": "thinking", "thinking": said, "signature": signature}


def _detail(block: Mapping[str, Any], index: int) -> Block:
    where = {"format": FORMAT, "index": index}
    if block["type"] == "redacted_thinking":
        return {"type": "reasoning.encrypted", "data": block["data"], **where}
    text, signature = block["thinking"], block["signature"]
    return {"type": "reasoning.text", "text": text, "signature": signature, **where}


def _block(detail: Mapping[str, Any]) -> Block:
    named = detail.get("format")
    if detail.get("type") == "reasoning.text" and named in (None, FORMAT):
        signature = detail.get("signature")
        return {"type": "thinking", "thinking": detail.get("text"), "signature": signature}
    if detail.get("type") == "reasoning.encrypted" and named == FORMAT:
        return {"type": "redacted_thinking", "data": detail.get("data")}
    return {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    items = value if isinstance(value, list) else []
    return [item for item in items if isinstance(item, Mapping)]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""
