"""What all subcommands have in common: settings, refusals, help."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.cli.scripted import ENVIRON, Scripted, one, refusal

from controlplane import __version__
from controlplane.cli import COMMANDS, main
from controlplane.cli.command import Command, Group

APP = {"id": "app-a", "name": "A", "created_at": "2026-11-23T12:00:00+00:00"}
GET = "GET /admin/v1/applications/app-a"
LIST = "GET /admin/v1/applications"


def rows() -> Iterator[tuple[str, ...]]:
    yield ()
    for name, entry in COMMANDS.items():
        yield (name,)
        if isinstance(entry, Group):
            yield from ((name, each) for each in entry.commands)


@pytest.mark.parametrize("words", list(rows()), ids=" ".join)
def test_help_on_every_level_has_examples_and_needs_no_settings(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main((*words, "--help"), {})
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "examples:\n" in out
    assert " ".join(("llm-cp", *words)) in out.partition("examples:\n")[2]
    assert all(len(line) <= 100 for line in out.splitlines())
    entry = COMMANDS.get(words[0]) if words else None
    if len(words) == 2 or isinstance(entry, Command):
        assert "exit code: 0" in out


@pytest.mark.parametrize("words", [words for words in rows() if len(words) == 1], ids=" ".join)
def test_a_group_alone_is_wrong_use(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    if isinstance(COMMANDS[words[0]], Command):
        return
    with pytest.raises(SystemExit) as caught:
        main(words, ENVIRON)
    assert caught.value.code == 2
    one_sentence(capsys, f"llm-cp {words[0]}: ")


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("nope",),
        ("scan",),
        ("app", "nope"),
        ("app", "get"),
        ("app", "get", "x", "--nope"),
        ("app", "list", "--limit", "0"),
        ("app", "list", "--js"),
        ("key", "create", "x", "--role", "king"),
        ("requests", "follow", "--every", "nan"),
        ("requests", "follow", "--last", "-1"),
        ("policy", "rollback", "application/a", "three"),
    ],
)
def test_wrong_use_is_one_sentence(
    argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv, ENVIRON)
    assert caught.value.code == 2
    one_sentence(capsys, "--help shows how")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(403, "The role 'service' may not do this."), "403: The role 'service' may not"),
        (refusal(401, "Send it as 'Authorization: Bearer'."), "401: the token is not valid. Set"),
        (refusal(412, "Changed meanwhile."), "412: Changed meanwhile. Or use --force."),
        (refusal(404, "gone\x1b]0;owned\x07\nx"), "404: gone\N{REPLACEMENT CHARACTER}]0;owned"),
        (httpx.Response(502, text="<html>"), "502: no reason given"),
        (httpx.Response(404, json=[]), "404: no reason given"),
        (httpx.Response(500, json={"error": {"message": None}}), "500: None"),
        (httpx.Response(307, headers={"location": "http://elsewhere.test"}), "307"),
        (httpx.Response(200, text="<html>"), "not one of the gateway's"),
        (httpx.Response(200, json=[]), "not one of the gateway's"),
        (httpx.ConnectError("refused"), "http://gateway.test did not answer (ConnectError)"),
        (httpx.ReadTimeout("slow"), "did not answer (ReadTimeout)"),
    ],
)
def test_a_refusal_is_one_sentence(
    capsys: pytest.CaptureFixture[str], answer: httpx.Response | Exception, said: str
) -> None:
    gateway = Scripted({GET: answer})
    assert gateway.run("app", "get", "app-a") == 2
    assert len(gateway.asked) == 1
    one_sentence(capsys, said)


@pytest.mark.parametrize(
    ("argv", "changes", "said"),
    [
        ((), {"LLM_CP_URL": ""}, "Set LLM_CP_URL or --url"),
        ((), {"LLM_CP_ADMIN_TOKEN": ""}, "Set LLM_CP_ADMIN_TOKEN or --token"),
        ((), {"LLM_CP_URL": "gateway.test"}, "must start with https://"),
        ((), {"LLM_CP_URL": "http://[::1"}, "not a valid URL"),
        ((), {"LLM_CP_URL": "http://g.test/v1"}, "must not end in /v1: use http://g.test."),
        ((), {"LLM_CP_URL": "http://g.test/admin/v1/"}, "end in /admin/v1: use http://g.test."),
        (("--url", "http://g.test/llm/v1"), {}, "must not end in /v1: use http://g.test/llm."),
        (("--token", "sk-cp-hunter2\n"), {}, "characters that no token has"),
        (("--token", "sk-cp-hunter2-ü"), {}, "characters that no token has"),
    ],
)
def test_wrong_settings_are_one_sentence(
    capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], changes: dict[str, str], said: str
) -> None:
    gateway = Scripted({})
    assert gateway.run("app", "get", "app-a", *argv, environ=ENVIRON | changes) == 2
    assert not gateway.asked
    one_sentence(capsys, said)


def test_the_version_needs_no_settings(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(("--version",), {})
    assert caught.value.code == 0
    assert capsys.readouterr() == (f"llm-cp {__version__}\n", "")


def test_options_go_before_the_environment() -> None:
    gateway = Scripted({"GET /base/admin/v1/applications/app-a": one(APP)})
    options = ("--url", "https://other.test/base/", "--token", "t")
    assert gateway.run("app", "get", "app-a", *options) == 0
    (asked,) = gateway.asked
    assert str(asked.url) == "https://other.test/base/admin/v1/applications/app-a"
    assert asked.headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_another_address_is_not_sent(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    gateway = Scripted({})
    assert gateway.run("app", "delete", name, "--yes") == 2
    assert gateway.run("route", "delete", f"a/{name}/b", "--yes") == 2
    assert not gateway.asked
    assert "cannot stand in an address" in capsys.readouterr().err


def test_a_name_is_one_segment_of_the_address() -> None:
    gateway = Scripted({"GET /admin/v1/applications/a/b?c#d": one(APP)})
    assert gateway.run("app", "get", "a/b?c#d") == 0
    assert gateway.asked[0].url.raw_path == b"/admin/v1/applications/a%2Fb%3Fc%23d"


def test_ctrl_c_ends_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    assert Scripted({LIST: interrupted}).run("app", "list") == 130
    assert capsys.readouterr() == ("", "")


LOADED = """
import json, sys
from controlplane.cli import main
try:
    main(json.loads(sys.argv[1]), {})
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize("argv", [("--help",), ("requests", "follow", "--help"), ("app", "list")])
def test_no_client_is_loaded_before_it_is_needed(argv: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, json.dumps(argv)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    roots = set(json.loads(done.stdout.splitlines()[-1]))
    assert "argparse" in roots
    assert not roots & {"httpx", "orjson", "boto3", "re2", "sqlalchemy", "fastapi"}


def one_sentence(capsys: pytest.CaptureFixture[str], said: str) -> None:
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1
    assert "hunter2" not in err
    assert "\x1b" not in err
