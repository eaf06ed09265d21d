"""Connections that are refused, gone when they are used again, or kept."""

from __future__ import annotations

import asyncio

import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Target

from .conftest import NEXT, TARGETS, TEXT, Simulated

KINDS = {"openai": "gpt-4o", "azure": "gpt-4o", "anthropic": "claude-sonnet-4-5"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refused_connection_fails_over(
    simulated: Simulated, kind: str, stream: bool
) -> None:
    simulated.add(ProviderSettings("dead", kind, "http://127.0.0.1:1/v1", "k", "2024-10-21"))
    dead = Target("dead", KINDS[kind])
    outcome = await simulated.ask(dead, TARGETS[NEXT[kind]], stream=stream)
    assert outcome.error is None
    assert outcome.text == TEXT
    assert outcome.attempts == [("dead", "connect"), (NEXT[kind], None)]


async def test_a_connection_that_is_closed_while_idle_is_not_used_again(
    simulated: Simulated, name: str, stream: bool
) -> None:
    await simulated.fail(name, kind="hang-up")
    for _ in range(3):
        outcome = await simulated.ask(TARGETS[name], stream=stream)
        assert outcome.error is None
        assert (outcome.text, outcome.attempts) == (TEXT, [(name, None)])
        await asyncio.sleep(0.05)
    assert await simulated.calls() == {name: 3}


async def test_a_connection_that_closes_as_it_is_used_again_costs_an_attempt_and_no_answer(
    simulated: Simulated, name: str
) -> None:
    await simulated.fail(name, kind="stale")
    first = await simulated.ask(TARGETS[name], stream=False)
    second = await simulated.ask(TARGETS[name], stream=False)
    for outcome in (first, second):
        assert outcome.error is None
        assert outcome.text == TEXT
    assert first.attempts == [(name, None)]
    (_, failure), answered = second.attempts
    assert failure in ("protocol", "connect")
    assert answered == (name, None)
    assert await simulated.calls() == {name: 3}


async def test_the_connection_of_a_stream_serves_the_next_call(
    simulated: Simulated, name: str
) -> None:
    await simulated.fail(name, kind="stale")
    assert (await simulated.ask(TARGETS[name], stream=True)).error is None
    again = await simulated.ask(TARGETS[name], stream=True)
    assert again.error is None
    assert [failure is None for _, failure in again.attempts] == [False, True]
