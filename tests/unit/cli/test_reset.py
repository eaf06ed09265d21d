"""`llm-cp reset`: what is asked for, and that it asks first."""

from __future__ import annotations

import json

import pytest
from tests.unit.cli.scripted import Scripted, one

PATH = "/admin/v1/budgets/reset"
LIMIT = "cost:app-a:day:end_user"
SHOWN = {"limit": LIMIT, "reset_at": "2026-11-23T12:00:00+00:00"}


@pytest.mark.parametrize(
    ("argv", "body"),
    [
        ((), {}),
        (("--end-user", "alice"), {"end_user": "alice"}),
        (("--session", "s-1"), {"session_id": "s-1"}),
    ],
)
def test_a_limit_is_reset_as_a_whole_or_for_one(
    argv: tuple[str, ...], body: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Scripted({f"POST {PATH}": one(SHOWN)})
    assert gateway.run("reset", LIMIT, *argv, "--yes") == 0
    (request,) = gateway.asked
    assert json.loads(request.content) == {"limit": LIMIT, **body}
    assert "2026-11-23T12:00:00+00:00" in capsys.readouterr().out
