"""`llm-cp` as a person runs it, against the running stack."""

from __future__ import annotations

import csv
import json
import os
import pty
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.command import COMMAND, environment, llm_cp, succeed
from tests.e2e.conftest import Stack, chat


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def app(stack: Stack) -> Iterator[str]:
    """An application that the command has made, and deletes."""
    made = succeed(stack, "app", "create", "Support", "--id", f"app-{uuid.uuid4().hex}")
    app_id = made.splitlines()[1].split()[0]
    yield app_id
    assert llm_cp(stack, "app", "delete", app_id).returncode == 0
    gone = llm_cp(stack, "app", "get", app_id)
    assert gone.returncode == 2
    assert "404: There is no application with this id." in gone.stderr


@pytest.mark.usefixtures("whole_day")
def test_an_operator_s_day(stack: Stack, app: str, tmp_path: Path) -> None:
    """A key, a policy, a refusal, what it cost, back to the older policy."""
    subject, file = f"application/{app}", tmp_path / "policy.json"
    succeed(stack, "app", "rename", app, "Support, Europe")
    assert "Support, Europe" in succeed(stack, "app", "list")
    key = succeed(stack, "key", "create", "Production", "--app", app).strip()
    assert key.startswith("sk-cp-")
    whoami = json.loads(succeed(stack, "whoami", "--token", key, "--json"))
    assert (whoami["role"], whoami["application_id"]) == ("service", app)
    kinds = json.loads(succeed(stack, "provider", "list", "--json"))["data"]
    assert {"openai", "azure", "anthropic"} <= {row["kind"] for row in kinds if row["configured"]}

    file.write_text('{"rate_limits": [{"requests": 1, "window_seconds": 3600}]}')
    assert llm_cp(stack, "policy", "diff", subject, str(file)).returncode == 1
    succeed(stack, "policy", "validate", str(file), LLM_CP_URL="")
    succeed(stack, "policy", "put", subject, str(file))
    assert llm_cp(stack, "policy", "diff", subject, str(file)).returncode == 0
    assert [chat(stack, key).status_code for _ in range(2)] == [200, 429]

    file.write_text('{"rate_limits": [{"requests": 100, "window_seconds": 3600}]}')
    succeed(stack, "policy", "put", subject, str(file))
    assert chat(stack, key).status_code == 200
    history = succeed(stack, "policy", "history", subject).splitlines()
    assert [line.split()[0] for line in history[1:]] == ["2", "1"]
    succeed(stack, "policy", "rollback", subject, "1")
    assert chat(stack, key).status_code == 429
    effective = json.loads(succeed(stack, "policy", "effective", "--app", app, "--json"))
    assert effective["policy"]["rate_limits"] == [
        {"scope": app, "requests": 1, "window_seconds": 3600}
    ]

    listed = ("requests", "list", "--app", app)
    eventually(lambda: len(succeed(stack, *listed).splitlines()) == 5)
    refused = json.loads(succeed(stack, *listed, "--status", "4xx", "--json"))["data"]
    assert [record["code"] for record in refused] == ["rate_limit_exceeded"] * 2
    shown = succeed(stack, "requests", "get", refused[0]["request_id"])
    assert "rate_limit_exceeded" in shown
    usage = succeed(stack, "usage", "--app", app, "--group-by", "application").splitlines()
    assert usage[1].split()[:4] == [app, "4", "2", "0"]
    changes = succeed(stack, "changes", "list", "--id", subject).splitlines()
    assert [line.split()[3] for line in changes[1:]] == ["rollback", "update", "create"]

    for name in ("all.csv", "all.jsonl"):
        succeed(stack, "requests", "export", str(tmp_path / name), "--app", app)
    with (tmp_path / "all.csv").open(newline="") as written:
        rows = [row["request_id"] for row in csv.DictReader(written)]
    lines = (tmp_path / "all.jsonl").read_text().splitlines()
    assert rows == [json.loads(line)["request_id"] for line in lines]
    assert len(rows) == 4
    succeed(stack, "policy", "delete", subject)
    assert llm_cp(stack, "policy", "get", subject).returncode == 2


def test_a_key_from_its_making_to_its_end(stack: Stack, app: str) -> None:
    made = llm_cp(stack, "key", "create", "Production", "--app", app)
    old = made.stdout.strip()
    old_id = made.stderr.split()[0]
    assert "Store the key now" in made.stderr
    assert chat(stack, old).status_code == 200
    rotated = llm_cp(stack, "key", "rotate", old_id, "--overlap", "3600")
    new, new_id = rotated.stdout.strip(), rotated.stderr.split()[0]
    assert [chat(stack, key).status_code for key in (old, new)] == [200, 200]
    succeed(stack, "key", "revoke", old_id)
    assert [chat(stack, key).status_code for key in (old, new)] == [401, 200]
    active = succeed(stack, "key", "list", "--app", app, "--state", "active").splitlines()
    assert [line.split()[0] for line in active[1:]] == [new_id]
    everything = succeed(stack, "key", "list", "--app", app, "--json")
    assert not {old, new} & set(everything.split('"'))


