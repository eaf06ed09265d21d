"""The items of a response, and the events that each is streamed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controlplane.local.simulator.asks import ToolUse
from controlplane.local.simulator.generation import THOUGHT, Generation
from controlplane.local.simulator.wire import Request

PAGE = {"title": "Example Domain", "url": "https://example.com/"}
_PIECE = 8
Event = dict[str, Any]
Item = dict[str, Any]


def thinks(body: Mapping[str, Any]) -> bool:
    """True where the request asks for reasoning."""
    effort = (body.get("reasoning") or {}).get("effort")
    return effort not in (None, "none") or wants_encrypted(body)


def wants_encrypted(body: Mapping[str, Any]) -> bool:
    """True where the request wants the reasoning to take it along."""
    return "reasoning.encrypted_content" in (body.get("include") or ())


def output(generation: Generation, request: Request, sealed: str) -> list[Item]:
    """The items of the answer; `sealed` is its reasoning as its maker alone can read it."""
    number, items = request.serial, []
    if thinks(request.body):
        items.append(_reasoning(request, sealed))
    if generation.tools:
        items += [_call(use, number, at) for at, use in enumerate(generation.tools)]
        return items
    if generation.search is not None:
        action = {"type": "search", "query": generation.search, "queries": [generation.search]}
        search = {"type": "web_search_call", "status": "completed", "action": action}
        items.append({"id": f"ws_{number:048x}", **search})
    text = generation.text or ""
    annotations = [_citation(text)] if generation.search is not None else []
    part = {"type": "output_text", "annotations": annotations, "logprobs": [], "text": text}
    if generation.refused:
        part = {"type": "refusal", "refusal": text}
    status = "incomplete" if generation.finish_reason == "length" else "completed"
    message = {"id": f"msg_{number:048x}", "type": "message", "status": status}
    items.append({**message, "role": "assistant", "content": [part]})
    return items


def events(item: Item, index: int, generation: Generation) -> Iterator[Event]:
    """The events of one item, without their numbers."""
    place = {"item_id": item["id"], "output_index": index}
    opening, inner = _STREAMED[item["type"]](item, place, generation)
    yield {"type": "response.output_item.added", "output_index": index, "item": opening}
    yield from inner
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _reasoning(request: Request, sealed: str) -> Item:
    item: Item = {"id": f"rs_{request.serial:048x}", "type": "reasoning", "summary": []}
    if (request.body.get("reasoning") or {}).get("summary"):
        item["summary"] = [{"type": "summary_text", "text": "".join(THOUGHT)}]
    return {**item, "encrypted_content": sealed} if wants_encrypted(request.body) else item


def _call(use: ToolUse, number: int, at: int) -> Item:
    call: Item = {"call_id": f"call_{number:021d}{at:03d}", "name": use.name}
    if use.namespace:
        call["namespace"] = use.namespace
    if use.kind == "custom":
        head = {"id": f"ctc_{number:045x}{at:03d}", "type": "custom_tool_call"}
        return {**head, **call, "input": use.payload}
    head = {"id": f"fc_{number:045x}{at:03d}", "type": "function_call", "status": "completed"}
    return {**head, **call, "arguments": use.payload}


def _citation(text: str) -> Item:
    return {"type": "url_citation", "start_index": 0, "end_index": len(text), **PAGE}


Streamed = tuple[Item, list[Event]]


def _streamed_reasoning(item: Item, place: Event, _generation: Generation) -> Streamed:
    inner: list[Event] = []
    for number, part in enumerate(item["summary"]):
        at, name = {**place, "summary_index": number}, "response.reasoning_summary_"
        empty = {**part, "text": ""}
        inner.append({"type": f"{name}part.added", **at, "part": empty})
        inner += [{"type": f"{name}text.delta", **at, "delta": piece} for piece in THOUGHT]
        inner.append({"type": f"{name}text.done", **at, "text": part["text"]})
        inner.append({"type": f"{name}part.done", **at, "part": part})
    return {**item, "summary": []}, inner


def _streamed_message(item: Item, place: Event, generation: Generation) -> Streamed:
    (part,) = item["content"]
    at = {**place, "content_index": 0}
    opened = {**item, "status": "in_progress", "content": []}
    if part["type"] == "refusal":
        return opened, _refusal(part, at, generation)
    name, empty = "response.output_text", {**part, "text": "", "annotations": []}
    inner: list[Event] = [{"type": "response.content_part.added", **at, "part": empty}]
    inner += [
        {"type": f"{name}.delta", **at, "delta": piece, "logprobs": []}
        for piece in generation.pieces
    ]
    inner += [
        {"type": f"{name}.annotation.added", **at, "annotation_index": number, "annotation": noted}
        for number, noted in enumerate(part["annotations"])
    ]
    inner.append({"type": f"{name}.done", **at, "text": part["text"], "logprobs": []})
    inner.append({"type": "response.content_part.done", **at, "part": part})
    return opened, inner


def _refusal(part: Item, at: Event, generation: Generation) -> list[Event]:
    name = "response.refusal"
    return [
        {"type": "response.content_part.added", **at, "part": {**part, "refusal": ""}},
        *({"type": f"{name}.delta", **at, "delta": piece} for piece in generation.pieces),
        {"type": f"{name}.done", **at, "refusal": part["refusal"]},
        {"type": "response.content_part.done", **at, "part": part},
    ]


def _streamed_call(item: Item, place: Event, _generation: Generation) -> Streamed:
    custom = item["type"] == "custom_tool_call"
    field = "input" if custom else "arguments"
    name = "response.custom_tool_call_input" if custom else "response.function_call_arguments"
    payload = item[field]
    pieces = [payload[at : at + _PIECE] for at in range(0, len(payload), _PIECE)]
    inner = [{"type": f"{name}.delta", **place, "delta": piece} for piece in pieces]
    inner.append({"type": f"{name}.done", **place, field: payload})
    running = {} if custom else {"status": "in_progress"}
    return {**item, **running, field: ""}, inner


def _streamed_search(item: Item, place: Event, _generation: Generation) -> Streamed:
    states = ("in_progress", "searching", "completed")
    inner = [{"type": f"response.web_search_call.{state}", **place} for state in states]
    return {**item, "status": "in_progress"}, inner


_STREAMED = {
    "reasoning": _streamed_reasoning,
    "message": _streamed_message,
    "function_call": _streamed_call,
    "custom_tool_call": _streamed_call,
    "web_search_call": _streamed_search,
}
