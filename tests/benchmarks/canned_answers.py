"""What the canned providers say, whole and in CHUNKS pieces, in the words of each protocol."""

from __future__ import annotations

import json
from typing import Any

CHUNKS = 200
GAP_SECONDS = 0.002
WORD = " and so"
TEXT = "Hello! " * 40


def _data(value: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % json.dumps(value, separators=(",", ":")).encode()


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    return _data(
        {
            **_FRAME,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
            "usage": None,
        }
    )


def _event(value: dict[str, Any]) -> bytes:
    return b"event: %b\n%b" % (value["type"].encode(), _data(value))


_FRAME = {
    "id": "chatcmpl-canned",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "service_tier": "default",
    "system_fingerprint": "fp_canned",
}
_USAGE = {"prompt_tokens": 200, "completion_tokens": CHUNKS, "total_tokens": 200 + CHUNKS}
_MESSAGE: dict[str, Any] = {
    "id": "msg_canned",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {"input_tokens": 200, "output_tokens": 1},
}
_ITEM = {"item_id": "msg_canned", "output_index": 0, "content_index": 0}


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _item(status: str, *content: dict[str, Any]) -> dict[str, Any]:
    base = {"id": "msg_canned", "type": "message", "role": "assistant"}
    return {**base, "status": status, "content": list(content)}


def _response(status: str, output: list[dict[str, Any]]) -> dict[str, Any]:
    """As OpenAI sends it, with the whole of the request in it."""
    usage = {
        "input_tokens": 200,
        "output_tokens": CHUNKS,
        "total_tokens": 200 + CHUNKS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": "resp_canned",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "gpt-4o-mini-2024-07-18",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage if status == "completed" else None,
        "user": None,
        "metadata": {},
    }


def _numbered(*events: dict[str, Any]) -> tuple[bytes, ...]:
    return tuple(_event({**each, "sequence_number": at}) for at, each in enumerate(events))


CHAT = (
    _chunk({"role": "assistant", "content": "", "refusal": None}),
    *[_chunk({"content": WORD})] * CHUNKS,
    _chunk({}, "stop"),
    _data({**_FRAME, "choices": [], "usage": _USAGE}),
    b"data: [DONE]\n\n",
)
MESSAGES = (
    _event({"type": "message_start", "message": _MESSAGE}),
    _event(
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        }
    ),
    _event({"type": "ping"}),
    *[
        _event(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": WORD},
            }
        )
    ]
    * CHUNKS,
    _event({"type": "content_block_stop", "index": 0}),
    _event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": CHUNKS},
        }
    ),
    _event({"type": "message_stop"}),
)
_DONE = _part(WORD * CHUNKS)
RESPONSES = _numbered(
    {"type": "response.created", "response": _response("in_progress", [])},
    {"type": "response.in_progress", "response": _response("in_progress", [])},
    {"type": "response.output_item.added", "output_index": 0, "item": _item("in_progress")},
    {"type": "response.content_part.added", **_ITEM, "part": _part("")},
    *[{"type": "response.output_text.delta", **_ITEM, "delta": WORD, "logprobs": []}] * CHUNKS,
    {"type": "response.output_text.done", **_ITEM, "text": WORD * CHUNKS, "logprobs": []},
    {"type": "response.content_part.done", **_ITEM, "part": _DONE},
    {"type": "response.output_item.done", "output_index": 0, "item": _item("completed", _DONE)},
    {
        "type": "response.completed",
        "response": _response("completed", [_item("completed", _DONE)]),
    },
)

COMPLETION = {
    "id": "chatcmpl-canned",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": TEXT, "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 200, "completion_tokens": 80, "total_tokens": 280},
}
MESSAGE = {
    **_MESSAGE,
    "content": [{"type": "text", "text": TEXT}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 200, "output_tokens": 80},
}
RESPONSE = _response("completed", [_item("completed", _part(TEXT))])
