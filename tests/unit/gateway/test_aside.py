"""What is screened for long keeps no other caller waiting."""

from __future__ import annotations

import asyncio
import random
import string
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import count
from threading import get_ident
from typing import Any

import pytest

from controlplane.domain.access import Caller, Role
from controlplane.domain.inference import Event
from controlplane.errors import InvalidRequest, SensitiveData
from controlplane.gateway.aside import AT_ONCE_BYTES, aside, each_aside, size_of
from controlplane.gateway.call import Streamed, Whole
from controlplane.gateway.record import Trail
from controlplane.gateway.screen import effort, inspect, screen
from controlplane.gateway.screen_answer import screen_answer
from controlplane.policy.custom_patterns import MAX_PATTERNS
from controlplane.policy.screening import Action, Answers, CustomPattern, ScreeningPolicy
from controlplane.protocols.chat_completions.protocol import ChatCompletions
from controlplane.protocols.chat_completions.request import parse_chat_request
from controlplane.screening.redact import Tokens

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
CHAT = ChatCompletions()
MEGABYTE = 1_000_000
SIZE = MEGABYTE // 4
# Of the machine's time, which others want too: the best of a few tries counts.
TRIES, LONGEST_SECONDS = 4, 0.05


def letters(alphabet: str, size: int) -> str:
    return "".join(random.Random(1).choices(alphabet, k=size))


