"""What the canned providers stream: CHUNKS pieces of text, in OpenAI's and in Anthropic's words."""

from __future__ import annotations

import json
from typing import Any

CHUNKS = 200
GAP_SECONDS = 0.002
WORD = " and so"


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

OPENAI = (
    _chunk({"role": "assistant", "content": "", "refusal": None}),
    *[_chunk({"content": WORD})] * CHUNKS,
    _chunk({}, "stop"),
    _data({**_FRAME, "choices": [], "usage": _USAGE}),
    b"data: [DONE]\n\n",
)
ANTHROPIC = (
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
