"""The fault table: what a provider does wrong, and what the caller gets, streamed and not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from controlplane.domain.inference import ProtocolName

from .conftest import NEXT, TARGETS, TEXT, TIMEOUTS, Outcome, Simulated


@dataclass(frozen=True)
class Expected:
    """What becomes of a request whose first provider fails.

    `failures` is what the trail may say of it; empty where it is no failure. With `status` the
    caller gets that error and nobody else is asked; else the next target answers. `cut` says that
    part of the answer came before, `estimated` that the answer does not say what it used, `short`
    that it says less than it should.
    """

    failures: tuple[str, ...]
    status: int | None = None
    code: str | None = None
    cut: bool = False
    estimated: bool = False
    short: bool = False


def following(*failures: str) -> Expected:
    """The next target answers."""
    return Expected(failures)


def refused(status: int) -> Expected:
    """The provider's own refusal is the answer."""
    return Expected(("status",), status)


def cut(status: int = 502, code: str = "stream_interrupted") -> Expected:
    """An error inside the stream that has begun."""
    return Expected(("cut",), status, code, cut=True)


TIMEOUT, PROTOCOL, STATUS = (following(kind) for kind in ("timeout", "protocol", "status"))
ITSELF, UNCOUNTED, SHORT = Expected(()), Expected((), estimated=True), Expected((), short=True)
# An error may say its status or none; a reset looks to aiohttp like no connection.
IN_BAND, RESET = following("protocol", "status"), following("protocol", "connect")

# Fault, what follows for a whole answer, what follows for a stream.
TABLE: list[tuple[dict[str, Any], Expected, Expected]] = [
    ({"kind": "reset"}, RESET, RESET),
    ({"kind": "delay", "seconds": 30}, TIMEOUT, TIMEOUT),
    ({"kind": "stall", "seconds": 30, "after": 0}, TIMEOUT, TIMEOUT),
    ({"kind": "stall", "seconds": 30}, TIMEOUT, cut(504)),
    ({"kind": "stall", "seconds": 30, "after": 1}, TIMEOUT, TIMEOUT),
    # Each byte comes in time; what they begin does not.
    ({"kind": "drip"}, TIMEOUT, TIMEOUT),
    ({"kind": "pings"}, TIMEOUT, TIMEOUT),
    *(({"kind": "status", "status": s}, refused(s), refused(s)) for s in (400, 413, 422)),
    *(
        ({"kind": "status", "status": status}, STATUS, STATUS)
        for status in (401, 403, 404, 408, 429, 500, 502, 503, 504, 529)
    ),
    ({"kind": "status", "status": 429, "retry_after": 30}, STATUS, STATUS),
    ({"kind": "status", "status": 429, "retry_after_ms": 30_000}, STATUS, STATUS),
    ({"kind": "quota"}, STATUS, STATUS),
    ({"kind": "html"}, PROTOCOL, PROTOCOL),
    ({"kind": "empty-object"}, PROTOCOL, PROTOCOL),
    ({"kind": "error-object"}, IN_BAND, PROTOCOL),
    ({"kind": "no-choices"}, PROTOCOL, PROTOCOL),
    ({"kind": "no-usage"}, UNCOUNTED, UNCOUNTED),
    ({"kind": "no-end"}, ITSELF, ITSELF),
    ({"kind": "open-end", "seconds": 30}, ITSELF, ITSELF),
    ({"kind": "noise"}, ITSELF, ITSELF),
    ({"kind": "alive", "seconds": 0.3}, ITSELF, ITSELF),
    ({"kind": "drop"}, PROTOCOL, cut()),
    ({"kind": "drop", "after": 0}, PROTOCOL, PROTOCOL),
    ({"kind": "drop", "after": 1}, PROTOCOL, PROTOCOL),
    ({"kind": "truncated"}, PROTOCOL, cut()),
    ({"kind": "empty-stream"}, PROTOCOL, PROTOCOL),
    ({"kind": "early-end"}, PROTOCOL, cut()),
    ({"kind": "early-end", "after": 1}, PROTOCOL, PROTOCOL),
    ({"kind": "early-end", "after": 99}, PROTOCOL, cut()),
    ({"kind": "early-done"}, PROTOCOL, cut()),
    ({"kind": "garbage"}, PROTOCOL, cut()),
    ({"kind": "garbage", "after": 1}, PROTOCOL, PROTOCOL),
    ({"kind": "error-first", "status": 529}, IN_BAND, IN_BAND),
    ({"kind": "error-mid", "status": 529, "after": 1}, PROTOCOL, IN_BAND),
    ({"kind": "given-up"}, IN_BAND, cut()),
    ({"kind": "given-up", "after": 1}, IN_BAND, IN_BAND),
    ({"kind": "error-mid", "status": 529}, PROTOCOL, cut()),
]


def _name(fault: Any) -> str | None:
    return "-".join(str(value) for value in fault.values()) if isinstance(fault, dict) else None


