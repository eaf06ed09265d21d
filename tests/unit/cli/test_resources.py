"""Organisation, applications, routes, prices, changes: what is sent and printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.cli.scripted import TAG, Scripted, one, page, refusal

A = "/admin/v1"
ORG = {"id": "org-a", "name": "Acme", "created_at": "2026-11-23T12:00:00.5+00:00"}
APP = {"id": "app-a", "name": "Support", "created_at": "2026-11-23T12:00:00.5+00:00"}
ROUTE = {
    "alias": "meta/llama",
    "strategy": "weighted",
    "targets": [
        {"provider": "openai", "model": "m", "weight": 9},
        {"provider": "azure", "model": "n", "weight": 1},
    ],
}
PRICE = {
    "provider": "openai",
    "model": "gpt-4o",
    "input": "2.50",
    "output": "10.00",
    "cached": None,
    "cache_write": None,
    "source": "own",
}

LIMIT = {
    "name": "cost:app-a:day",
    "limit": "5.000000",
    "left": "1.250000",
    "resets_at": "2026-12-01T00:00:00+00:00",
    "state": "open",
}


def lines(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    return [line.split() for line in capsys.readouterr().out.splitlines()]


def test_whoami_says_what_the_gateway_sees(capsys: pytest.CaptureFixture[str]) -> None:
    own = {
        "organization_id": "org-a",
        "role": "developer",
        "application_id": None,
        "subject": "key:key-5f0c\x1b[2J",
        "limits": [LIMIT],
        "spent_usd": {"today": "0.500000", "month": None},
        "models": ["gpt-4o", "gpt-5.5"],
    }
    gateway = Scripted({"GET /v1/me": [one(own), one(own)]})
    assert gateway.run("whoami") == 0
    assert lines(capsys) == [
        ["gateway", "http://gateway.test"],
        ["organisation", "org-a"],
        ["role", "developer"],
        ["credential", "key:key-5f0c\N{REPLACEMENT CHARACTER}[2J"],
        ["spent", "today", "0.500000", "USD"],
        ["models", "gpt-4o,", "gpt-5.5"],
        [],
        ["BUDGET", "LIMIT", "LEFT", "RESETS"],
        ["cost:app-a:day", "5.000000", "1.250000", "2026-12-01", "00:00"],
    ]
    assert gateway.run("whoami", "--json") == 0
    assert orjson.loads(capsys.readouterr().out) == own


def test_providers_are_listed_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"kind": "anthropic", "configured": False, "providers": []},
        {"kind": "openai", "configured": True, "providers": ["openai", "vllm"]},
    ]
    assert Scripted({f"GET {A}/providers": page(*rows)}).run("provider", "list") == 0
    assert lines(capsys) == [
        ["KIND", "CONFIGURED", "PROVIDERS"],
        ["anthropic", "no"],
        ["openai", "yes", "openai,", "vllm"],
    ]


def test_the_organisation_is_renamed_as_it_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    answers = {
        f"GET {A}/organizations": page(ORG),
        f"GET {A}/organizations/org-a": one(ORG),
        f"PATCH {A}/organizations/org-a": one({**ORG, "name": "New"}),
    }
    gateway = Scripted(answers)
    assert gateway.run("org", "rename", "New") == 0
    assert gateway.body() == {"name": "New"}
    assert gateway.written[0].headers["if-match"] == TAG
    assert lines(capsys) == [["id", "org-a"], ["name", "New"], ["created", "2026-11-23", "12:00"]]


def test_force_looks_at_no_tag() -> None:
    for force in (False, True):
        answers = {
            f"GET {A}/applications/app-a": one(APP),
            f"PATCH {A}/applications/app-a": one(APP),
        }
        gateway = Scripted(answers)
        assert gateway.run("app", "rename", "app-a", "New", *(["--force"] if force else [])) == 0
        assert gateway.written[0].headers.get("if-match") == (None if force else TAG)


@pytest.mark.parametrize(
    ("argv", "body"),
    [
        (("app", "create", "Support"), {"name": "Support"}),
        (("app", "create", "Support", "--id", "app-a"), {"name": "Support", "id": "app-a"}),
    ],
)
def test_an_application_is_made(
    argv: tuple[str, ...], body: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = Scripted({f"POST {A}/applications": one(APP, 201)})
    assert gateway.run(*argv) == 0
    assert gateway.body() == body
    assert lines(capsys)[1] == ["app-a", "Support", "2026-11-23", "12:00"]


def test_a_route_goes_as_it_stands_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = b'{"strategy":  "weighted", "targets": [], "n": 1.10}'
    file = tmp_path / "route.json"
    file.write_bytes(b"\xef\xbb\xbf" + raw)
    for stored, header in ((one(ROUTE), "if-match"), (refusal(404, "None."), "if-none-match")):
        gateway = Scripted(
            {f"GET {A}/routes/meta/llama": stored, f"PUT {A}/routes/meta/llama": one(ROUTE)}
        )
        assert gateway.run("route", "put", "meta/llama", str(file)) == 0
        assert gateway.written[0].content == raw
        assert gateway.written[0].headers[header] == (TAG if header == "if-match" else "*")
        assert lines(capsys)[1] == ["meta/llama", "weighted", "openai/m", "*9,", "azure/n", "*1"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{\n "a": }', "is not JSON: Expecting value (line 2, column 7)"),
        (b"[]", "must hold a JSON object"),
        (b"\xff", "not text in UTF-8"),
        (b"[" * 100_000, "not JSON that can be read"),
    ],
)
def test_a_file_that_is_no_document_is_not_sent(
    raw: bytes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "document.json"
    file.write_bytes(raw)
    for argv in (("route", "put", "a"), ("policy", "put", "user/a"), ("policy", "diff", "user/a")):
        gateway = Scripted({})
        assert gateway.run(*argv, str(file)) == 2
        assert not gateway.asked
        out, err = capsys.readouterr()
        assert (out, len(err.splitlines())) == ("", 1)
        assert said in err


def test_a_route_that_is_read_can_be_put_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = {**ROUTE, "x": "日本\x9b\u202e\x7f\U000e0001"}
    path = f"{A}/routes/meta/llama"
    assert Scripted({f"GET {path}": one(stored)}).run("route", "get", "meta/llama") == 0
    out = capsys.readouterr().out
    assert "日本" in out
    assert not {"\x9b", "\u202e", "\x7f", "\U000e0001"} & set(out)
    assert orjson.loads(out) == stored


def test_an_own_price_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{A}/prices/openai/gpt-4o"
    listed = one({**PRICE, "source": "list"})
    for stored, header in ((one(PRICE), "if-match"), (listed, "if-none-match")):
        gateway = Scripted({f"GET {path}": stored, f"PUT {path}": one(PRICE)})
        argv = ("--input", "2.50", "--output", "10.00", "--cache-write", "3")
        assert gateway.run("price", "set", "openai/gpt-4o", *argv) == 0
        assert gateway.body() == {"input": "2.50", "output": "10.00", "cache_write": "3"}
        assert header in gateway.written[0].headers
        assert capsys.readouterr().out.splitlines() == [
            "MODEL          INPUT  OUTPUT  SOURCE",
            "openai/gpt-4o   2.50   10.00  own",
        ]


def test_a_whole_price_is_written_out_of_a_file(tmp_path: Path) -> None:
    file, path = tmp_path / "price.json", f"{A}/prices/vllm/*"
    wanted = {"input": "1", "output": "2", "calls": {"web_search": "0.01"}}
    file.write_bytes(orjson.dumps(wanted))
    written = one({**PRICE, **wanted, "model": "*"})
    listed = one({**PRICE, "source": "list"})
    gateway = Scripted({f"GET {path}": listed, f"PUT {path}": written})
    assert gateway.run("price", "put", "vllm/*", str(file)) == 0
    assert gateway.body() == wanted


def test_the_list_price_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Scripted({f"GET {A}/prices/openai/gpt-4o": one({**PRICE, "source": "list"})})
    assert gateway.run("price", "delete", "openai/gpt-4o") == 2
    assert gateway.run("price", "get", "gpt-4o") == 2
    err = capsys.readouterr().err
    assert "no price of your own" in err
    assert "PROVIDER/MODEL" in err


def test_changes_say_what_changed(capsys: pytest.CaptureFixture[str]) -> None:
    change = {
        "id": "7",
        "occurred_at": "2026-02-01T08:30:00.123+00:00",
        "actor": "user:ana",
        "action": "update",
        "resource": "application",
        "resource_id": "app-a",
        "before": {"id": "app-a", "name": "A"},
        "after": {"id": "app-a", "name": "B"},
    }
    made = {**change, "action": "create", "before": None}
    gateway = Scripted({f"GET {A}/changes": page(change, made, following="c")})
    argv = ("--resource", "application", "--id", "app-a", "--actor", "user:ana")
    days = ("--from", "2026-02-01", "--to", "2026-02-02T00:00:00+01:00", "--limit", "2")
    assert gateway.run("changes", "list", *argv, *days) == 0
    assert dict(gateway.asked[0].url.params) == {
        "resource": "application",
        "resource_id": "app-a",
        "actor": "user:ana",
        "from": "2026-02-01T00:00:00Z",
        "to": "2026-02-02T00:00:00+01:00",
        "limit": "2",
    }
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()[1:]] == [
        ["02-01", "08:30:00", "user:ana", "update", "application", "app-a", "name"],
        ["02-01", "08:30:00", "user:ana", "create", "application", "app-a"],
    ]
    assert "--limit 20 shows more" in err
