"""What a provider can do wrong, one row each."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from controlplane.local.simulator.openai_errors import QUOTA
from controlplane.local.simulator.turn import Turn
from controlplane.local.simulator.wire import Headers

HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
DRIP_SECONDS = 0.5
# Drips and keep-alives end some day, should a client wait for ever.
LONGEST_SECONDS = 600.0
_NAME = re.compile(r"\Asim-(?P<kind>\d{3}|[a-z][a-z-]*?)(?:-(?P<number>\d+(?:\.\d+)?))?\Z")
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `seconds` is how long delays last, `after` how many events come before it."""

    kind: str
    status: int = 500
    retry_after: float | None = None
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
        numbers = (fault.status, fault.retry_after or 0, fault.seconds, fault.after)
        if not all(isinstance(number, int | float) and number >= 0 for number in numbers):
            raise ValueError("'status', 'retry_after', 'seconds' and 'after' must be numbers.")
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
    raise turn.wire.error(fault.status, turn.request.model, fault.retry_after)


async def _quota(turn: Turn, _fault: Fault) -> None:
    await turn.exchange.respond(429, orjson.dumps(QUOTA))


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


async def _error_object(turn: Turn, _fault: Fault) -> None:
    error = turn.wire.error(500, turn.request.model, None)
    await turn.send(_framed(turn, orjson.dumps(error.body)))


async def _no_choices(turn: Turn, _fault: Fault) -> None:
    if turn.request.stream:
        await turn.send(*turn.frames.usage, *turn.frames.done)
    else:
        await turn.send(orjson.dumps({**turn.completion, "choices": []}))


async def _no_usage(turn: Turn, _fault: Fault) -> None:
    if turn.request.stream:
        frames = turn.frames
        await turn.send(*frames.content, *frames.finish, *frames.done)
    else:
        kept = {name: value for name, value in turn.completion.items() if name != "usage"}
        await turn.send(orjson.dumps(kept))


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


async def _pings(turn: Turn, _fault: Fault) -> None:
    # Where no events are asked for, the white space that JSON allows does the same.
    ping = b": keep-alive\n\n" if turn.request.stream else b" "
    await turn.begin()
    for _ in range(int(LONGEST_SECONDS / DRIP_SECONDS)):
        await turn.exchange.write((ping,))
        await turn.exchange.pause(DRIP_SECONDS)
    await turn.exchange.end()


def _split(turn: Turn, fault: Fault) -> tuple[list[bytes], list[bytes]]:
    """The right answer before and after the fault; the finish of a stream is always after it."""
    pieces = turn.pieces
    last = len(turn.frames.content) if turn.request.stream else 1
    at = min(fault.after, last)
    return pieces[:at], pieces[at:]


def _framed(turn: Turn, data: bytes) -> bytes:
    return b"data: %b\n\n" % data if turn.request.stream else data


FAULTS: Mapping[str, Callable[[Turn, Fault], Awaitable[None]]] = {
    "status": _status,
    "quota": _quota,
    "delay": _delay,
    "stall": _stall,
    "reset": _reset,
    "drop": _drop,
    "truncated": _truncated,
    "html": _html,
    "empty-object": _empty_object,
    "error-object": _error_object,
    "no-choices": _no_choices,
    "no-usage": _no_usage,
    "garbage": _garbage,
    "early-end": _early_end,
    "early-done": _early_done,
    "empty-stream": _empty_stream,
    "drip": _drip,
    "pings": _pings,
}
