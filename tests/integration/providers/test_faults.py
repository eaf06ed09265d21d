"""Every fault of the simulator over real sockets, streamed and not, with both HTTP transports."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport
from tests.unit.gateway.parts import CALLER, dispatched

from controlplane.config import ProviderSettings
from controlplane.domain.chat import ChatRequest
from controlplane.domain.routing import Route, Target, Timeouts
from controlplane.errors import ProviderUnavailable
from controlplane.gateway.ports import Provider
from controlplane.gateway.record import Trail
from controlplane.local.simulator.openai import API_KEY
from controlplane.providers.registry import PROVIDERS

TIMEOUTS = Timeouts(connect_s=0.5, first_byte_s=0.6, idle_s=0.6, total_s=2.0)
BODY = {"model": "m", "messages": [{"role": "user", "content": "one two three four five"}]}
OPENAI, AZURE = Target("openai", "gpt-4o"), Target("azure", "gpt-4o")


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "controlplane.local.simulator", "--port", str(port)]
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{url}/calls")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["httpx", "aiohttp"])
async def providers(
    request: pytest.FixtureRequest, simulator: str
) -> AsyncIterator[dict[str, Provider]]:
    transport = AiohttpTransport() if request.param == "aiohttp" else None
    async with httpx.AsyncClient(transport=transport) as client:
        rows = (
            ProviderSettings("openai", "openai", f"{simulator}/openai/v1", API_KEY),
            ProviderSettings("azure", "azure", f"{simulator}/azure", API_KEY, "2024-10-21"),
        )
        await client.delete(f"{simulator}/faults")
        await client.delete(f"{simulator}/calls")
        yield {row.name: PROVIDERS[row.kind](row, client) for row in rows}


async def fail(simulator: str, provider: str, **fault: Any) -> None:
    async with httpx.AsyncClient() as control:
        body = {"provider": provider, "fault": fault, "times": None}
        (await control.put(f"{simulator}/faults", json=body)).raise_for_status()


async def counts(simulator: str) -> tuple[int, int]:
    async with httpx.AsyncClient() as control:
        report = (await control.get(f"{simulator}/calls")).json()
    return report["openai"]["count"], report["azure"]["count"]


async def ask(
    providers: dict[str, Provider], *, stream: bool, targets: tuple[Target, ...] = (OPENAI, AZURE)
) -> tuple[str, Trail, ProviderUnavailable | None]:
    """The text that came, the trail, and how it failed if it did."""
    trail, text = Trail("req_1", CALLER), ""
    request = ChatRequest(BODY | ({"stream": True} if stream else {}))
    route = Route("m", targets, timeouts=TIMEOUTS)
    try:
        async with dispatched(request, route, providers, trail) as (whole, chunks):
            if whole is not None:
                text = whole["choices"][0]["message"]["content"]
            if chunks is not None:
                async for chunk in chunks:
                    text += chunk["choices"][0]["delta"].get("content") or ""
    except ProviderUnavailable as error:
        return text, trail, error
    return text, trail, None


BEFORE_THE_FIRST_BYTE: list[dict[str, Any]] = [
    {"kind": "delay", "seconds": 30},
    {"kind": "reset"},
    {"kind": "html"},
    {"kind": "empty-object"},
    {"kind": "error-object"},
    {"kind": "quota"},
    *({"kind": "status", "status": s} for s in (401, 403, 404, 408, 429, 500, 502, 503, 504, 529)),
]
WHOLE_ONLY: list[dict[str, Any]] = [
    {"kind": k} for k in ("drop", "truncated", "no-choices", "early-end", "garbage")
]
WHOLE_ONLY += [{"kind": "stall", "seconds": 30}]


def _name(fault: Any) -> str:
    return "-".join(str(value) for value in fault.values())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", [*BEFORE_THE_FIRST_BYTE, {"kind": "empty-stream"}], ids=_name)
async def test_the_next_target_answers(
    simulator: str, providers: dict[str, Provider], fault: Any, stream: bool
) -> None:
    await fail(simulator, "openai", **fault)
    text, trail, error = await ask(providers, stream=stream)
    assert error is None
    assert text
    assert trail.provider == "azure"
    assert trail.usage is not None
    assert await counts(simulator) == (1, 1)


@pytest.mark.parametrize("fault", WHOLE_ONLY, ids=_name)
async def test_an_answer_that_is_cut_short_is_a_failure(
    simulator: str, providers: dict[str, Provider], fault: Any
) -> None:
    await fail(simulator, "openai", **fault)
    text, trail, error = await ask(providers, stream=False)
    assert error is None
    assert text
    assert trail.provider == "azure"


@pytest.mark.parametrize("fault", [*WHOLE_ONLY, {"kind": "early-done"}], ids=_name)
async def test_a_cut_stream_never_ends_as_if_it_were_complete(
    simulator: str, providers: dict[str, Provider], fault: Any
) -> None:
    await fail(simulator, "openai", **fault)
    text, trail, error = await ask(providers, stream=True)
    if fault["kind"] == "no-choices":  # nothing but a usage chunk: no text, and no success
        assert text == ""
    assert error is not None
    assert error.code == "stream_interrupted"
    assert trail.attempts[-1].failure == "cut"
    assert await counts(simulator) == (1, 0)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", ["drip", "pings"])
async def test_drips_and_pings_end_at_the_deadline(
    simulator: str, providers: dict[str, Provider], kind: str, stream: bool
) -> None:
    for provider in ("openai", "azure"):
        await fail(simulator, provider, kind=kind)
    started = time.monotonic()
    _, _, error = await ask(providers, stream=stream)
    assert error is not None
    assert error.status == 504
    assert time.monotonic() - started < TIMEOUTS.total_s + 1


async def test_an_answer_without_usage_is_an_answer_and_not_bought_twice(
    simulator: str, providers: dict[str, Provider]
) -> None:
    await fail(simulator, "openai", kind="no-usage")
    for stream in (False, True):
        text, trail, error = await ask(providers, stream=stream)
        assert error is None
        assert text
        assert trail.usage_estimated
        assert trail.usage is not None
        assert trail.usage.output > 0
    assert await counts(simulator) == (2, 0)


async def test_the_wait_that_all_targets_ask_for_is_passed_on(
    simulator: str, providers: dict[str, Provider]
) -> None:
    for provider, wait in (("openai", 40), ("azure", 20)):
        await fail(simulator, provider, kind="status", status=429, retry_after=wait)
    _, _, error = await ask(providers, stream=False)
    assert error is not None
    assert (error.status, error.headers["Retry-After"]) == (503, "20")
    assert await counts(simulator) == (1, 1)


async def test_a_refused_connection_fails_over(
    simulator: str, providers: dict[str, Provider]
) -> None:
    row = ProviderSettings("dead", "openai", "http://127.0.0.1:1/v1", "k")
    async with httpx.AsyncClient() as client:
        dead = {**providers, "dead": PROVIDERS["openai"](row, client)}
        text, trail, error = await ask(dead, stream=False, targets=(Target("dead", "x"), AZURE))
    assert error is None
    assert text
    assert [attempt.failure for attempt in trail.attempts] == ["connect", None]


async def test_leaving_a_stream_cancels_the_call(
    simulator: str, providers: dict[str, Provider]
) -> None:
    await fail(simulator, "openai", kind="stall", seconds=30)
    trail = Trail("req_1", CALLER)
    request = ChatRequest(BODY | {"stream": True})
    async with dispatched(request, Route("m", (OPENAI,), timeouts=TIMEOUTS), providers, trail) as (
        _,
        chunks,
    ):
        assert chunks is not None
        await anext(chunks)
    for _ in range(50):
        async with httpx.AsyncClient() as control:
            report = (await control.get(f"{simulator}/calls")).json()
        if report["openai"]["left"] == 1:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the simulator still serves a client that left")
