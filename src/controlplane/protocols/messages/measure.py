"""How much a request for a Message and its answer say, and what of it cannot be counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import orjson

from controlplane.domain.price import ServerTool

Block = Mapping[str, Any]

# Tools that the caller runs. What the provider runs costs more than tokens, or reads pages whose
# length is not known; of a tool that is not known here, it is not known which of the two it is.
_OF_THE_CALLER = ("custom", "bash_", "computer_", "memory_", "text_editor_", "browser_")
_SEARCHES_IN_TOOLS = "tool_search_tool_"
# Those among them whose fee for a call is known; a date follows.
_WITH_FEES = ("web_search", "web_fetch")
# Each has a price of its own, and so has another speed than this.
_UNPRICED = ("mcp_servers", "fallbacks")
_USUAL_SPEED = "standard"
# Like so many pictures: a page of a PDF is read as text and as a picture.
_IMAGES_OF_A_FILE = 5


def thinks(body: Block) -> bool:
    """True where thinking is asked for."""
    thinking = body.get("thinking")
    return isinstance(thinking, Mapping) and thinking.get("type") != "disabled"


def blocks(body: Block) -> Iterator[tuple[str, Block]]:
    """The content blocks of all messages and those inside results of tools, with their places."""
    for index, message in enumerate(body["messages"]):
        yield from _within(message.get("content"), f"messages.{index}.content")


def _within(content: Any, place: str) -> Iterator[tuple[str, Block]]:
    for index, block in enumerate(content) if isinstance(content, list) else ():
        if isinstance(block, Mapping):
            yield f"{place}.{index}", block
            yield from _within(block.get("content"), f"{place}.{index}.content")
            source = block.get("source")
            if isinstance(source, Mapping):
                yield from _within(source.get("content"), f"{place}.{index}.source.content")


def image_count(body: Block) -> int:
    """How many pictures the messages hold."""
    return sum(1 for _, block in blocks(body) if block.get("type") == "image")


def first_file(body: Block) -> str | None:
    """The place of the first block whose tokens nothing bounds."""
    return next((place for place, block in blocks(body) if _is_file(block)), None)


def _is_file(block: Block) -> bool:
    kind, source = block.get("type"), block.get("source")
    if kind == "document":
        of = source.get("type") if isinstance(source, Mapping) else None
        return of not in ("text", "content")
    return kind == "container_upload"


def unpriced(body: Block) -> str | None:
    """The name of something that costs more than tokens at their usual price."""
    for index, tool in enumerate(body.get("tools") or ()):
        kind = tool.get("type")
        if kind is None or _fee(kind) is not None:
            continue
        if not str(kind).startswith((*_OF_THE_CALLER, _SEARCHES_IN_TOOLS)):
            return f"tools.{index}"
    for name in _UNPRICED:
        if body.get(name):
            return name
    return None if (body.get("speed") or _USUAL_SPEED) == _USUAL_SPEED else "speed"


def server_tools(body: Block) -> tuple[ServerTool, ...]:
    """The tools whose calls have a known fee."""
    return tuple(
        ServerTool(f"tools.{index}", fee, _uses(tool.get("max_uses")), f"tools.{index}.max_uses")
        for index, tool in enumerate(body.get("tools") or ())
        if (fee := _fee(tool.get("type"))) is not None
    )


def _fee(kind: Any) -> str | None:
    return next((name for name in _WITH_FEES if str(kind).startswith(f"{name}_")), None)


def _uses(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def keeps_for_an_hour(body: Block) -> bool:
    """True where some `cache_control` asks for an hour: of the request, a block or a tool."""
    system = body.get("system")
    marked = chain(
        (body,),
        (block for _, block in blocks(body)),
        system if isinstance(system, list) else (),
        body.get("tools") or (),
    )
    marks = (each.get("cache_control") for each in marked)
    return any(isinstance(mark, Mapping) and mark.get("ttl") == "1h" for mark in marks)


def asked_characters(body: Block, of_image: int) -> int:
    """How much a request says, in characters."""
    tools = body.get("tools")
    return (
        (len(orjson.dumps(tools)) if tools else 0)
        + characters(body.get("system"), of_image)
        + sum(characters(message.get("content"), of_image) for message in body["messages"])
    )


def characters(content: Any, of_image: int = 0) -> int:
    """How much a text or blocks say, roughly; what is signed or sealed counts by its length."""
    if isinstance(content, str):
        return len(content)
    if not isinstance(content, list):
        return 0
    return sum(of_block(block, of_image) for block in content if isinstance(block, Mapping))


def of_block(block: Block, of_image: int = 0) -> int:
    """The same of one block."""
    if block.get("type") == "image":
        return of_image
    if _is_file(block):
        return of_image * _IMAGES_OF_A_FILE
    if block.get("type") in ("thinking", "redacted_thinking"):
        return thought(block)
    source = block.get("source")
    inside = source if isinstance(source, Mapping) else {}
    given = block.get("input")
    return (
        len(str(block.get("text") or ""))
        + len(str(inside.get("data") or ""))
        + (len(orjson.dumps(given)) if given else 0)
        + characters(block.get("content"), of_image)
        + characters(inside.get("content"), of_image)
    )


def thought(block: Block) -> int:
    """How long a thought is. Its signature holds all of it, hidden parts included."""
    shown, sealed = len(str(block.get("thinking") or "")), block.get("signature")
    return max(shown, len(str(sealed or block.get("data") or "")))
