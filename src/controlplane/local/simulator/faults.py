"""What a provider can do wrong, one row each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.local.simulator import odd_streams
from controlplane.local.simulator.exchange import JSON
from controlplane.local.simulator.generation import generate
from controlplane.local.simulator.turn import Turn
from controlplane.local.simulator.wire import Headers, Refusal

HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
DRIP_SECONDS = 0.5
_NAME = re.compile(r"\Asim-(?P<kind>\d{3}|[a-z][a-z-]*?)(?:-(?P<number>\d+(?:\.\d+)?))?\Z")
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `seconds` is how long delays last, `after` how many events come before it.

    A refusal says when to come back in seconds (`retry_after`), in milliseconds, or not at all.
    """

    kind: str
    status: int = 500
    retry_after: float | None = None
    retry_after_ms: float | None = None
    seconds: float = 3.0
    after: int = 3

    @classmethod
    def from_dict(cls, row: Any) -> Fault:
        """Read `{"kind": ..., ...}`. Raises ValueError with one sentence."""
        if not isinstance(row, dict) or row.get("kind") not in FAULTS:
            raise ValueError(f"'kind' must be one of {', '.join(FAULTS)}.")
        try:
            fault = cls(**row)
        except TypeError:
            names = ", ".join(cls.__slots__)
            raise ValueError(f"A fault has only the members {names}.") from None
        waits = (fault.retry_after or 0, fault.retry_after_ms or 0)
        numbers = (fault.status, *waits, fault.seconds, fault.after)
        if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
            raise ValueError("All members of a fault but 'kind' must be numbers.")
        if not 200 <= fault.status <= 599:
            raise ValueError("'status' must be from 200 to 599.")
        return fault

    @classmethod
    def of_model(cls, model: str) -> Fault | None:
        """The fault that a model's name asks for: `sim-429`, `sim-429-7`, `sim-delay-2.5`, ...

        The number is `retry_after` of a status and `seconds` of anything else. None where the name
        asks for nothing; raises ValueError where it names no fault.
        """
        if not model.startswith("sim-"):
            return None
        match = _NAME.match(model)
        if match is None:
            raise ValueError("not the name of a fault")
        kind, number = match["kind"], match["number"]
        if kind.isdigit():
            row: dict[str, Any] = {"kind": "status", "status": int(kind)}
            return cls.from_dict(row | ({"retry_after": float(number)} if number else {}))
        return cls.from_dict({"kind": kind} | ({"seconds": float(number)} if number else {}))


async def _status(turn: Turn, fault: Fault) -> None:
    error = turn.wire.error(fault.status, turn.request.model)
    raise Refusal(error.status, error.body, (*error.headers, *_retry_headers(fault)))


def _retry_headers(fault: Fault) -> Headers:
    waits = ((b"retry-after", fault.retry_after), (b"retry-after-ms", fault.retry_after_ms))
    return tuple((name, f"{wait:g}".encode()) for name, wait in waits if wait is not None)


async def _quota(turn: Turn, _fault: Fault) -> None:
    raise turn.wire.quota()


async def _too_long(turn: Turn, _fault: Fault) -> None:
    raise turn.wire.too_long()


async def _delay(turn: Turn, fault: Fault) -> None:
    await turn.exchange.pause(fault.seconds)
    await turn.play()


async def _stall(turn: Turn, fault: Fault) -> None:
    first, rest = _split(turn, fault)
    await turn.begin()
    await turn.exchange.write(first)
    await turn.exchange.pause(fault.seconds)
    await turn.exchange.write(rest)
    await turn.exchange.end()


async def _reset(turn: Turn, _fault: Fault) -> None:
    await turn.exchange.cut(reset=True)


async def _stale(turn: Turn, _fault: Fault) -> None:
    # What a client meets whose kept connection is closed at the moment it is used again.
    if turn.exchange.reused:
        await turn.exchange.cut(reset=False)
    else:
        await turn.play()


async def _hang_up(turn: Turn, _fault: Fault) -> None:
    await turn.play()
    turn.exchange.close_after_the_answer()


async def _drop(turn: Turn, fault: Fault) -> None:
    first, _ = _split(turn, fault)
    await turn.begin()
    await turn.exchange.write(first)
    await turn.exchange.cut(reset=False)


