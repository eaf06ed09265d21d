"""Budgets hold over HTTP, over two gateway processes, and after Redis has forgotten everything."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from tests.e2e.conftest import ROOT, MakeKey, Stack, chat, free_port, wait_for
from tests.midnight import leave_time_before_midnight
from tests.soak import some_or_all

ROOMY = [{"requests": 10_000, "window_seconds": 60}]
# Longer than a hundred requests need to arrive: nobody settles before everybody has asked.
PROVIDER_SECONDS = 6
BODY = {
    "model": "gpt-6-luna",
    "messages": [{"role": "user", "content": "Say hello."}],
    "max_tokens": 64,
}


@pytest.fixture(autouse=True)
def _one_day() -> None:
    """The longest test takes a minute on a quiet machine."""
    leave_time_before_midnight(150)


@pytest.fixture(scope="module")
def urls(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two gateway processes."""
    port, output = free_port(), tmp_path_factory.mktemp("second") / "output"
    with output.open("wb") as log:
        second = subprocess.Popen(
            [sys.executable, "-m", "controlplane.local.server", "--port", str(port)],
            env=os.environ | stack.gateway_env | {"PYTHONPATH": str(ROOT / "src")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/health/ready?database=true", second, Path(output))
        yield [stack.url, f"http://127.0.0.1:{port}"]
    finally:
        second.terminate()
        second.wait(15)


def largest_cost(stack: Stack, make_key: MakeKey) -> Decimal:
    """What one request may cost, in dollars: a refusal says so."""
    key = make_key(rate_limits=ROOMY, cost_caps=[{"usd": "0.000001", "period": "day"}])
    refused = chat(stack, key, **BODY)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"
    found = re.search(r"may cost ([0-9.]+) USD", refused.json()["error"]["message"])
    assert found is not None
    return Decimal(found[1])


def most_tokens(stack: Stack, make_key: MakeKey) -> int:
    """What one request may come to."""
    key = make_key(rate_limits=ROOMY, token_limits=[{"tokens": 70, "window_seconds": 60}])
    refused = chat(stack, key, **BODY)
    assert refused.status_code == 429
    found = re.search(r"may come to ([0-9,]+) tokens", refused.json()["error"]["message"])
    assert found is not None
    return int(found[1].replace(",", ""))


def burst(urls: list[str], key: str, number: int = 100) -> list[httpx.Response]:
    """So many requests at once, spread over the processes."""

    async def run() -> list[httpx.Response]:
        limits, headers = httpx.Limits(max_connections=number), {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(limits=limits, headers=headers, timeout=60) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{urls[i % len(urls)]}/v1/chat/completions", json=BODY)
                    for i in range(number)
                )
            )

    return asyncio.run(run())


def outcome(stack: Stack, urls: list[str], key: str) -> tuple[Counter[tuple[int, str | None]], int]:
    """How 100 requests ended, and how many calls of the provider they made."""
    before = stack.calls("openai")
    responses = burst(urls, key)
    ends = Counter(
        (response.status_code, response.json().get("error", {}).get("code"))
        for response in responses
    )
    return ends, stack.calls("openai") - before


def reconciled(stack: Stack) -> dict[str, Any]:
    """What `ledger-reconcile` says once nothing is under way."""
    deadline = time.monotonic() + 60
    while True:
        answer, error = stack.invoke(
            {"type": "ledger-reconcile", "org_id": "org-default", "quiet_seconds": 2}
        )
        assert error is None, answer
        if not answer["busy"]:
            found: dict[str, Any] = answer
            return found
        assert time.monotonic() < deadline, "the audit queue does not empty"
        time.sleep(0.5)


@pytest.mark.parametrize("repeat", some_or_all(range(10), some=1))
def test_a_cap_that_fits_ten_admits_ten_of_a_hundred(
    stack: Stack, make_key: MakeKey, urls: list[str], repeat: int
) -> None:
    cap = largest_cost(stack, make_key) * 21 / 2
    key = make_key(rate_limits=ROOMY, cost_caps=[{"usd": f"{cap:.6f}", "period": "day"}])
    stack.simulate("openai", {"kind": "delay", "seconds": PROVIDER_SECONDS})
    ends, calls = outcome(stack, urls, key)
    assert ends == {(200, None): 10, (429, "insufficient_quota"): 90}
    assert calls == 10
    assert reconciled(stack)["differences"] == []


def test_a_token_limit_that_fits_ten_admits_ten_of_a_hundred(
    stack: Stack, make_key: MakeKey, urls: list[str]
) -> None:
    tokens = most_tokens(stack, make_key) * 21 // 2
    limits = [{"tokens": tokens, "window_seconds": 3_600}]
    key = make_key(rate_limits=ROOMY, token_limits=limits)
    stack.simulate("openai", {"kind": "delay", "seconds": PROVIDER_SECONDS})
    ends, calls = outcome(stack, urls, key)
    assert ends == {(200, None): 10, (429, "rate_limit_exceeded"): 90}
    assert calls == 10


def test_ten_at_a_time_are_ten_at_a_time(stack: Stack, make_key: MakeKey, urls: list[str]) -> None:
    key = make_key(rate_limits=ROOMY, concurrency=10)
    stack.simulate("openai", {"kind": "delay", "seconds": PROVIDER_SECONDS})
    for _ in range(2):  # the places are free again afterwards
        ends, calls = outcome(stack, urls, key)
        assert ends == {(200, None): 10, (429, "rate_limit_exceeded"): 90}
        assert calls == 10


def test_a_budget_warns_at_80_percent_and_goes_on_after_a_loss_of_redis(
    stack: Stack, make_key: MakeKey
) -> None:
    cap = largest_cost(stack, make_key) + Decimal("0.000010")
    key = make_key(rate_limits=ROOMY, cost_caps=[{"usd": f"{cap:.6f}", "period": "day"}])
    # How long a request may take is how long it stays closed after a loss.
    brief = f"brief-{uuid.uuid4().hex}"
    target = {"provider": "openai", "model": BODY["model"]}
    route = {"targets": [target], "timeouts": {"total_s": 25}}
    assert stack.admin.put(f"/admin/v1/routes/{brief}", json=route).status_code == 201
    asked = {**BODY, "model": brief}
    first = chat(stack, key, **asked)
    assert first.status_code == 200
    spent = Decimal(first.headers["x-llm-cp-cost-usd"])
    assert "cost:app-" in first.headers["x-llm-cp-budget-warning"]
    while (response := chat(stack, key, **asked)).status_code == 200:
        spent += Decimal(response.headers["x-llm-cp-cost-usd"])
    left = re.search(r"([0-9.]+) USD are left", response.json()["error"]["message"])
    assert left is not None
    assert Decimal(left[1]) == Decimal(f"{cap:.6f}") - spent
    assert reconciled(stack)["differences"] == []

    with redis.Redis.from_url(stack.env["REDIS_URL"]) as client:
        client.flushdb()
    closed = chat(stack, key, **asked)
    assert closed.status_code == 503
    assert closed.headers["Retry-After"]
    waits = set()
    deadline = time.monotonic() + 120
    while True:
        answer, error = stack.invoke({"type": "ledger-restore"})
        assert error is None, answer
        if answer["restored"] or not answer["waiting"]:  # the schedule's own may come first
            break
        assert time.monotonic() < deadline, answer
        waits.add(answer["waiting"]["org-default"])
        assert chat(stack, key, **asked).status_code == 503
        time.sleep(2)
    assert "holds" in waits
    again = chat(stack, key, **asked)
    assert again.status_code == 429
    assert left[0] in again.json()["error"]["message"]
    assert reconciled(stack)["differences"] == []
