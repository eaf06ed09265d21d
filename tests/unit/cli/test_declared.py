"""`llm-cp plan` and `apply`: what is written, what it is held to, and how a refusal ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.scripted import GONE, TAG, Answer, Scripted, one, page, refusal
from tests.unit.cli.test_keys import ISSUED, KEY

A = "/admin/v1"
ROUTE = {
    "alias": "fast",
    "strategy": "priority",
    "targets": [{"provider": "openai", "model": "gpt-5.5", "weight": 1}],
    "timeouts": None,
    "fail_over_on": [],
    "unsupported": "refuse",
}
SAME = "routes: {fast: {targets: [{provider: openai, model: gpt-5.5}]}}"
OTHER = "routes: {fast: {targets: [{provider: openai, model: gpt-6-luna}]}}"
TWO = f"{OTHER}\npolicies: {{application/app-a: {{concurrency: 1}}}}"


def gateway(**more: Answer | list[Answer]) -> Scripted:
    """An organisation with an application, a key and a route."""
    application = {"id": "app-a", "name": "A", "created_at": "2026-11-23T12:00:00+00:00"}
    answers: dict[str, Answer | list[Answer]] = {
        "GET /v1/me": one({"organization_id": "org-1", "subject": "key:key-9"}),
        f"GET {A}/providers": page({"kind": "openai", "providers": ["openai"]}),
        f"GET {A}/applications": page(application),
        f"GET {A}/api-keys": page(KEY),
        f"GET {A}/routes": page(ROUTE),
        f"GET {A}/prices": page(),
        f"GET {A}/policies": page(),
        f"GET {A}/routes/fast": one(ROUTE),
        f"PUT {A}/routes/fast": one(ROUTE),
    }
    return Scripted(answers | more)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.mkdir()
    return made


def write(folder: Path, text: str) -> str:
    (folder / "all.yaml").write_text(text)
    return str(folder)


def test_the_same_is_nothing_to_change(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripted = gateway()
    assert scripted.run("apply", write(folder, SAME)) == 0
    assert capsys.readouterr().out == "Nothing to change.\n"
    assert scripted.written == []


@pytest.mark.parametrize(("argv", "code"), [((), 0), (("--exit-code",), 1)])
def test_a_plan_writes_nothing(
    folder: Path, argv: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted = gateway()
    assert scripted.run("plan", write(folder, OTHER), *argv) == code
    assert scripted.written == []
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "~ routes fast"
    assert "    -- model: gpt-5.5" in out
    assert "    +- model: gpt-6-luna" in out
    assert out.splitlines()[-1] == "0 to add, 1 to change, 0 to delete."


def test_a_change_is_held_to_what_was_shown(folder: Path) -> None:
    scripted = gateway()
    assert scripted.run("apply", write(folder, OTHER)) == 0
    (asked,) = scripted.written
    assert asked.headers["if-match"] == TAG
    assert scripted.body() == {"targets": [{"provider": "openai", "model": "gpt-6-luna"}]}


def test_what_is_new_is_held_to_that(folder: Path) -> None:
    place = f"{A}/policies/organization/org-1"
    scripted = gateway(**{f"PUT {place}": one({}, 201)})
    assert scripted.run("apply", write(folder, "policies: {organization: {concurrency: 1}}")) == 0
    (asked,) = scripted.written
    assert (asked.url.path, asked.headers["if-none-match"]) == (place, "*")


def test_a_change_that_was_made_meanwhile_is_not_overwritten(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = refusal(412, "It has been changed meanwhile, or is not there. Read it again.")
    scripted = gateway(**{f"PUT {A}/policies/application/app-a": lost})
    assert scripted.run("apply", write(folder, TWO)) == 2
    err = capsys.readouterr().err
    assert "1 of 2 changes are made; the next is refused:" in err
    assert "policies application/app-a: The gateway refused with 412" in err
    assert err.endswith("Read it again. Run the command again.\n")


def test_a_new_key_is_printed_once_and_its_policy_follows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: dict[str, Any] = {**ISSUED, "id": "key-2", "application_id": "app-a", "name": "CI"}
    place = f"{A}/policies/api-key/key-2"
    scripted = gateway(**{f"POST {A}/api-keys": one(made, 201), f"PUT {place}": one({}, 201)})
    text = "keys: {app-a/CI: {}}\npolicies: {api-key/app-a/CI: {concurrency: 1}}"
    assert scripted.run("apply", write(folder, text)) == 0
    assert [asked.url.path for asked in scripted.written] == [f"{A}/api-keys", place]
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == f"app-a/CI\t{ISSUED['key']}"
    assert str(ISSUED["key"]) not in err


def test_a_role_cannot_be_changed_and_an_expiry_can(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = f"{A}/api-keys/key-1"
    scripted = gateway(**{f"GET {place}": one(KEY), f"PATCH {place}": one(KEY)})
    assert scripted.run("apply", write(folder, "keys: {app-a/Production: {role: admin}}")) == 2
    assert "keys.app-a/Production.role: of a key that exists" in capsys.readouterr().err
    assert scripted.written == []
    text = "keys: {app-a/Production: {role: service, expires_at: 2040-01-31T12:00:00Z}}"
    assert scripted.run("apply", write(folder, text)) == 0
    assert scripted.body() == {"expires_at": "2040-01-31T12:00:00Z"}


def test_pruning_stays_within_the_sections_of_the_files(folder: Path) -> None:
    scripted = gateway(**{f"DELETE {A}/routes/fast": GONE})
    assert scripted.run("apply", write(folder, "prices: {}"), "--prune") == 0
    assert scripted.written == []
    assert scripted.run("apply", write(folder, "routes: {}\nkeys: {}"), "--prune") == 0
    (asked,) = scripted.written
    assert (asked.method, asked.url.path) == ("DELETE", f"{A}/routes/fast")
    assert asked.headers["if-match"] == TAG
