"""The folders of `tests/fixtures/translations/messages_to_chat_completions`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from controlplane.protocols.messages.request import MessagesRequest
from controlplane.translators.messages_to_chat_completions.stream import MessageTranslation
from controlplane.translators.messages_to_chat_completions.translate import (
    MessagesAsChat,
    translate,
)

FOLDER = Path(__file__).parents[3] / "fixtures/translations/messages_to_chat_completions"
MARKS = ("cache_control", "reasoning_content", "reasoning", "reasoning_details")


def cases(name: str) -> list[Any]:
    """The cases with a file of that name, as parameters of a test."""
    folders = sorted(path.parent for path in FOLDER.glob(f"*/{name}"))
    assert folders
    return [pytest.param(folder, id=folder.name) for folder in folders]


def read(path: Path) -> Any:
    """The JSON of a file, or of each line of one."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    return json.loads(path.read_text())


def translated(folder: Path) -> MessagesAsChat:
    """The request of a case, as it comes from a client."""
    raw = (folder / "request.json").read_bytes()
    target = read(folder / "target.json")
    request = MessagesRequest(orjson.loads(raw), len(raw), raw=raw)
    return translate(request, target["provider"], target["model"])


def asked(body: Mapping[str, Any], *, provider: str = "openai", model: str = "m") -> MessagesAsChat:
    """A body, translated; what it must have is added."""
    whole = {"model": "m", "max_tokens": 100, "messages": [user("Hello")], **body}
    return translate(MessagesRequest(whole), provider, model)


def plain(value: Any) -> Any:
    """JSON as it is written, without what a compatible server takes beyond OpenAI's schema."""
    return _without(json.loads(orjson.dumps(value)))


def events_of(stream: MessageTranslation, chunks: Iterable[Any]) -> list[Any]:
    """All events of a stream, as they are written."""
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return [json.loads(orjson.dumps(event)) for event in [*events, *stream.end()]]


def message_of(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The Message that a client puts together of a stream."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = {**event["message"], "content": []}
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                assert event["index"] == len(message["content"]) - 1
                delta = event["delta"]
                if delta["type"] == "input_json_delta":
                    so_far = inputs.get(event["index"], "")
                    inputs[event["index"]] = so_far + delta["partial_json"]
                    continue
                name = delta["type"].removesuffix("_delta")
                message["content"][-1][name] += delta[name]
            case "message_delta":
                message |= event["delta"]
                message["usage"] = {**message["usage"], **event["usage"]}
    for index, text in inputs.items():
        message["content"][index]["input"] = json.loads(text)
    return message


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(*content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": list(content)}


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def completion(message: Mapping[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    """A completion with that message."""
    answer = {"role": "assistant", "content": None, "refusal": None, **message}
    choice = {"index": 0, "message": answer, "finish_reason": finish, "logprobs": None}
    frame = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "there"}
    return {**frame, "choices": [choice], **more}


def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    """A chunk with that delta."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "there"}
    return {**frame, "choices": [choice], **more}


def _without(value: Any) -> Any:
    if isinstance(value, list):
        return [_without(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _without(item) for name, item in value.items() if name not in MARKS}
