"""Translations against fixtures, which hold to the types of OpenAI's own package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.translators.pairs import (
    Pair,
    cases,
    event_faults,
    read,
    read_lines,
    request_faults,
    streamed,
    whole_faults,
)

ALL = [*cases("json"), *cases("jsonl")]


@pytest.mark.parametrize(("pair", "folder"), ALL)
def test_the_request(pair: Pair, folder: Path) -> None:
    asked = read(folder / "asked.json")
    sent = read(folder / "sent.json")
    translation = pair.translate(asked)
    assert translation.request.body == sent["body"]
    assert list(translation.left_out) == sent["left_out"]
    assert asked == read(folder / "asked.json")
    assert request_faults(pair.spoken, asked) == []
    assert request_faults(pair.target, sent["body"]) == []


@pytest.mark.parametrize(("pair", "folder"), cases("json"))
def test_a_whole_answer(pair: Pair, folder: Path) -> None:
    answer = read(folder / "answer.json")
    told = pair.translate(read(folder / "asked.json")).whole(answer)
    assert told == read(folder / "told.json")
    assert answer == read(folder / "answer.json")
    assert whole_faults(pair.target, answer) == []
    assert whole_faults(pair.spoken, dict(told)) == []


@pytest.mark.parametrize(("pair", "folder"), cases("jsonl"))
def test_a_streamed_answer(pair: Pair, folder: Path) -> None:
    events = read_lines(folder / "answer.jsonl")
    told = streamed(pair.translate(read(folder / "asked.json")), events)
    assert told == read_lines(folder / "told.jsonl")
    assert events == read_lines(folder / "answer.jsonl")
    assert faults(pair.target, events) == []
    assert faults(pair.spoken, told) == []


def faults(protocol: Any, events: list[Any]) -> list[str]:
    return [fault for event in events for fault in event_faults(protocol, event)]
