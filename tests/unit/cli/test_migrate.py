"""`llm-cp migrate`: which function is invoked, and what its answers mean."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.unit.cli.scripted import Scripted

from controlplane.cli.errors import CommandError
from controlplane.cli.invoke import invoke_aws

PATH = "/2015-03-31/functions/llm-cp/invocations"
DONE = {"ok": True, "type": "user-migration", "from_revision": "0002", "to_revision": "0003"}
FAILED = {"errorType": "MigrationError", "errorMessage": "Another migration\x1b[2J runs."}


def answering(answer: httpx.Response) -> Scripted:
    return Scripted({f"POST {PATH}": answer})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "migrated from 0002 to 0003"),
        ({"from_revision": None}, "migrated from nothing to 0003"),
        ({"from_revision": "0003"}, "at 0003 already"),
    ],
)
def test_the_local_stack_is_migrated_without_a_token(
    changes: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway = answering(httpx.Response(200, json=DONE | changes))
    environ = {"LLM_CP_URL": "http://gateway.test"}
    assert gateway.run("migrate", "--revision", "0003", environ=environ) == 0
    assert gateway.body() == {"type": "user-migration", "revision": "0003"}
    assert "authorization" not in gateway.asked[0].headers
    assert capsys.readouterr().out == f"{said}\n"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx.Response(200, json=FAILED, headers={"X-Amz-Function-Error": "Unhandled"}),
            "failed: Another migration\N{REPLACEMENT CHARACTER}[2J runs. (MigrationError)",
        ),
        (httpx.Response(200, json=FAILED), "not one of the function's"),
        (httpx.Response(200, json=[]), "not one of the function's"),
        (httpx.Response(200, text="<html>"), "not one of the function's"),
        (httpx.Response(404, json={"Message": "x"}), "--function NAME"),
    ],
)
def test_a_failure_is_an_exit_code(
    answer: httpx.Response, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answering(answer).run("migrate") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "\x1b" not in err


def test_aws_without_credentials_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    assert Scripted({}).run("migrate", "--function", "llm-cp-sandbox:live", environ={}) == 2
    err = capsys.readouterr().err
    assert "AWS could not be asked: You must specify a region." in err
    assert len(err.splitlines()) == 1
    with pytest.raises(CommandError):
        invoke_aws("x", {})
