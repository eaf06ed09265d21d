"""`llm-cp usage`: what is asked for, and the table with its totals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from tests.unit.cli.scripted import Scripted

pytestmark = pytest.mark.dates

PATH = "/admin/v1/usage"
SUMS: dict[str, Any] = {
    "requests": 1_200,
    "refused": 3,
    "failed": 0,
    "tokens_input": 1_000_000,
    "tokens_output": 20,
    "tokens_cached": 0,
    "tokens_reasoning": 0,
    "cost_usd": "12.500000",
    "average_latency_ms": 900,
}


def answering(*rows: dict[str, Any]) -> Scripted:
    totals = {**SUMS, "requests": 2_400}
    body = {"data": list(rows), "totals": totals, "from": "2026-11-01", "to": "2026-11-30"}
    return Scripted({f"GET {PATH}": httpx.Response(200, json=body)})


@pytest.mark.usefixtures("whole_day")
def test_this_month_by_model() -> None:
    gateway = answering()
    assert gateway.run("usage") == 0
    today = datetime.now(UTC).date()
    assert dict(gateway.asked[0].url.params) == {
        "from": today.replace(day=1).isoformat(),
        "to": today.isoformat(),
        "group_by": "model",
    }


def test_what_is_asked_for() -> None:
    gateway = answering()
    argv = ("--to", "2026-02-10", "--group-by", "day, user", "--app", "a", "--model", "m")
    assert gateway.run("usage", *argv, "--provider", "p", "--top", "20") == 0
    assert dict(gateway.asked[0].url.params) == {
        "from": "2026-02-01",
        "to": "2026-02-10",
        "group_by": "day,user",
        "application_id": "a",
        "model": "m",
        "provider": "p",
        "top": "20",
    }


def test_numbers_stand_to_the_right_above_their_totals(capsys: pytest.CaptureFixture[str]) -> None:
    rows = ({"model": "gpt-4o", "day": "2026-11-02", **SUMS}, {"model": None, "day": None, **SUMS})
    assert answering(*rows).run("usage", "--group-by", "model,day") == 0
    out, err = capsys.readouterr()
    columns = "REFUSED  FAILED  TOKENS IN  TOKENS OUT   COST USD  AVERAGE MS"
    sums = "      3       0  1,000,000          20  12.500000         900"
    assert out.splitlines() == [
        f"MODEL   DAY         REQUESTS  {columns}",
        f"gpt-4o  2026-11-02     1,200  {sums}",
        f"-       -              1,200  {sums}",
        f"total                  2,400  {sums}",
    ]
    assert err == "2026-11-01 to 2026-11-30 (UTC)\n"


def test_nothing_is_said_to_be_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert answering().run("usage") == 0
    assert capsys.readouterr() == ("", "No requests from 2026-11-01 to 2026-11-30 (UTC).\n")


@pytest.mark.parametrize("names", ["", "modle", "model,model", "model,"])
def test_a_group_that_there_is_not(names: str, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = answering()
    assert gateway.run("usage", "--group-by", names) == 2
    assert not gateway.asked
    assert "--group-by must be" in capsys.readouterr().err
