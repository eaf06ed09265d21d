"""Answers of any shape, and the streams that OpenAI would make of them, cut anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import orjson
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

FRAME = {"id": "chatcmpl-1", "created": 1790000000, "model": "m"}
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
ARGUMENTS = st.one_of(
    TEXT,
    TEXT.map(lambda text: orjson.dumps({"input": text}).decode()),
    st.sampled_from(["{}", '{"input": 7}', '{"commands": ["ls"]}', '{"input":"a\\u00e9\\ud83d']),
)


def pieces(draw: Draw, text: str) -> list[str]:
    """`text`, cut at some places."""
    if not text:
        return []
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=4)))
    ends = [0, *(cut for cut in cuts if cut < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


@st.composite
def completions(draw: Draw, names: list[str]) -> dict[str, Any]:
    """A chat completion whose calls have these names."""
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(names), ARGUMENTS), max_size=3))
        )
    ]
    message: dict[str, Any] = {"role": "assistant", "content": draw(st.none() | TEXT)}
    message["refusal"] = draw(st.none() | TEXT)
    if draw(st.booleans()):
        message["reasoning_content"] = draw(TEXT)
    if draw(st.booleans()):
        detail = {"type": "reasoning.text", "text": "t", "signature": "s", "index": 0}
        message["reasoning_details"] = [detail]
    if calls:
        message["tool_calls"] = calls
    reason = draw(st.sampled_from(["stop", "length", "tool_calls", "content_filter"]))
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    return {**FRAME, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def chunks_of(draw: Draw, completion: dict[str, Any]) -> list[dict[str, Any]]:
    """The chunks of a completion: its calls may speak in turns, once all have begun."""
    (choice,) = completion["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": p} for p in pieces(draw, message.get("reasoning_content", ""))]
    deltas += [{"reasoning_details": [each]} for each in message.get("reasoning_details", [])]
    for name in ("content", "refusal"):
        deltas += [{name: piece} for piece in pieces(draw, message[name] or "")]
    begun: list[dict[str, Any]] = []
    argued: list[tuple[int, int, dict[str, Any]]] = []
    for index, call in enumerate(message.get("tool_calls", [])):
        function = {"name": call["function"]["name"], "arguments": ""}
        begun.append({"index": index, **call, "function": function})
        argued += [
            (index, number, {"index": index, "function": {"arguments": piece}})
            for number, piece in enumerate(pieces(draw, call["function"]["arguments"]))
        ]
    if draw(st.booleans()):
        argued.sort(key=lambda each: each[1])
    deltas += [{"tool_calls": [each]} for each in begun]
    deltas += [{"tool_calls": [each]} for _, _, each in argued]
    frame = {**FRAME, "object": "chat.completion.chunk"}
    chunks: list[dict[str, Any]] = [
        {**frame, "choices": [{"index": 0, "delta": d, "finish_reason": None}]} for d in deltas
    ]
    last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return [*chunks, {**frame, "choices": [last]}, {**frame, "choices": [], "usage": USAGE}]


def response(output: list[Any], status: str = "completed") -> dict[str, Any]:
    """A Response with that output."""
    ended = status != "in_progress"
    usage = {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 5,
    }
    reason = {"reason": "max_output_tokens"} if status == "incomplete" else None
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1790000000,
        "model": "m",
        "status": status,
        "output": output,
        "incomplete_details": reason,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "store": False,
        "usage": usage if ended else None,
    }


CITED = {"type": "url_citation", "start_index": 0, "end_index": 1, "url": "u", "title": "t"}
TOKEN = {"token": "a", "bytes": [97], "logprob": -0.5, "top_logprobs": []}
PART = st.one_of(
    st.builds(
        lambda text, cited, tokens: {
            "type": "output_text",
            "text": text,
            "annotations": [CITED] * cited,
            "logprobs": [TOKEN] * tokens,
        },
        TEXT,
        st.integers(0, 2),
        st.integers(0, 1),
    ),
    st.builds(lambda text: {"type": "refusal", "refusal": text}, TEXT),
)


@st.composite
def responses(draw: Draw) -> dict[str, Any]:
    """A Response of items in any order."""
    output: list[dict[str, Any]] = []
    kinds = st.sampled_from(["reasoning", "message", "function_call", "custom_tool_call", "other"])
    for index, kind in enumerate(draw(st.lists(kinds, max_size=5))):
        item: dict[str, Any] = {"id": f"{kind}_{index}", "type": kind}
        if kind == "reasoning":
            texts = draw(st.lists(TEXT, max_size=2))
            item["summary"] = [{"type": "summary_text", "text": text} for text in texts]
            item["encrypted_content"] = draw(st.none() | st.just(f"sealed{index}"))
        elif kind == "message":
            content = draw(st.lists(PART, max_size=2))
            item |= {"role": "assistant", "status": "completed", "content": content}
        elif kind == "function_call":
            item |= {"call_id": f"c{index}", "name": "f", "arguments": draw(TEXT)}
        elif kind == "custom_tool_call":
            item |= {"call_id": f"c{index}", "name": "t", "input": draw(TEXT)}
        else:
            item["type"] = "web_search_call"
        output.append(item)
    return response(output, draw(st.sampled_from(["completed", "incomplete"])))


def events_of(draw: Draw, answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The events of a Response; some servers tell a text only once it is whole."""
    begun = {**answer, "output": [], "status": "in_progress", "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.something_new", "output_index": 0}
    for index, item in enumerate(answer["output"]):
        at = {"item_id": item["id"], "output_index": index}
        empty = {"summary": [], "content": [], "arguments": "", "input": ""}
        added = {name: empty.get(name, value) for name, value in item.items()}
        yield {"type": "response.output_item.added", "output_index": index, "item": added}
        for number, part in enumerate(item.get("summary", [])):
            where = {**at, "summary_index": number}
            kind = "response.reasoning_summary_text"
            yield from _told(draw, kind, where, part["text"], {"text": part["text"]})
        for number, part in enumerate(item.get("content", [])):
            yield from _part(draw, {**at, "content_index": number}, part)
        for name, kind in (
            ("arguments", "function_call_arguments"),
            ("input", "custom_tool_call_input"),
        ):
            if name in item:
                yield from _told(draw, f"response.{kind}", at, item[name], {name: item[name]})
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{answer['status']}", "response": answer}


def _part(draw: Draw, where: dict[str, Any], part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = part["type"]
    text = part["refusal" if kind == "refusal" else "text"]
    whole = {"refusal": text} if kind == "refusal" else {"text": text, "logprobs": []}
    yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
    tokens = part.get("logprobs")
    if tokens:
        # All at once: which token is in which piece is the server's to say.
        kind_ = f"response.{kind}.delta"
        yield {"type": kind_, **where, "delta": text, "logprobs": tokens}
    else:
        yield from _told(draw, f"response.{kind}", where, text, whole)
    for number, each in enumerate(part.get("annotations", [])):
        added = {"annotation_index": number, "annotation": each}
        yield {"type": "response.output_text.annotation.added", **where, **added}
    yield {"type": "response.content_part.done", **where, "part": part}


def _told(
    draw: Draw, kind: str, where: dict[str, Any], text: str, whole: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    if draw(st.booleans()):
        for piece in pieces(draw, text):
            yield {"type": f"{kind}.delta", **where, "delta": piece}
    yield {"type": f"{kind}.done", **where, **whole}
