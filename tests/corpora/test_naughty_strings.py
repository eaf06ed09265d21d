"""The big list of naughty strings: https://github.com/minimaxir/big-list-of-naughty-strings"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controlplane.screening.scan import scan
from tests.unit.protocols.chat_completions.test_request import parse


@pytest.fixture(scope="module")
def strings(corpora: Path) -> list[str]:
    found: list[str] = json.loads((corpora / "naughty_strings" / "blns.json").read_text("utf-8"))
    assert len(found) > 500
    return found


def test_every_string_passes_unchanged(strings: list[str]) -> None:
    for text in strings:
        request = parse(messages=[{"role": "user", "content": text}], user=text or "u")
        assert request.body["messages"][0]["content"] == text
        assert request.end_user == (text or "u")


def test_every_string_can_be_scanned(strings: list[str]) -> None:
    for text in strings:
        scan({"messages": [{"role": "user", "content": text}], text: text})
    assert scan({"all": strings}) == []
