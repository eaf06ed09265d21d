"""`llm-cp notify`: what is sent and printed."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest
from tests.unit.cli.scripted import TAG, Scripted, one

PATH = "/admin/v1/notifications"
STORED = {"thresholds": [80], "refusals": True, "destinations": [], "topic": False}


def test_the_document_is_shown_and_written_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {"name": "a", "kind": "webhook", "host": "example.com", "secret": "whsec_x"}
    gateway = Scripted(
        {f"GET {PATH}": one(STORED), f"PUT {PATH}": one({**STORED, "destinations": [made]})}
    )
    assert gateway.run("notify", "get") == 0
    assert orjson.loads(capsys.readouterr().out) == STORED
    file = tmp_path / "notify.json"
    file.write_text('{"thresholds": [50]}')
    assert gateway.run("notify", "put", str(file)) == 0
    assert gateway.body() == {"thresholds": [50]}
    assert gateway.written[0].headers["if-match"] == TAG
    printed = capsys.readouterr()
    assert "whsec_x" in printed.out
    assert "this once" in printed.err


@pytest.mark.parametrize(("delivered", "code"), [(True, 0), (False, 1)])
def test_a_message_that_does_not_arrive_is_a_finding(
    delivered: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"destination": "on-call", "delivered": delivered, "reason": None if delivered else "no"}
    topic = {"destination": None, "delivered": True, "reason": None}
    answer = httpx.Response(200, json={"data": [row, topic]})
    gateway = Scripted({f"POST {PATH}/test": answer})
    assert gateway.run("notify", "test") == code
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1][:2] == ["on-call", "yes" if delivered else "no"]
    assert lines[2][:2] == ["topic", "yes"]


def test_no_destination_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({f"POST {PATH}/test": httpx.Response(200, json={"data": []})})
    assert gateway.run("notify", "test") == 0
    assert "no destination" in capsys.readouterr().err
