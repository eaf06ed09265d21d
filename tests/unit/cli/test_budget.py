"""`llm-cp budget`: what is asked and printed."""

from __future__ import annotations

import time
from collections.abc import Mapping

import httpx
import orjson
import pytest
from tests.unit.cli.scripted import Scripted, refusal

PATH = "GET /admin/v1/budgets"
ROW = {
    "name": "cost:app-a:month",
    "subject_name": "Support",
    "used_percent": 83,
    "spent": "83.000000",
    "held": "0.000000",
    "left": "17.000000",
    "limit": "100.000000",
    "resets_at": "2026-12-01T00:00:00+00:00",
    "projected": "120.000000",
    "runs_out_at": "2026-11-25T09:30:00+00:00",
    "state": "open",
}
LOST = {"name": "cost:app-b:day", "used_percent": None, "limit": "5.000000", "state": "lost"}


def answer(*rows: Mapping[str, object], total: int | None = None) -> httpx.Response:
    return httpx.Response(200, json={"data": rows, "total": len(rows) if total is None else total})


def test_budgets_are_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({PATH: answer(ROW, LOST, total=9)})
    assert gateway.run("budget", "--app", "app-a", "--measure", "cost", "--limit", "2") == 0
    printed = capsys.readouterr()
    head, first, second = (line.split() for line in printed.out.splitlines())
    assert head[:4] == ["BUDGET", "NAME", "USED", "SPENT"]
    assert first[:5] == ["cost:app-a:month", "Support", "83", "%", "83.000000"]
    assert first[-3:] == ["120.000000", "2026-11-25", "09:30"]
    assert second == ["cost:app-b:day", "lost", "5.000000"]
    assert "first 2 of 9" in printed.err
    query = dict(gateway.asked[0].url.params)
    assert query == {"application_id": "app-a", "measure": "cost", "limit": "2"}


def test_json_is_the_answer_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert Scripted({PATH: answer(ROW)}).run("budget", "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == {"data": [ROW], "total": 1}


def test_no_budget_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert Scripted({PATH: answer()}).run("budget") == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "No policy in force" in printed.err


def test_watching_shows_them_again_until_interrupted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    gateway = Scripted({PATH: [answer(ROW), answer(LOST), KeyboardInterrupt()]})  # type: ignore[list-item]
    assert gateway.run("budget", "--watch", "5") == 0
    assert waited == [5.0, 5.0]
    out = capsys.readouterr().out
    assert "cost:app-a:month" in out
    assert "cost:app-b:day" in out


def test_a_refusal_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({PATH: refusal(403, "The role 'service' may not do this.")})
    assert gateway.run("budget") == 2
    assert "may not do this" in capsys.readouterr().err
