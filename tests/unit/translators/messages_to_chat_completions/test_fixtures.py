"""Translations against fixtures, and all of them against the types of both packages."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest
from tests.unit.translators.messages_to_chat_completions.cases import (
    cases,
    events_of,
    message_of,
    plain,
    read,
    translated,
)
from tests.wire_types.anthropic_types import BETA_MESSAGE_REQUEST, EVENT, MESSAGE
from tests.wire_types.openai_types import CHAT_REQUEST, CHUNKS, COMPLETIONS


@pytest.mark.parametrize("folder", cases("request.json"))
def test_a_request(folder: Path) -> None:
    translation = translated(folder)
    assert orjson.dumps(translation.request.body, option=orjson.OPT_INDENT_2) == (
        (folder / "chat.request.json").read_bytes().rstrip()
    )
    assert list(translation.left_out) == read(folder / "left_out.json")
    assert BETA_MESSAGE_REQUEST.faults(read(folder / "request.json")) == []
    assert CHAT_REQUEST.faults(plain(translation.request.body)) == []


@pytest.mark.parametrize("folder", cases("chat.answer.json"))
def test_a_whole_answer(folder: Path) -> None:
    message = translated(folder).whole(orjson.loads((folder / "chat.answer.json").read_bytes()))
    written = orjson.dumps(message, option=orjson.OPT_INDENT_2)
    assert written == (folder / "message.json").read_bytes().rstrip()
    assert MESSAGE.faults(json.loads(written)) == []


@pytest.mark.parametrize("folder", cases("chat.chunks.jsonl"))
def test_a_streamed_answer(folder: Path) -> None:
    events = events_of(translated(folder).stream(), read(folder / "chat.chunks.jsonl"))
    assert events == read(folder / "events.jsonl")
    assert [EVENT.faults(event) for event in events] == [[]] * len(events)
    assert MESSAGE.faults(message_of(events)) == []


@pytest.mark.parametrize("folder", cases("chat.answer.json"))
def test_the_answers_of_the_fixtures_are_openais(folder: Path) -> None:
    answer = read(folder / "chat.answer.json")
    # vLLM's own word for where it stopped.
    answer["choices"][0].pop("stop_reason", None)
    assert COMPLETIONS["openai"].faults(plain(answer)) == []


@pytest.mark.parametrize("folder", cases("chat.chunks.jsonl"))
def test_the_chunks_of_the_fixtures_are_openais(folder: Path) -> None:
    chunks = plain(read(folder / "chat.chunks.jsonl"))
    assert [CHUNKS["openai"].faults(each) for each in chunks] == [[]] * len(chunks)


def test_claude_codes_request_passes_and_what_is_lost_is_named() -> None:
    (folder,) = (each.values[0] for each in cases("request.json") if each.id == "claude_code")
    assert isinstance(folder, Path)
    translation = translated(folder)
    assert not translation.request.lenient
    assert set(translation.left_out) == {
        "context_management",
        "system.0.billing",
        "messages.2.content.0.thinking",
        "tools.19.defer_loading",
    }
    assert len(translation.request.body["tools"]) == len(read(folder / "request.json")["tools"])
