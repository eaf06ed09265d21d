"""What is odd and no fault, or a fault in words only: a client has to read it rightly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import orjson

from controlplane.local.simulator.turn import Turn

# Pings end some day, should a client wait for ever.
LONGEST_SECONDS = 600.0
_UNKNOWN = b'{"type":"simulated_unknown","later":true}'
_STOP = b'"finish_reason":"stop"'


class Ordered(Protocol):
    """What was ordered."""

    @property
    def status(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def after(self) -> int: ...


async def pings(turn: Turn, _fault: Ordered) -> None:
    """Pings and nothing else."""
    await turn.begin()
    await _ping(turn, LONGEST_SECONDS, 0.5)
    await turn.exchange.end()


async def alive(turn: Turn, fault: Ordered) -> None:
    """Pings for `seconds`, then the right answer."""
    await turn.begin()
    await _ping(turn, fault.seconds, min(5.0, fault.seconds / 10))
    await turn.exchange.write(turn.pieces)
    await turn.exchange.end()


async def _ping(turn: Turn, seconds: float, pause: float) -> None:
    # Where no events are asked for, the white space that JSON allows does the same.
    ping = turn.wire.ping if turn.request.stream else b" "
    for _ in range(round(seconds / pause)):
        await turn.exchange.write((ping,))
        await turn.exchange.pause(pause)


async def no_end(turn: Turn, _fault: Ordered) -> None:
    """A stream without its closing event."""
    await turn.send(*_without_end(turn))


async def open_end(turn: Turn, fault: Ordered) -> None:
    """A stream without its closing event, whose connection stays open for `seconds`."""
    if not turn.request.stream:
        await turn.play()
        return
    await turn.begin()
    await turn.exchange.write(_without_end(turn))
    await turn.exchange.pause(fault.seconds)
    await turn.exchange.end()


async def noise(turn: Turn, _fault: Ordered) -> None:
    """The right answer between all that says nothing, and with every line end there is."""
    if not turn.request.stream:
        await turn.send(b" \n", *turn.pieces, b"\n")
        return
    *events, last = turn.pieces
    noisy = [b"\xef\xbb\xbf: hello\n\n"]
    for number, event in enumerate(events):
        end = (b"\n", b"\r\n", b"\r")[number % 3]
        noisy.append((b"data:\n\n: comment\n\n" + event).replace(b"\n", end))
    await turn.send(*noisy, last.rstrip(b"\n"))


async def unknown(turn: Turn, fault: Ordered) -> None:
    """The right answer, with what a later version of the format may bring."""
    if not turn.request.stream:
        await turn.send(orjson.dumps({**turn.completion, "simulated_unknown": {"later": True}}))
        return
    frames = turn.frames
    at = len(frames.start) + min(fault.after, len(frames.content))
    events = list(frames.whole)
    await turn.send(*events[:at], turn.wire.event(_UNKNOWN, at), *events[at:])


async def given_up(turn: Turn, fault: Ordered) -> None:
    """The provider says in the place of the reason to stop that it failed."""
    wire, request = turn.wire, turn.request
    error = orjson.dumps(wire.error(fault.status, request.model).body)
    if not request.stream:
        body = orjson.dumps(turn.completion)
        words = body.replace(_STOP, b'"finish_reason":"error"') if _STOP in body else error
        await turn.send(wire.failed(request, fault.status, None) or words)
        return
    frames = turn.frames
    said = [*frames.start, *frames.content[: fault.after]]
    if failed := wire.failed(request, fault.status, len(said)):
        await turn.send(*said, failed)
        return
    end = frames.finish[0]
    end = end.replace(_STOP, b'"finish_reason":"error"') if _STOP in end else wire.event(error)
    await turn.send(*said, end, *frames.done)


def _without_end(turn: Turn) -> Sequence[bytes]:
    return turn.pieces[: -len(turn.frames.done)] if turn.request.stream else turn.pieces
