"""Responses and their streams, as OpenAI sends them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.wire_types.openai_types import RESPONSE, RESPONSE_EVENTS

Item = dict[str, Any]
# In which pieces a text is streamed.
Cut = Callable[[str], list[str]]
USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 30,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 42,
}
ERROR = {"code": "server_error", "message": "The model gave up."}


def reasoning(*summary: str) -> Item:
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"id": "rs_1", "type": "reasoning", "summary": parts, "encrypted_content": "gAAAA=="}


def message(*texts: str, logprobs: bool = False) -> Item:
    content = [_text(text, logprobs) for text in texts]
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def _text(text: str, logprobs: bool) -> Item:
    tokens = [{"token": text, "bytes": [], "logprob": -0.1, "top_logprobs": []}]
    return {
        "type": "output_text",
        "text": text,
        "annotations": [],
        "logprobs": tokens if logprobs else [],
    }


def refused(text: str) -> Item:
    return {**message(), "content": [{"type": "refusal", "refusal": text}]}


def function_call(text: str) -> Item:
    return {
        "id": "fc_1",
        "type": "function_call",
        "call_id": "call_1",
        "name": "look_up",
        "arguments": json.dumps({"q": text}),
        "status": "completed",
    }


def custom_call(text: str) -> Item:
    return {
        "id": "ctc_1",
        "type": "custom_tool_call",
        "call_id": "call_2",
        "name": "shell",
        "input": text,
    }


def response(*output: Item, **more: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_780_000_000,
        "status": "completed",
        "model": "gpt-6-luna",
        "output": list(output),
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": USAGE,
        **more,
    }


def in_one(text: str) -> list[str]:
    return [text]


def stream(answer: dict[str, Any], cut: Cut = in_one) -> list[dict[str, Any]]:
    """Its events, numbered."""
    events = [*_begin(answer)]
    for index, item in enumerate(answer["output"]):
        events += [{"output_index": index, **event} for event in _item(item, cut)]
    events.append({"type": f"response.{answer['status']}", "response": answer})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _begin(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    empty = {**answer, "output": [], "status": "in_progress", "usage": None, "error": None}
    empty["incomplete_details"] = None
    yield {"type": "response.created", "response": empty}
    yield {"type": "response.in_progress", "response": empty}


def _item(item: Item, cut: Cut) -> Iterator[dict[str, Any]]:
    empty: Item = {"message": {"content": []}, "reasoning": {"summary": []}}.get(item["type"], {})
    texts = {name: "" for name in ("arguments", "input") if name in item}
    status = {"status": "in_progress"} if "status" in item else {}
    yield {"type": "response.output_item.added", "item": {**item, **empty, **texts, **status}}
    place = {"item_id": item["id"]}
    for index, part in enumerate(item.get("content", [])):
        yield from _part(part, {**place, "content_index": index}, cut)
    for index, part in enumerate(item.get("summary", [])):
        at = {**place, "summary_index": index}
        name = "response.reasoning_summary"
        yield {"type": f"{name}_part.added", **at, "part": {**part, "text": ""}}
        yield from _said(f"{name}_text", "text", part["text"], at, cut)
        yield {"type": f"{name}_part.done", **at, "part": part}
    for kind, name in (
        ("function_call_arguments", "arguments"),
        ("custom_tool_call_input", "input"),
    ):
        if name in item:
            yield from _said(f"response.{kind}", name, item[name], place, cut)
    yield {"type": "response.output_item.done", "item": item}


def _part(part: Item, at: dict[str, Any], cut: Cut) -> Iterator[dict[str, Any]]:
    member = "text" if part["type"] == "output_text" else "refusal"
    logprobs: dict[str, Any] = {"logprobs": []} if member == "text" else {}
    yield {"type": "response.content_part.added", **at, "part": {**part, member: "", **logprobs}}
    # Tokens have no bytes here.
    tokens = [
        {name: value for name, value in each.items() if name != "bytes"}
        for each in part.get("logprobs", ())
    ]
    more = {"logprobs": tokens} if member == "text" else {}
    yield from _said(f"response.{part['type']}", member, part[member], {**at, **more}, cut)
    yield {"type": "response.content_part.done", **at, "part": part}


def _said(
    kind: str, member: str, text: str, at: dict[str, Any], cut: Cut
) -> Iterator[dict[str, Any]]:
    for piece in cut(text):
        yield {"type": f"{kind}.delta", **at, "delta": piece}
    yield {"type": f"{kind}.done", **at, member: text}


def check(events: list[Any]) -> None:
    """Raises AssertionError where an event is not OpenAI's, or out of order."""
    numbers = [event["sequence_number"] for event in events]
    assert numbers == sorted(numbers)
    for event in events:
        assert RESPONSE_EVENTS[event["type"]].faults(event) == [], event


def check_whole(answer: Any) -> None:
    """Raises AssertionError where it is not OpenAI's."""
    assert RESPONSE.faults(answer) == [], answer


def sse(events: list[Any], *, indent: int | None = None) -> bytes:
    """The events as a provider sends them."""
    lines = (f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in events)
    return "".join(lines).encode()
