"""`llm-cp key`: what is sent, and that a key is printed once."""

from __future__ import annotations

import orjson
import pytest
from tests.unit.cli.scripted import TAG, Answer, Scripted, one, page

A = "/admin/v1"
KEY = {
    "id": "key-1",
    "application_id": "app-a",
    "name": "Production",
    "role": "service",
    "prefix": "sk-cp-4fT9aQ",
    "state": "active",
    "created_at": "2026-11-23T12:00:00+00:00",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": None,
    "replaces": None,
    "lineage": "key-1",
}
ISSUED = {"key": "sk-cp-4fT9aQsecret", **KEY}


def test_a_key_is_printed_once_and_alone(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({f"POST {A}/api-keys": one(ISSUED, 201)})
    expiry = "2030-01-31T12:00:00Z"
    argv = ("key", "create", "Production", "--app", "app-a", "--expires-at", expiry)
    assert gateway.run(*argv) == 0
    assert gateway.body() == {
        "name": "Production",
        "application_id": "app-a",
        "role": "service",
        "expires_at": expiry,
    }
    out, err = capsys.readouterr()
    assert out == "sk-cp-4fT9aQsecret\n"
    assert "Store the key now: it is not shown again." in err
    assert "secret" not in err


def test_a_key_of_an_administrator_needs_no_application(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gateway = Scripted({f"POST {A}/api-keys": one({**ISSUED, "application_id": None}, 201)})
    assert gateway.run("key", "create", "Operators", "--role", "admin", "--json") == 0
    assert gateway.body() == {"name": "Operators", "role": "admin"}
    out, err = capsys.readouterr()
    assert orjson.loads(out)["key"] == ISSUED["key"]
    assert err == ""


def test_keys_are_listed_without_empty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({f"GET {A}/api-keys": page(KEY)})
    argv = ("--app", "app-a", "--state", "active", "--prefix", "sk-cp-4")
    assert gateway.run("key", "list", *argv) == 0
    assert dict(gateway.asked[0].url.params) == {
        "application_id": "app-a",
        "state": "active",
        "prefix": "sk-cp-4",
        "limit": "200",
    }
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["ID", "KEY", "NAME", "APPLICATION", "ROLE", "STATE"],
        ["key-1", "sk-cp-4fT9aQ…", "Production", "app-a", "service", "active"],
    ]


@pytest.mark.parametrize(("argv", "body"), [((), {}), (("--overlap", "0"), {"overlap_seconds": 0})])
def test_a_key_is_rotated(
    argv: tuple[str, ...], body: dict[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    ending = {**KEY, "expires_at": "2026-11-24T12:00:00+00:00"}
    answers: dict[str, Answer | list[Answer]] = {
        f"GET {A}/api-keys/key-1": [one(KEY), one(ending)],
        f"POST {A}/api-keys/key-1/rotate": one({**ISSUED, "id": "key-2"}, 201),
    }
    gateway = Scripted(answers)
    assert gateway.run("key", "rotate", "key-1", *argv) == 0
    assert gateway.body() == body
    assert gateway.written[0].headers["if-match"] == TAG
    out, err = capsys.readouterr()
    assert out == "sk-cp-4fT9aQsecret\n"
    assert "key-1 works until 2026-11-24 12:00 UTC" in err
