"""What ends something asks before, on a terminal."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest
from tests.unit.cli.scripted import GONE, TAG, Scripted, one

A = "/admin/v1"


class Person(io.StringIO):
    """Standard input of somebody who sits at a terminal."""

    def isatty(self) -> bool:
        return True


DESTRUCTIVE = [
    (("app", "delete", "app-a"), f"{A}/applications/app-a", {"name": "Support"}),
    (("key", "revoke", "key-1"), f"{A}/api-keys/key-1", {"name": "Production"}),
    (("route", "delete", "meta/llama"), f"{A}/routes/meta/llama", {"alias": "meta/llama"}),
    (("price", "delete", "openai/gpt-4o"), f"{A}/prices/openai/gpt-4o", {"source": "own"}),
    (("policy", "delete", "user/a@b"), f"{A}/policies/user/a@b", {"version": 3}),
]


@pytest.mark.parametrize(("argv", "path", "stored"), DESTRUCTIVE)
@pytest.mark.parametrize(
    ("typed", "options", "code"),
    [
        ("y\n", (), 0),
        ("YES\n", (), 0),
        ("\n", (), 2),
        ("no\n", (), 2),
        ("", (), 2),
        ("", ("-y",), 0),
    ],
)
def test_what_ends_something_asks_on_a_terminal(
    argv: tuple[str, ...],
    path: str,
    stored: dict[str, Any],
    typed: str,
    options: tuple[str, ...],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", Person(typed))
    gateway = Scripted({f"GET {path}": one(stored), f"DELETE {path}": GONE})
    assert gateway.run(*argv, *options) == code
    deleted = [request.headers["if-match"] for request in gateway.written]
    assert deleted == ([TAG] if code == 0 else [])
    out, err = capsys.readouterr()
    assert out == ""
    assert ("[y/N]" in err) is not bool(options)
    assert ("Nothing was done." in err) is (code == 2)


@pytest.mark.parametrize(("argv", "path", "stored"), DESTRUCTIVE)
def test_a_script_is_not_asked(
    argv: tuple[str, ...],
    path: str,
    stored: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    gateway = Scripted({f"GET {path}": one(stored), f"DELETE {path}": GONE})
    assert gateway.run(*argv, "--force") == 0
    assert "if-match" not in gateway.written[0].headers
    assert "[y/N]" not in capsys.readouterr().err
