"""`llm-cp scan` as a person runs it, against the running stack."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.command import llm_cp
from tests.e2e.conftest import MakeKey, Stack

ADDRESS = "ana.canary@example.com"


def test_a_chat_request_from_a_file(stack: Stack, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    messages = [{"role": "user", "content": [{"type": "text", "text": f"I am {ADDRESS}"}]}]
    request.write_text(json.dumps({"model": "gpt-6-luna", "messages": messages}))
    done = llm_cp(stack, "scan", str(request))
    assert (done.returncode, done.stderr) == (1, "")
    first, _, row = done.stdout.splitlines()
    assert first == "block (a chat request, 1 found)"
    assert row.split() == ["messages.0.content.0.text", "email", "5", str(len(ADDRESS))]
    assert ADDRESS not in done.stdout


def test_text_from_standard_input_under_the_policy_of_the_token(
    stack: Stack, make_key: MakeKey
) -> None:
    assert llm_cp(stack, "scan", "-", stdin="Nothing to see.\n").returncode == 0
    key = make_key(role="developer", screening={"pii": "redact"})
    done = llm_cp(stack, "scan", "--json", "-", "--token", key, stdin=f"I am {ADDRESS}")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["action"]) == (1, "redact")
    assert answer["redacted"]["messages"] == [{"role": "user", "content": "I am [EMAIL_1]"}]


def test_a_refusal_says_why(stack: Stack, make_key: MakeKey) -> None:
    done = llm_cp(stack, "scan", "-", "--token", make_key(role="service"), stdin="x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().endswith("403: The role 'service' may not do this.")
    done = llm_cp(stack, "scan", "-", stdin='{"messages": 1}')
    assert done.returncode == 2
    assert "refused with 400" in done.stderr
    done = llm_cp(stack, "scan", "-", stdin="x", LLM_CP_URL="http://127.0.0.1:9")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