def test_a_person_is_asked_before_a_key_ends(stack: Stack, app: str) -> None:
    key_id = llm_cp(stack, "key", "create", "P", "--app", app).stderr.split()[0]
    for typed, code, state in ((b"n\n", 2, "active"), (b"y\n", 0, "revoked")):
        above, terminal = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, "key", "revoke", key_id],
            env=environment(stack),
            stdin=terminal,
            stdout=terminal,
            stderr=subprocess.PIPE,
        ) as process:
            os.write(above, typed)
            _, err = process.communicate(timeout=60)
        os.close(above)
        os.close(terminal)
        assert process.returncode == code
        assert b"[y/N]" in err
        assert f"state           {state}" in succeed(stack, "key", "get", key_id)


def test_new_requests_are_followed_until_ctrl_c(stack: Stack, app: str) -> None:
    key = succeed(stack, "key", "create", "P", "--app", app).strip()
    before = chat(stack, key).headers["x-request-id"]
    stack.record(before)
    argv = ("requests", "follow", "--app", app, "--json", "--every", "0.2")
    process = subprocess.Popen(
        [*COMMAND, *argv], env=environment(stack), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["request_id"] == before
        expected = {chat(stack, key).headers["x-request-id"] for _ in range(5)}
        shown = [json.loads(process.stdout.readline())["request_id"] for _ in range(5)]
        assert set(shown) == expected
        time.sleep(1)
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")


def test_two_administrators_do_not_overwrite_each_other(
    stack: Stack, app: str, tmp_path: Path
) -> None:
    """The second one's delete waits for an answer while the first one writes."""
    subject, file = f"application/{app}", tmp_path / "policy.json"
    file.write_text('{"concurrency": 5}')
    succeed(stack, "policy", "put", subject, str(file))
    above, terminal = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "policy", "delete", subject],
        env=environment(stack),
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        asked = b""
        while b"[y/N]" not in asked:
            asked += process.stderr.read1()  # type: ignore[attr-defined]
        file.write_text('{"concurrency": 6}')
        succeed(stack, "policy", "put", subject, str(file))
        os.write(above, b"y\n")
        _, err = process.communicate(timeout=60)
    os.close(above)
    os.close(terminal)
    assert process.returncode == 2
    assert b"refused with 412" in err
    assert json.loads(succeed(stack, "policy", "get", subject)) == {"concurrency": 6}


def test_every_fault_of_a_policy_is_told(stack: Stack, app: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"concurrency": -1, "rate_limits": [{"requests": 1}], "modls": {}}')
    done = llm_cp(stack, "policy", "put", f"application/{app}", str(file))
    assert done.returncode == 2
    told = [line.split(":")[0].strip() for line in done.stderr.splitlines()[1:]]
    here = llm_cp(stack, "policy", "validate", str(file))
    assert here.returncode == 1
    found = [line.split()[0] for line in here.stdout.splitlines()[1:]]
    assert told == found == ["concurrency", "rate_limits.0.window_seconds", "modls"]


def test_routes_and_prices(stack: Stack, tmp_path: Path) -> None:
    alias, file = f"team/{uuid.uuid4().hex}", tmp_path / "route.json"
    target = {"provider": "openai", "model": "gpt-6-luna"}
    file.write_text(json.dumps({"strategy": "priority", "targets": [target]}))
    succeed(stack, "route", "put", alias, str(file))
    file.write_text(succeed(stack, "route", "get", alias))
    assert "openai/gpt-6-luna" in succeed(stack, "route", "put", alias, str(file))
    assert alias in succeed(stack, "route", "list")
    succeed(stack, "route", "delete", alias)
    assert llm_cp(stack, "route", "get", alias).returncode == 2

    model = f"openai/team/{uuid.uuid4().hex}"
    succeed(stack, "price", "set", model, "--input", "2.50", "--output", "10")
    assert model in succeed(stack, "price", "list")
    succeed(stack, "price", "set", model, "--input", "3", "--output", "10")
    succeed(stack, "price", "delete", model)
    assert llm_cp(stack, "price", "delete", model).returncode == 2


def test_the_organisation_has_a_name(stack: Stack) -> None:
    before = json.loads(succeed(stack, "org", "get", "--json"))
    assert before["id"] == "org-default"
    assert "Acme" in succeed(stack, "org", "rename", "Acme")
    succeed(stack, "org", "rename", before["name"])
    assert json.loads(succeed(stack, "org", "get", "--json")) == before


def test_a_migration_through_the_stack_and_through_aws(stack: Stack) -> None:
    aws = {
        "AWS_ENDPOINT_URL_LAMBDA": stack.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    for options in ((), ("--function", "llm-cp")):
        assert succeed(stack, "migrate", *options, **aws).endswith("already\n")
        failed = llm_cp(stack, "migrate", "--revision", "nope", *options, **aws)
        assert (failed.returncode, failed.stdout) == (2, "")
        assert "Can't locate revision identified by 'nope'" in failed.stderr
        assert len(failed.stderr.splitlines()) == 1
    absent = llm_cp(stack, "migrate", "--function", "absent", **aws)
    assert absent.returncode == 2
    assert "AWS refused to invoke absent: Function not found" in absent.stderr


def test_a_reader_who_leaves_is_no_error(stack: Stack) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, "changes", "list"],
        env=environment(stack),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (2, b"")
