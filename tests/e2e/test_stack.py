"""What an operator relies on: records, limits over processes, fail-over, events."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import httpx
import orjson
import pytest
from tests.e2e.conftest import ROOT, MakeKey, Stack, chat, free_port, wait_for

UNLIMITED = [{"requests": 1_000_000, "window_seconds": 60}]


def archived(stack: Stack, record: dict[str, object]) -> dict[str, object]:
    """The line of the S3 object that the record points to."""
    key = record["archive_key"]
    body = stack.aws("s3").get_object(Bucket=stack.env["AUDIT_BUCKET"], Key=key)["Body"].read()
    lines = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    (line,) = [line for line in lines if line["request_id"] == record["request_id"]]
    assert isinstance(line, dict)
    return line


def test_an_answer_has_its_record_in_postgresql_and_s3(stack: Stack, make_key: MakeKey) -> None:
    response = chat(stack, make_key(), user="someone")
    assert response.status_code == 200
    usage = response.json()["usage"]
    record = stack.record(response.headers["x-request-id"])
    assert record["status"] == 200
    assert record["provider"] == response.headers["x-llm-cp-provider"] == "openai"
    assert record["tokens_input"] == usage["prompt_tokens"]
    assert record["tokens_output"] == usage["completion_tokens"]
    assert record["cost_usd"] == response.headers["x-llm-cp-cost-usd"]
    assert float(record["cost_usd"]) > 0
    assert record["latency_ms"] >= record["overhead_ms"] >= 0
    assert record["end_user"] == "someone"
    line = archived(stack, record)
    assert {name: record[name] for name in line} == line


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"messages": [{"role": "user", "content": "SSN 123-45-6789"}]}, 400, "pii_detected"),
        ({"model": "nope"}, 404, "model_not_found"),
        ({"n": 0}, 400, None),
    ],
)
def test_a_refused_request_has_a_record_too(
    stack: Stack, make_key: MakeKey, changes: dict[str, object], status: int, code: str | None
) -> None:
    response = chat(stack, make_key(), **changes)
    assert response.status_code == status
    record = stack.record(response.headers["x-request-id"])
    assert (record["status"], record["code"]) == (status, code)
    assert "123-45-6789" not in json.dumps(archived(stack, record))


def test_a_streamed_answer_has_a_record(stack: Stack, make_key: MakeKey) -> None:
    response = chat(stack, make_key(), stream=True)
    assert response.text.endswith("data: [DONE]\n\n")
    record = stack.record(response.headers["x-request-id"])
    assert record["stream"] is True
    assert record["tokens_output"] > 0
    assert record["cost_microusd"] > 0


def test_a_stream_reaches_its_reader_as_it_comes(stack: Stack, make_key: MakeKey) -> None:
    stack.simulate("openai", {"kind": "stall", "seconds": 1.5}, times=1)
    body = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hi."}], "stream": True}
    headers = {"Authorization": f"Bearer {make_key()}"}
    started, arrivals = time.monotonic(), []
    url = f"{stack.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=headers) as response:
        arrivals += [time.monotonic() - started for _ in response.iter_lines()]
    assert arrivals[0] < 1 < 1.4 < arrivals[-1]


def test_the_next_target_answers_when_the_first_fails(stack: Stack, make_key: MakeKey) -> None:
    stack.simulate("openai", {"kind": "status", "status": 500})
    response = chat(stack, make_key())
    assert response.status_code == 200
    assert response.headers["x-llm-cp-provider"] == "azure"
    assert response.headers["x-llm-cp-attempts"] == "2"
    attempts = stack.record(response.headers["x-request-id"])["attempts"]
    assert [(a["provider"], a["status"]) for a in attempts] == [("openai", 500), ("azure", 200)]


def test_exactly_a_hundred_of_150_pass_through_two_servers(
    stack: Stack, make_key: MakeKey, tmp_path: Path
) -> None:
    port = free_port()
    output = tmp_path / "output"
    with output.open("wb") as log:
        second = subprocess.Popen(
            [sys.executable, "-m", "controlplane.local.server", "--port", str(port)],
            env=os.environ | stack.gateway_env | {"PYTHONPATH": str(ROOT / "src")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready?database=true", second, output)
        urls = [stack.url, f"http://127.0.0.1:{port}"]
        statuses = asyncio.run(burst(urls, make_key(), 150))
    finally:
        second.terminate()
        second.wait(15)
    assert Counter(statuses) == {200: 100, 429: 50}


async def burst(urls: list[str], key: str, number: int) -> list[int]:
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Say hello."}]}
    limits = httpx.Limits(max_connections=number)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(limits=limits, headers=headers, timeout=60) as client:
        responses = await asyncio.gather(
            *(
                client.post(f"{urls[i % len(urls)]}/v1/chat/completions", json=body)
                for i in range(number)
            )
        )
    return [response.status_code for response in responses]


def test_invocations(stack: Stack) -> None:
    migrated, error = stack.invoke({"type": "user-migration"})
    assert error is None
    assert migrated["ok"] is True
    assert migrated["from_revision"] == migrated["to_revision"]
    refreshed, error = stack.invoke({"type": "policy-cache-refresh"})
    assert error is None
    assert refreshed["ok"] is True
    nonsense, error = stack.invoke({"type": "nonsense"})
    assert error == "Unhandled"
    assert "nonsense" in nonsense["errorMessage"]
    assert nonsense["errorType"] == "UnknownEvent"


# In-process tests send all of each corpus; over sockets a part of it shows the same.
SHARES = pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.soak)])


@SHARES
def test_the_json_test_suite_over_a_socket(
    stack: Stack, make_key: MakeKey, corpora: Path, every: int
) -> None:
    files = sorted((corpora / "json_test_suite" / "test_parsing").glob("*.json"))
    assert len(files) == 318
    headers = {"Authorization": f"Bearer {make_key(rate_limits=UNLIMITED)}"}
    frame = b'{"model":"gpt-6-luna","messages":[{"role":"user","content":"x"}],"extra":%b}'
    statuses: Counter[int] = Counter()
    with httpx.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        for file in files[::every]:
            for body in (file.read_bytes(), frame % file.read_bytes()):
                response = client.post("/v1/chat/completions", content=body)
                statuses[response.status_code] += 1
                if response.status_code != 200:
                    assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    assert sum(statuses.values()) == 2 * len(files[::every])
    assert set(statuses) <= {200, 400}


@SHARES
def test_naughty_strings_reach_postgresql_and_s3_unchanged(
    stack: Stack, make_key: MakeKey, corpora: Path, every: int
) -> None:
    strings = json.loads((corpora / "naughty_strings" / "blns.json").read_text("utf-8"))
    key = make_key(rate_limits=UNLIMITED, screening={"pii": "off", "secrets": "off"})
    sent: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        for text in list(filter(None, strings))[::every]:
            body = {"model": text, "user": text, "messages": [{"role": "user", "content": text}]}
            response = client.post("/v1/chat/completions", content=orjson.dumps(body))
            assert response.status_code == 404, text
            sent[response.headers["x-request-id"]] = text
            response = client.post(
                "/v1/chat/completions", content=orjson.dumps(body | {"model": "gpt-6-luna"})
            )
            assert response.status_code == 200, text
    for request_id, text in list(sent.items())[::10] + list(sent.items())[-1:]:
        record = stack.record(request_id, seconds=30)
        assert (record["model_requested"], record["end_user"]) == (text, text)
        assert archived(stack, record)["model_requested"] == text
