"""Blocks that only their maker reads: they come back as they were, to the model that made them.

https://docs.claude.com/en/docs/build-with-claude/extended-thinking
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controlplane.local.simulator.anthropic.errors import invalid
from controlplane.local.simulator.anthropic.messages import Block, blocks_of
from controlplane.local.simulator.seal import unseal

_CHANGED = (
    "`thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. "
    "These blocks must remain as they were in the original response."
)


def refuse_foreign(messages: Sequence[Mapping[str, Any]], maker: str) -> None:
    """Raise the Refusal of the first signed block that is not `maker`'s, or was changed."""
    for at, message in enumerate(messages):
        for index, block in enumerate(blocks_of(message["content"])):
            place = f"messages.{at}.content.{index}"
            for field, kind, sealed in _seals(block):
                try:
                    text = unseal(maker, sealed)
                except (ValueError, TypeError):
                    raise invalid(f"{place}: Invalid `{field}` in `{kind}` block") from None
                if kind == "thinking" and block.get("thinking") != text:
                    raise invalid(f"{place}: {_CHANGED}")


def _seals(block: Block) -> Iterator[tuple[str, str, Any]]:
    match block["type"]:
        case "thinking":
            yield "signature", "thinking", block["signature"]
        case "redacted_thinking":
            yield "data", "redacted_thinking", block.get("data")
        case "web_search_tool_result" if isinstance(block.get("content"), list):
            for found in block["content"]:
                yield "encrypted_content", "search_result", found.get("encrypted_content")