@pytest.mark.parametrize(("fault", "whole", "streamed"), TABLE, ids=_name)
async def test_faults(
    simulated: Simulated,
    name: str,
    stream: bool,
    fault: dict[str, Any],
    whole: Expected,
    streamed: Expected,
) -> None:
    await simulated.fail(name, **fault)
    outcome = await simulated.ask(TARGETS[name], TARGETS[NEXT[name]], stream=stream)
    expected = streamed if stream else whole
    check(outcome, expected, name, NEXT[name])
    answered_by_next = bool(expected.failures) and expected.status is None
    calls = {name: 1} | ({NEXT[name]: 1} if answered_by_next else {})
    assert await simulated.calls() == calls
    assert outcome.seconds < TIMEOUTS.total_s + 1


# Of Responses the last event alone says that the answer is complete, and repeats it; one without
# output is an answer; and callers get the provider's own code of a failure.
OF_RESPONSES = {
    "no-choices": (SHORT, SHORT),
    "no-end": (ITSELF, cut()),
    "open-end-30": (ITSELF, cut(504)),
    "early-done": (PROTOCOL, SHORT),
    "given-up": (IN_BAND, cut(code="server_error")),
}
RESPONSES_OF_CLAUDE = {
    "given-up": (IN_BAND, cut(code="api_error")),
    "error-mid-529": (PROTOCOL, cut(code="overloaded_error")),
}


@dataclass(frozen=True)
class Way:
    """A client's protocol to a provider, and what becomes of faults otherwise than in TABLE.

    `make test` takes it over one transport, and where it is translated with REPRESENTATIVE alone;
    the others belong to `make soak`.
    """

    protocol: ProtocolName
    provider: str
    transport: str | None = None
    native: bool = False
    differing: Mapping[str, tuple[Expected, Expected]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.protocol}-{self.provider}"

    def marks(self, transport: str, fault: dict[str, Any]) -> tuple[pytest.MarkDecorator, ...]:
        ordinary = self.native or fault["kind"] in REPRESENTATIVE
        return () if ordinary and transport == self.transport else (pytest.mark.soak,)


WAYS = (
    Way(ProtocolName.MESSAGES, "anthropic", "aiohttp", native=True),
    Way(ProtocolName.RESPONSES, "openai", "httpx", native=True, differing=OF_RESPONSES),
    Way(ProtocolName.RESPONSES, "azure", native=True, differing=OF_RESPONSES),
    Way(ProtocolName.MESSAGES, "openai", "httpx"),
    Way(ProtocolName.MESSAGES, "azure"),
    Way(ProtocolName.RESPONSES, "anthropic", "aiohttp", differing=RESPONSES_OF_CLAUDE),
)
# One fault of each kind: late, refused, in a wrong form, cut, in band, and what is no fault.
REPRESENTATIVE = {"stall", "quota", "html", "drop", "early-end", "garbage", "error-first"}
REPRESENTATIVE |= {"error-mid", "given-up", "no-usage", "noise"}
CASES = [
    pytest.param(
        *(transport, way, fault),
        *way.differing.get(_name(fault) or "", (whole, streamed)),
        marks=way.marks(transport, fault),
        id=f"{transport}-{way}-{_name(fault)}",
    )
    for way in WAYS
    for transport in ("httpx", "aiohttp")
    for fault, whole, streamed in TABLE
]


@pytest.mark.parametrize(
    ("simulated", "way", "fault", "whole", "streamed"), CASES, indirect=["simulated"]
)
async def test_faults_of_other_protocols(
    simulated: Simulated,
    way: Way,
    stream: bool,
    fault: dict[str, Any],
    whole: Expected,
    streamed: Expected,
) -> None:
    name, following = way.provider, NEXT[way.provider]
    await simulated.fail(name, **fault)
    outcome = await simulated.ask(
        TARGETS[name], TARGETS[following], stream=stream, protocol=way.protocol
    )
    expected = streamed if stream else whole
    check(outcome, expected, name, following)
    answered_by_next = bool(expected.failures) and expected.status is None
    assert await simulated.calls() == {name: 1} | ({following: 1} if answered_by_next else {})
    assert outcome.seconds < TIMEOUTS.total_s + 1


def check(outcome: Outcome, expected: Expected, name: str, following: str) -> None:
    """The outcome is the expected one; `following` is who answers where `name` does not."""
    error = outcome.error
    if expected.status is not None:
        assert error is not None
        assert error.status == expected.status
        assert error.code == expected.code or expected.code is None
        assert outcome.attempts == [(name, *expected.failures)]
        assert bool(outcome.text) == expected.cut
        assert TEXT.startswith(outcome.text)
        charged = expected.cut or "timeout" in expected.failures
        assert (outcome.trail.usage is not None) == charged
        return
    assert error is None
    assert TEXT.startswith(outcome.text)
    assert (outcome.text != TEXT) == expected.short
    if expected.failures:
        (first, failure), second = outcome.attempts
        assert (first, second) == (name, (following, None))
        assert failure in expected.failures
        assert outcome.trail.provider == following
    else:
        assert outcome.attempts == [(name, None)]
    # Exactly one answer is charged.
    assert outcome.trail.usage is not None
    assert bool(outcome.trail.usage.estimated) == expected.estimated
