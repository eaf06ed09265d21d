"""There and back: texts, calls, ids and formats are what they were."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.translators.pairs import FIXTURES, TO_CHAT, TO_RESPONSES, Pair, read, streamed

CHAT = [
    {"role": "system", "content": "Be short."},
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    {
        "role": "assistant",
        "content": "Looking.",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "one"},
    {"role": "tool", "tool_call_id": "c2", "content": "two"},
    {"role": "assistant", "content": "Done."},
    {
        "role": "user",
        "content": [
            {"type": "image_url", "image_url": {"url": "https://a.test/a.png", "detail": "low"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:,"}},
        ],
    },
]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True, "description": "d"},
}
FUNCTION = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True},
}
ALLOWED = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}
ASKED: dict[str, Any] = {
    "model": "m",
    "messages": CHAT,
    "tools": [FUNCTION],
    "tool_choice": {"type": "allowed_tools", "allowed_tools": ALLOWED},
    "parallel_tool_calls": False,
    "response_format": FORMAT,
    "reasoning_effort": "high",
    "verbosity": "low",
    "logprobs": True,
    "top_logprobs": 2,
    "max_completion_tokens": 50,
    "temperature": 0.5,
    "top_p": 0.9,
    "stream": True,
    "user": "u",
    "safety_identifier": "s",
    "metadata": {"a": "b"},
    "service_tier": "flex",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "implicit"},
}


def there(pair: Pair, body: Any) -> Any:
    translation = pair.translate(body)
    assert translation.left_out == ()
    return translation.request.body


def test_a_chat_request_comes_back_as_it_was() -> None:
    assert there(TO_CHAT, there(TO_RESPONSES, ASKED)) == ASKED


@pytest.mark.parametrize("case", ["text", "parallel_tools", "custom_tools", "images_and_files"])
def test_items_come_back_as_they_were(case: str) -> None:
    """A Response that was told to a chat client, and is told to one of Responses again."""
    answer = read(FIXTURES / TO_RESPONSES.name / case / "answer.json")
    completion = TO_RESPONSES.translate({"model": "m", "messages": CHAT}).whole(answer)
    custom = {"type": "custom", "name": "math"}
    again = TO_CHAT.translate({"model": "m", "input": "x", "tools": [custom]})
    names = ("call_id", "name", "arguments", "input")
    back = again.whole(as_functions(completion))
    assert said(back["output"], names) == said(answer["output"], names)
    assert back["usage"] == answer["usage"]
    assert back["id"] == answer["id"]


def as_functions(completion: Any) -> Any:
    """Calls of custom tools as a target has them that knows functions only."""
    (choice,) = completion["choices"]
    calls = [
        {**call, "function": {"name": call["custom"]["name"], "arguments": call["custom"]["input"]}}
        if "custom" in call
        else call
        for call in choice["message"].get("tool_calls", [])
    ]
    message = {**choice["message"], "tool_calls": calls}
    return {**completion, "choices": [{**choice, "message": message}]}


def said(output: Any, names: tuple[str, ...]) -> Any:
    """The texts and calls of an output, without ids of items, in the order of their kinds."""
    texts = [part.get("text") for item in output for part in item.get("content", [])]
    calls = [{n: item[n] for n in names if n in item} for item in output if "call_id" in item]
    return texts, calls


def test_a_streamed_completion_comes_back_as_it_was() -> None:
    frame = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": '{"x":1}'}}
    chunks = [
        {**frame, "choices": [{"index": 0, "delta": d, "finish_reason": f, "logprobs": None}]}
        for d, f in [
            ({"role": "assistant", "content": "", "refusal": None}, None),
            ({"content": "Hi"}, None),
            ({"tool_calls": [call]}, None),
            ({"tool_calls": [more]}, None),
            ({}, "tool_calls"),
        ]
    ]
    details = {"cached_tokens": 1, "cache_write_tokens": 2}
    usage = {
        "prompt_tokens": 4,
        "completion_tokens": 2,
        "total_tokens": 6,
        "prompt_tokens_details": details,
        "completion_tokens_details": {"reasoning_tokens": 1},
    }
    chunks.append({**frame, "choices": [], "usage": usage})
    events = streamed(TO_CHAT.translate({"model": "m", "input": "x"}), chunks)
    back = streamed(TO_RESPONSES.translate({"model": "m", "messages": CHAT}), events)
    assert [without_tier(chunk) for chunk in back] == chunks


def without_tier(chunk: Any) -> Any:
    return {name: value for name, value in chunk.items() if name != "service_tier"}


def test_a_request_of_responses_comes_back_as_it_was() -> None:
    asked = {
        "model": "m",
        "input": [
            {"type": "message", "role": "user", "content": "a"},
            {"type": "message", "role": "assistant", "content": "b"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "x"},
                    {"type": "input_image", "image_url": "data:,", "detail": "high"},
                ],
            },
        ],
        "tools": [
            {
                "type": "function",
                "name": "f",
                "description": "d",
                "parameters": SCHEMA,
                "strict": False,
            }
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA, "strict": True}},
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "max_output_tokens": 99,
    }
    assert there(TO_RESPONSES, there(TO_CHAT, asked)) == asked