HOSTILE = {
    "digits": letters("0123456789 -.", SIZE),
    "escapes": '\\\\u0041\\"' * (SIZE // 9),
    "other alphabets": letters("".join(map(chr, range(0x100, 0x2FFF))), SIZE // 3),
    "assignments": "api_key=abcdefgh123 " * (SIZE // 20),
}
WIDE = ScreeningPolicy(custom=(CustomPattern("x", "a[ab]{90}c"),))


_tried = count()


def heavy_patterns() -> tuple[CustomPattern, ...]:
    """As many as a policy may have, none of them met before: light, and half a second to weigh."""
    rest = (string.ascii_letters + string.digits) * 8
    attempt = next(_tried)
    return tuple(
        CustomPattern(f"k{n}", f"{attempt:03}{n:02}{rest}"[:500]) for n in range(MAX_PATTERNS)
    )


async def longest_wait(work: Callable[[], Awaitable[Any]]) -> float:
    """How long, in seconds, the loop did nothing else while `work` ran; the best of a few tries."""
    longest = []
    for _ in range(TRIES):
        task = asyncio.ensure_future(work())
        waits, last = [0.0], time.perf_counter()
        while not task.done():
            await asyncio.sleep(0.001)
            now = time.perf_counter()
            waits.append(now - last)
            last = now
        await task
        longest.append(max(waits))
        if longest[-1] < LONGEST_SECONDS:
            break
    return min(longest)


def said(text: str) -> Event:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


async def gather(made: list[Any], steps: AsyncIterator[Any]) -> None:
    async for step in steps:
        made.append(step)


async def of_request(text: str, policy: ScreeningPolicy = ScreeningPolicy()) -> None:  # noqa: B008
    body = parse_chat_request(b'{"model":"m","messages":[{"role":"user","content":"x"}]}')
    body = body.with_redacted({**body.body, "messages": [{"role": "user", "content": text}]})
    trail = Trail("r-1", CALLER)
    with suppress(SensitiveData):
        await aside(partial(screen, body, CHAT, policy, trail), effort(policy, len(text)))


async def of_answer(text: str) -> None:
    policy = ScreeningPolicy(responses=Answers.BLOCK)
    answer = Whole({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]})
    with suppress(SensitiveData):
        async with screen_answer(answer, CHAT, policy, Tokens(), Trail("r-1", CALLER)):
            pass


async def of_stream(text: str) -> None:
    policy = ScreeningPolicy(responses=Answers.BLOCK)

    async def events() -> AsyncIterator[Event]:
        yield said(text)

    with suppress(SensitiveData):
        trail = Trail("r-1", CALLER)
        async with screen_answer(Streamed(events()), CHAT, policy, Tokens(), trail) as shown:
            assert isinstance(shown, Streamed)
            async for _ in shown.events:
                pass


@pytest.mark.parametrize("what", [of_request, of_answer, of_stream])
async def test_no_other_caller_waits_for_a_hostile_text(
    what: Callable[[str], Awaitable[None]],
) -> None:
    waited = await longest_wait(lambda: what(HOSTILE["digits"]))
    assert waited < LONGEST_SECONDS


@pytest.mark.parametrize("kind", ["escapes", "other alphabets", "assignments"])
async def test_no_other_caller_waits_whatever_the_text_is_like(kind: str) -> None:
    assert await longest_wait(lambda: of_request(HOSTILE[kind])) < LONGEST_SECONDS


async def test_no_other_caller_waits_for_patterns_stored_before_their_bound() -> None:
    text = letters("ab", 100_000)
    assert await longest_wait(lambda: of_request(text, WIDE)) < LONGEST_SECONDS


async def test_no_other_caller_waits_for_patterns_that_are_met_for_the_first_time() -> None:
    waited = await longest_wait(
        lambda: of_request("hello", ScreeningPolicy(custom=heavy_patterns()))
    )
    assert waited < LONGEST_SECONDS


def test_what_patterns_would_look_at_for_too_long_is_refused_at_once() -> None:
    custom = tuple(CustomPattern(f"x{n}", f"a[ab]{{{900 - n}}}c") for n in range(32))
    begin = time.thread_time()
    with pytest.raises(InvalidRequest, match=r"screening\.custom") as refused:
        inspect({"text": "ab" * (MEGABYTE // 2)}, ScreeningPolicy(custom=custom))
    assert refused.value.code == "input_not_screenable"
    # Weighing 32 patterns that are met for the first time included; it was 121 s.
    assert time.thread_time() - begin < 6


def test_looking_to_the_end_for_every_match_is_refused_too() -> None:
    policy = ScreeningPolicy(Action.OFF, Action.OFF, custom=(CustomPattern("x", "a[ab]*c|a"),))
    begin = time.thread_time()
    with pytest.raises(InvalidRequest, match="too long for the custom patterns"):
        inspect({"text": "ab" * (2 * MEGABYTE)}, ScreeningPolicy(custom=policy.custom))
    assert time.thread_time() - begin < 12


def test_rows_of_digits_take_a_microsecond_a_byte() -> None:
    inspect({"text": "1" * 5000}, ScreeningPolicy())
    begin = time.thread_time()
    inspect({"text": HOSTILE["digits"]}, ScreeningPolicy())
    # It was 16 times that.
    assert time.thread_time() - begin < 6e-6 * SIZE


def test_too_many_values_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="more than 100,000 strings") as refused:
        inspect({"messages": ["ab"] * 100_001}, ScreeningPolicy())
    assert refused.value.code == "input_not_screenable"
    assert not inspect({"input": [5] * 300_000}, ScreeningPolicy()).acted


async def test_small_work_stays_on_the_loop() -> None:
    assert await aside(get_ident, AT_ONCE_BYTES) == get_ident()
    assert await aside(get_ident, AT_ONCE_BYTES + 1) != get_ident()


@pytest.mark.parametrize("size", [0, AT_ONCE_BYTES + 1])
async def test_what_was_made_before_an_error_still_goes_out(size: int) -> None:
    def steps() -> Any:
        yield 1
        raise SensitiveData("no")

    made: list[Any] = []
    with pytest.raises(SensitiveData):
        await gather(made, each_aside(steps(), size))
    assert made == [1]


def test_a_size_is_counted_as_far_as_it_matters() -> None:
    assert size_of({"a": "b" * 100}) < 200
    assert size_of({"a": ["b" * 100] * 1000}) > AT_ONCE_BYTES
    assert size_of({"n" * 9000: 1}) > AT_ONCE_BYTES
    assert effort(WIDE, 1000) > effort(ScreeningPolicy(), 1000) == 1000
