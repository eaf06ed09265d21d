"""Read, edit, write: `get` shows the ETag, and `--if-match` holds the write to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.scripted import TAG, Scripted, one, refusal

A = "/admin/v1"
POLICY = {"version": 3, "document": {"concurrency": 2}, "created_at": "2026-11-23T12:00:00+00:00"}
ROUTE = {"alias": "m", "strategy": "priority", "targets": []}
PRICE = {"provider": "openai", "model": "m", "input": "1", "output": "2", "source": "own"}
EARLIER = '"0a1b"'
AMOUNTS = ("--input", "1", "--output", "2")

RESOURCES: pytest.MarkDecorator = pytest.mark.parametrize(
    ("path", "body", "get", "put"),
    [
        (f"{A}/policies/user/ana", POLICY, ("policy", "get"), ("policy", "put", "user/ana")),
        (f"{A}/routes/m", ROUTE, ("route", "get"), ("route", "put", "m")),
        (f"{A}/prices/openai/m", PRICE, ("price", "get"), ("price", "set", "openai/m", *AMOUNTS)),
    ],
)


def written(put: tuple[str, ...], tmp_path: Path) -> tuple[str, ...]:
    """The command with the file that it wants, if it wants one."""
    if put[0] == "price":
        return put
    file = tmp_path / "document.json"
    file.write_text("{}")
    return (*put, str(file))


@RESOURCES
def test_a_look_shows_the_tag_beside_the_output(
    path: str,
    body: dict[str, Any],
    get: tuple[str, ...],
    put: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway = Scripted({f"GET {path}": one(body)})
    assert gateway.run(*get, put[2]) == 0
    out, err = capsys.readouterr()
    assert f"ETag {TAG}" in err.splitlines()
    assert "tag-1" not in out
    assert gateway.run(*get, put[2], "--json") == 0
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == (body, "")


@RESOURCES
@pytest.mark.parametrize("typed", [EARLIER, EARLIER.strip('"')])
def test_a_write_is_held_to_an_earlier_look(
    path: str,
    body: dict[str, Any],
    get: tuple[str, ...],
    put: tuple[str, ...],
    typed: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Not to the one right before it, which somebody else's change may stand between."""
    refused = refusal(412, "It has been changed meanwhile.")
    gateway = Scripted({f"GET {path}": one(body), f"PUT {path}": refused})
    assert gateway.run(*written(put, tmp_path), "--if-match", typed) == 2
    assert gateway.written[0].headers["if-match"] == EARLIER
    assert "changed meanwhile" in capsys.readouterr().err


@RESOURCES
def test_what_is_gone_since_is_not_made_anew(
    path: str, body: dict[str, Any], get: tuple[str, ...], put: tuple[str, ...], tmp_path: Path
) -> None:
    answers = {f"GET {path}": refusal(404, "None."), f"PUT {path}": refusal(412, "It is gone.")}
    gateway = Scripted(answers)
    assert gateway.run(*written(put, tmp_path), "--if-match", EARLIER) == 2
    assert gateway.written[0].headers["if-match"] == EARLIER
    assert "if-none-match" not in gateway.written[0].headers


@RESOURCES
def test_a_write_without_it_is_held_to_the_look_right_before(
    path: str, body: dict[str, Any], get: tuple[str, ...], put: tuple[str, ...], tmp_path: Path
) -> None:
    gateway = Scripted({f"GET {path}": one(body), f"PUT {path}": one(body)})
    assert gateway.run(*written(put, tmp_path)) == 0
    assert gateway.written[0].headers["if-match"] == TAG


@pytest.mark.parametrize("more", [("--if-match", '"a\n"'), ("--if-match", EARLIER, "--force")])
def test_what_cannot_be_meant_is_not_sent(
    more: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Scripted({f"GET {A}/routes/m": one(ROUTE)})
    try:
        code: int | str | None = gateway.run(*written(("route", "put", "m"), tmp_path), *more)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert not gateway.written
    assert "--if-match" in capsys.readouterr().err


def test_an_older_version_and_a_list_price_have_no_tag_to_write_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = f"{A}/policies/user/ana/versions"
    versions = one({"data": [POLICY], "next_cursor": None})
    listed = one({**PRICE, "source": "list"})
    gateway = Scripted({f"GET {path}": versions, f"GET {A}/prices/openai/m": listed})
    assert gateway.run("policy", "get", "user/ana", "--version", "3") == 0
    assert gateway.run("price", "get", "openai/m") == 0
    assert "ETag" not in capsys.readouterr().err
