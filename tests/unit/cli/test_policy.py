"""`llm-cp policy`: what is sent, printed and found."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.scripted import TAG, Scripted, one, page, refusal

from controlplane.cli.policy.subcommands import LEVELS
from controlplane.domain.policy import Level

PATH = "/admin/v1/policies/application/app-a"
RATES = {"rate_limits": [{"requests": 5, "window_seconds": 60}]}


def stored(version: int, document: dict[str, Any] | None = RATES) -> dict[str, Any]:
    return {
        "id": "application/app-a",
        "version": version,
        "document": document,
        "changed_by": "user:ana",
        "created_at": "2026-11-23T12:00:00+00:00",
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(RATES))
    return path


def test_the_levels_are_the_gateway_s() -> None:
    assert list(LEVELS) == [level.value for level in Level]


@pytest.mark.parametrize(
    "subject", ["app-a", "team/app-a", "application", "application/", "user/.."]
)
def test_a_subject_that_is_none_is_not_asked(
    subject: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Scripted({})
    assert gateway.run("policy", "get", subject) == 2
    assert not gateway.asked
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_is_got_can_be_put(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Scripted({f"GET {PATH}": one(stored(3))}).run("policy", "get", "application/app-a") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == RATES
    assert "version 3, 2026-11-23 12:00 UTC, by user:ana" in err
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
    gateway = Scripted({f"GET {PATH}": one(stored(3)), f"PUT {PATH}": one(stored(3))})
    assert gateway.run("policy", "put", "application/app-a", "-") == 0
    assert gateway.written[0].content == out.encode()
    assert gateway.written[0].headers["if-match"] == TAG
    assert "nothing to change, version 3" in capsys.readouterr().err


def test_a_first_policy_replaces_none(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {f"GET {PATH}": refusal(404, "None."), f"PUT {PATH}": one(stored(1), 201)}
    gateway = Scripted(answers)
    assert gateway.run("policy", "put", "application/app-a", str(file)) == 0
    assert gateway.written[0].headers["if-none-match"] == "*"
    assert "version 1 (new) holds now" in capsys.readouterr().err


def test_every_fault_of_a_document_is_a_line(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [{"field": "a", "message": "is\x1b[2J wrong"}, {"field": "b.0", "message": "missing"}]
    answers = {f"GET {PATH}": one(stored(1)), f"PUT {PATH}": refusal(400, "x", errors=faults)}
    assert Scripted(answers).run("policy", "put", "application/app-a", str(file)) == 2
    assert capsys.readouterr().err.splitlines() == [
        "llm-cp policy put: The gateway refused with 400, for 2 faults:",
        "  a: is\N{REPLACEMENT CHARACTER}[2J wrong",
        "  b.0: missing",
    ]


def test_a_file_is_checked_without_a_gateway(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Scripted({})
    assert gateway.run("policy", "validate", str(file), environ={}) == 0
    assert capsys.readouterr().out == ""
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"concurrency": -1, "cost_caps": [{"period": "day"}], "modls": {}}')
    assert gateway.run("policy", "validate", str(wrong), environ={}) == 1
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert rows == ["FIELD", "concurrency", "cost_caps.0.usd", "modls"]
    wrong.write_text("[]")
    assert gateway.run("policy", "validate", str(wrong), environ={}) == 2
    assert "The file must be a JSON object." in capsys.readouterr().err
    assert not gateway.asked


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (one(stored(3, dict(reversed({**RATES, "concurrency": 2}.items())))), 0),
        (one(stored(3, {**RATES, "concurrency": 3})), 1),
        (refusal(404, "None."), 1),
        (refusal(503, "Not now."), 2),
    ],
)
def test_a_difference_is_an_exit_code(
    answer: Any, code: int, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(json.dumps({**RATES, "concurrency": 2}))
    assert (
        Scripted({f"GET {PATH}": answer}).run("policy", "diff", "application/app-a", str(file))
        == code
    )
    out = capsys.readouterr().out
    assert bool(out) is (code == 1)
    assert "\x1b" not in out


def test_a_difference_is_a_unified_diff(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = one(stored(3, {**RATES, "concurrency": 3}))
    assert (
        Scripted({f"GET {PATH}": answer}).run("policy", "diff", "application/app-a", str(file)) == 1
    )
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "--- application/app-a (version 3)"
    assert out[1] == f"+++ {file}"
    assert [line for line in out[2:] if line[0] in "+-"] == ['-  "concurrency": 3,']


class Screen(io.StringIO):
    """Standard output of a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_has_colours(
    environ: dict[str, str], coloured: bool, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    settings = {"LLM_CP_URL": "http://gateway.test", "LLM_CP_ADMIN_TOKEN": "t", **environ}
    gateway = Scripted({f"GET {PATH}": one(stored(1, {}))})
    assert gateway.run("policy", "diff", "application/app-a", str(file), environ=settings) == 1
    assert ("\x1b[31m-{}\x1b[0m" in screen.getvalue()) is coloured
    assert ("\x1b" in screen.getvalue()) is coloured


def test_versions_and_the_way_back(capsys: pytest.CaptureFixture[str]) -> None:
    versions = page(stored(3), stored(2, None), stored(1, {}))
    listed = Scripted({f"GET {PATH}/versions": versions})
    assert listed.run("policy", "history", "application/app-a") == 0
    cells = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in cells] == [
        ("3", "rate_limits"),
        ("2", "(removed)"),
        ("1", "nothing"),
    ]
    for version, code in (("3", 0), ("2", 2), ("9", 2)):
        gateway = Scripted({f"GET {PATH}/versions": versions})
        assert gateway.run("policy", "get", "application/app-a", "--version", version) == code
    out, err = capsys.readouterr()
    assert json.loads(out) == RATES
    assert "removal" in err
    assert "no version 9" in err


@pytest.mark.parametrize(("is_there", "header"), [(True, TAG), (False, None)])
def test_a_rollback(is_there: bool, header: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    answers = {
        f"GET {PATH}": one(stored(4)) if is_there else refusal(404, "None."),
        f"POST {PATH}/rollback": one(stored(5)),
    }
    gateway = Scripted(answers)
    assert gateway.run("policy", "rollback", "application/app-a", "3") == 0
    assert gateway.body() == {"version": 3}
    assert gateway.written[0].headers.get("if-match") == header
    assert "version 5" in capsys.readouterr().err


def test_what_holds_for_a_caller(capsys: pytest.CaptureFixture[str]) -> None:
    body = {
        "policy": {"concurrency": []},
        "shadow": {"version": "application:3"},
        "documents": [
            {
                "level": "application",
                "subject_id": "app-a",
                "version": 3,
                "mode": "shadow",
                "state": "in_force",
            }
        ],
    }
    gateway = Scripted({"GET /admin/v1/policies/effective": one(body)})
    assert gateway.run("policy", "effective", "--app", "app-a", "--key", "key-1") == 0
    assert dict(gateway.asked[0].url.params) == {"application_id": "app-a", "key_id": "key-1"}
    out = capsys.readouterr().out
    assert "application/app-a        3  shadow  in force" in out
    assert "only tried out:" in out
