"""All targets in trouble, or one that comes and goes: how long the caller waits, and for what."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.routing import Timeouts

from .conftest import NEXT, TARGETS, TEXT, TIMEOUTS, Simulated

# Who waits is the same code over either transport.
pytestmark = pytest.mark.parametrize("simulated", ["httpx"], indirect=True)
PATIENT = Timeouts(connect_s=0.5, first_byte_s=0.6, idle_s=0.6, total_s=5.0)


@pytest.mark.parametrize("kind", ["drip", "pings", "delay", "stall"])
async def test_nobody_waits_beyond_the_deadline(
    simulated: Simulated, name: str, stream: bool, kind: str
) -> None:
    for provider in (name, NEXT[name]):
        await simulated.fail(provider, kind=kind, seconds=30, after=0)
    outcome = await simulated.ask(TARGETS[name], TARGETS[NEXT[name]], stream=stream)
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.code) == (504, "provider_timeout")
    assert outcome.text == ""
    assert outcome.seconds < TIMEOUTS.total_s + 0.5
    # What was sent was read, and is paid for; what was said to it nobody knows.
    usage = outcome.trail.usage
    assert usage is not None
    assert (usage.input > 0, usage.output, "input" in usage.estimated) == (True, 0, True)


async def test_targets_that_are_silent_are_called_once_each(
    simulated: Simulated, name: str, stream: bool
) -> None:
    for provider in (name, NEXT[name]):
        await simulated.fail(provider, kind="delay", seconds=30)
    outcome = await simulated.ask(
        TARGETS[name], TARGETS[NEXT[name]], stream=stream, timeouts=PATIENT
    )
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.code) == (504, "provider_timeout")
    assert await simulated.calls() == {name: 1, NEXT[name]: 1}
    assert outcome.seconds < 2


@pytest.mark.parametrize("kind", ["alive", "delay"])
async def test_a_route_that_does_not_hurry_waits_for_the_first_target(
    simulated: Simulated, name: str, stream: bool, kind: str
) -> None:
    await simulated.fail(name, kind=kind, seconds=0.9)
    timeouts = Timeouts(idle_s=0.5 if kind == "alive" else 3.0)
    outcome = await simulated.ask(
        TARGETS[name], TARGETS[NEXT[name]], stream=stream, timeouts=timeouts
    )
    assert outcome.error is None
    assert outcome.attempts == [(name, None)]
    assert outcome.seconds > 0.9


@pytest.mark.parametrize(
    ("fault", "status", "code", "calls"),
    [
        ({"kind": "status", "status": 500}, 502, "provider_error", 3),
        ({"kind": "status", "status": 503}, 503, "provider_overloaded", 3),
        ({"kind": "status", "status": 529}, 503, "provider_overloaded", 3),
        ({"kind": "status", "status": 401}, 502, "provider_misconfigured", 2),
        ({"kind": "status", "status": 404}, 502, "provider_misconfigured", 2),
        ({"kind": "reset"}, 502, "provider_error", 3),
        ({"kind": "html"}, 502, "provider_error", 3),
        ({"kind": "empty-stream"}, 502, "provider_error", 3),
    ],
    ids=str,
)
async def test_both_targets_are_down(
    simulated: Simulated,
    name: str,
    stream: bool,
    fault: dict[str, Any],
    status: int,
    code: str,
    calls: int,
) -> None:
    for provider in (name, NEXT[name]):
        await simulated.fail(provider, **fault)
    outcome = await simulated.ask(TARGETS[name], TARGETS[NEXT[name]], stream=stream)
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.code) == (status, code)
    assert sum((await simulated.calls()).values()) == len(outcome.attempts) == calls
    assert outcome.trail.usage is None


@pytest.mark.parametrize(
    ("wait", "said"), [({"retry_after": 40}, "40"), ({"retry_after_ms": 40_000}, "40")], ids=str
)
async def test_the_shortest_wait_that_is_asked_for_is_passed_on(
    simulated: Simulated, name: str, stream: bool, wait: dict[str, Any], said: str
) -> None:
    await simulated.fail(name, kind="status", status=429, **wait)
    await simulated.fail(NEXT[name], kind="status", status=529, retry_after=60)
    outcome = await simulated.ask(TARGETS[name], TARGETS[NEXT[name]], stream=stream)
    assert outcome.error is not None
    assert (outcome.error.status, outcome.error.headers["Retry-After"]) == (503, said)
    # Nobody who asked for more time than there is was called again.
    assert await simulated.calls() == {name: 1, NEXT[name]: 1}
    assert outcome.seconds < 1


@pytest.mark.parametrize("wait", [{"retry_after": 1}, {"retry_after_ms": 1000}], ids=str)
async def test_a_short_wait_is_waited_for(
    simulated: Simulated, name: str, stream: bool, wait: dict[str, Any]
) -> None:
    await simulated.fail(name, times=1, kind="status", status=429, **wait)
    outcome = await simulated.ask(TARGETS[name], stream=stream, timeouts=PATIENT)
    assert outcome.error is None
    assert (outcome.text, outcome.attempts) == (TEXT, [(name, "status"), (name, None)])
    assert 1 <= outcome.seconds < 2
    assert await simulated.calls() == {name: 2}


async def test_a_target_that_flaps_is_asked_again(
    simulated: Simulated, name: str, stream: bool
) -> None:
    for kind in ("reset", "status", "html"):
        await simulated.fail(name, times=1, kind=kind)
        outcome = await simulated.ask(TARGETS[name], stream=stream)
        assert outcome.error is None
        assert outcome.text == TEXT
        assert [failure is None for _, failure in outcome.attempts] == [False, True]
    assert await simulated.calls() == {name: 6}
    await simulated.fail(name, times=2, kind="status", status=503)
    outcome = await simulated.ask(TARGETS[name], stream=stream)
    assert outcome.error is None
    assert await simulated.calls() == {name: 9}