async def _truncated(turn: Turn, fault: Fault) -> None:
    first, rest = _split(turn, fault)
    await turn.send(*first, rest[0][: len(rest[0]) // 2] if turn.request.stream else b"")


async def _html(turn: Turn, _fault: Fault) -> None:
    await turn.exchange.respond(200, _PAGE, HTML)


async def _empty_object(turn: Turn, _fault: Fault) -> None:
    await turn.send(_framed(turn, b"{}"))


async def _error_object(turn: Turn, fault: Fault) -> None:
    # As JSON even where events were asked for.
    await turn.exchange.respond(200, _error(turn, fault), JSON)


async def _error_first(turn: Turn, fault: Fault) -> None:
    await turn.send(_framed(turn, _error(turn, fault)))


async def _error_mid(turn: Turn, fault: Fault) -> None:
    first, _ = _split(turn, fault)
    await turn.send(*first, _framed(turn, _error(turn, fault), len(first)))


async def _no_choices(turn: Turn, _fault: Fault) -> None:
    if turn.request.stream:
        await turn.send(*turn.frames.hollow)
    else:
        await turn.send(orjson.dumps(turn.wire.hollow(turn.completion)))


async def _no_usage(turn: Turn, _fault: Fault) -> None:
    if turn.request.stream:
        generation = generate(turn.request.chat)
        await turn.send(*turn.wire.frames(generation, turn.request, usage=False).whole)
    else:
        await turn.send(orjson.dumps(turn.whole(usage=False)))


async def _garbage(turn: Turn, fault: Fault) -> None:
    first, rest = _split(turn, fault)
    await turn.send(*first, _framed(turn, b'{"id": \xff\xfe <garbage>'), *rest)


async def _early_end(turn: Turn, fault: Fault) -> None:
    await turn.send(*_split(turn, fault)[0])


async def _early_done(turn: Turn, fault: Fault) -> None:
    done = turn.frames.done if turn.request.stream else ()
    await turn.send(*_split(turn, fault)[0], *done)


async def _empty_stream(turn: Turn, _fault: Fault) -> None:
    await turn.send()


async def _drip(turn: Turn, _fault: Fault) -> None:
    await turn.begin()
    for piece in turn.pieces:
        for at in range(len(piece)):
            await turn.exchange.write((piece[at : at + 1],))
            await turn.exchange.pause(DRIP_SECONDS)
    await turn.exchange.end()


def _split(turn: Turn, fault: Fault) -> tuple[list[bytes], list[bytes]]:
    """The right answer before and after the fault; the finish of a stream is always after it."""
    pieces = turn.pieces
    at = min(fault.after, 1)
    if turn.request.stream:
        at = len(turn.frames.start) + min(fault.after, len(turn.frames.content))
    return pieces[:at], pieces[at:]


def _framed(turn: Turn, data: bytes, number: int = 0) -> bytes:
    return turn.wire.event(data, number) if turn.request.stream else data


def _error(turn: Turn, fault: Fault) -> bytes:
    return orjson.dumps(turn.wire.error(fault.status, turn.request.model).body)


FAULTS: Mapping[str, Callable[[Turn, Fault], Awaitable[None]]] = {
    "status": _status,
    "quota": _quota,
    "too-long": _too_long,
    "delay": _delay,
    "stall": _stall,
    "reset": _reset,
    "stale": _stale,
    "hang-up": _hang_up,
    "drop": _drop,
    "truncated": _truncated,
    "html": _html,
    "empty-object": _empty_object,
    "error-object": _error_object,
    "error-first": _error_first,
    "error-mid": _error_mid,
    "no-choices": _no_choices,
    "no-usage": _no_usage,
    "garbage": _garbage,
    "early-end": _early_end,
    "early-done": _early_done,
    "empty-stream": _empty_stream,
    "drip": _drip,
    "pings": odd_streams.pings,
    "alive": odd_streams.alive,
    "no-end": odd_streams.no_end,
    "open-end": odd_streams.open_end,
    "noise": odd_streams.noise,
    "unknown": odd_streams.unknown,
    "given-up": odd_streams.given_up,
}
