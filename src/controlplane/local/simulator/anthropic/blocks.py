"""The content blocks of a message, and the events that each is streamed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from controlplane.local.simulator.anthropic.chat import says
from controlplane.local.simulator.anthropic.parameters import thinks
from controlplane.local.simulator.asks import ToolUse
from controlplane.local.simulator.generation import THOUGHT, Generation
from controlplane.local.simulator.seal import seal
from controlplane.local.simulator.wire import Request

# Anthropic's own word for it, up to its number.
REDACTED = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"
PAGE = {"url": "https://example.com/", "title": "Example Domain"}
_PIECE = 8
Block = dict[str, Any]


def content(generation: Generation, request: Request, maker: str) -> list[Block]:
    """The blocks of the answer, with `maker`'s signatures."""
    blocks = [_thinking(request, maker)] if thinks(request.body) else []
    if generation.tools:
        return blocks + [_tool_use(use, request, at) for at, use in enumerate(generation.tools)]
    text: Block = {"type": "text", "text": generation.text}
    if generation.search is not None:
        blocks += _search(generation.search, request, maker)
        text["citations"] = [_citation(maker)]
    return [*blocks, text]


def events(block: Block, index: int, generation: Generation) -> Iterator[Block]:
    """The events of one block."""
    opening, deltas = _streamed(block, generation)
    yield {"type": "content_block_start", "index": index, "content_block": opening}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _thinking(request: Request, maker: str) -> Block:
    if says(request.body, REDACTED):
        return {"type": "redacted_thinking", "data": seal(maker, "".join(THOUGHT))}
    omitted = request.body["thinking"].get("display") == "omitted"
    shown = "" if omitted else "".join(THOUGHT)
    return {"type": "thinking", "thinking": shown, "signature": seal(maker, shown)}


def _tool_use(use: ToolUse, request: Request, at: int) -> Block:
    id_ = f"toolu_{request.serial:021d}{at:03d}"
    return {"type": "tool_use", "id": id_, "name": use.name, "input": orjson.loads(use.payload)}


def _search(query: str, request: Request, maker: str) -> list[Block]:
    id_ = f"srvtoolu_{request.serial:024d}"
    found = {"type": "web_search_result", **PAGE, "page_age": None}
    use = {"type": "server_tool_use", "id": id_, "name": "web_search", "input": {"query": query}}
    results = [{**found, "encrypted_content": seal(maker, PAGE["url"])}]
    return [use, {"type": "web_search_tool_result", "tool_use_id": id_, "content": results}]


def _citation(maker: str) -> Mapping[str, Any]:
    place = {"encrypted_index": seal(maker, PAGE["title"]), "cited_text": PAGE["title"]}
    return {"type": "web_search_result_location", **PAGE, **place}


def _streamed(block: Block, generation: Generation) -> tuple[Block, list[Block]]:
    """The block as it is opened, and the deltas that fill it."""
    match block["type"]:
        case "thinking":
            pieces = THOUGHT if block["thinking"] else ()
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
        case "tool_use" | "server_tool_use":
            payload = orjson.dumps(block["input"]).decode()
            cut = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
            parts = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *cut)]
            return {**block, "input": {}}, parts
        case "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in generation.pieces]
            if "citations" not in block:
                return {**block, "text": ""}, deltas
            cited = [{"type": "citations_delta", "citation": one} for one in block["citations"]]
            return {**block, "text": "", "citations": []}, [*cited, *deltas]
    return block, []
