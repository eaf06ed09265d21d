"""A caller who leaves: the provider's call ends, nothing more is started, what came is counted."""

from __future__ import annotations

import asyncio
import time

from tests.unit.gateway.parts import chunks_of, dispatched

from controlplane.domain.routing import Route
from controlplane.protocols.chat_completions.request import ChatRequest

from .conftest import NEXT, TARGETS, TIMEOUTS, Outcome, Simulated, chat


async def test_leaving_while_waiting(simulated: Simulated, name: str, stream: bool) -> None:
    await simulated.fail(name, kind="delay", seconds=30)
    asking = asyncio.create_task(simulated.ask(TARGETS[name], TARGETS[NEXT[name]], stream=stream))
    await _until(simulated, name, "count")
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    await _until(simulated, name, "left")
    assert await simulated.calls() == {name: 1}


async def test_leaving_between_two_attempts(simulated: Simulated, name: str, stream: bool) -> None:
    await simulated.fail(name, kind="status", status=503, retry_after=0.5)
    asking = asyncio.create_task(simulated.ask(TARGETS[name], stream=stream))
    await _until(simulated, name, "count")
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    await asyncio.sleep(0.6)
    assert await simulated.calls() == {name: 1}


async def test_leaving_in_the_middle_of_a_stream(simulated: Simulated, name: str) -> None:
    await simulated.fail(name, kind="stall", seconds=30)
    trail = Outcome().trail
    route = Route("m", (TARGETS[name], TARGETS[NEXT[name]]), timeouts=TIMEOUTS)
    request = ChatRequest(chat(stream=True))
    async with dispatched(request, route, simulated.providers, trail) as content:
        await anext(chunks_of(content))
    await _until(simulated, name, "left")
    assert await simulated.calls() == {name: 1}
    assert trail.usage is not None
    assert trail.usage.estimated


async def _until(simulated: Simulated, name: str, member: str) -> None:
    deadline = time.monotonic() + 3
    while (await simulated.report())[name][member] != 1:
        assert time.monotonic() < deadline, f"{member} of {name} never became 1"
        await asyncio.sleep(0.02)
