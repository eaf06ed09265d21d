"""When a sick part is left alone, and who looks whether it is back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pytest

from controlplane.adapters.breaker import Breaker, BreakerOpen
from controlplane.errors import Unreachable


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(3, 2.0, 8.0, clock=clock)


def ask(breaker: Breaker, outcome: Exception | None = None) -> float:
    with breaker.attempt("sqs", 1.5) as seconds:
        if outcome:
            raise outcome
    return seconds


def fail(breaker: Breaker, outcome: Exception) -> None:
    with pytest.raises(Unreachable) as raised:
        ask(breaker, outcome)
    assert not isinstance(raised.value, BreakerOpen)


def is_open(breaker: Breaker) -> bool:
    try:
        ask(breaker)
    except BreakerOpen:
        return True
    return False


def test_one_that_hung_opens_it(breaker: Breaker) -> None:
    fail(breaker, TimeoutError())
    assert is_open(breaker)


def test_three_failures_in_a_row_open_it(breaker: Breaker) -> None:
    for _ in range(2):
        fail(breaker, Unreachable("sqs"))
    assert ask(breaker) == 1.5, "an answer between them counts"
    for _ in range(3):
        fail(breaker, Unreachable("sqs"))
    assert is_open(breaker)


def test_a_refusal_is_an_answer(breaker: Breaker) -> None:
    for _ in range(5):
        with pytest.raises(ValueError, match="no"):
            ask(breaker, ValueError("no"))
    assert ask(breaker) == 1.5


def test_one_at_a_time_looks_with_little_time_and_later_each_time(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, TimeoutError())
    for pause in (2, 4, 8, 8):
        clock.now += pause - 0.01
        assert is_open(breaker)
        clock.now += 0.01
        with suppress(Unreachable), breaker.attempt("sqs", 1.5) as seconds:
            assert seconds == 0.5
            assert is_open(breaker), "the others go on meanwhile"
            raise TimeoutError
    clock.now += 8
    assert ask(breaker) == 0.5
    assert ask(breaker) == 1.5, "it is well again"


def test_one_that_left_while_looking_keeps_nobody_out_for_ever(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, TimeoutError())
    clock.now += 2
    with pytest.raises(KeyboardInterrupt), breaker.attempt("sqs", 1.5):
        raise KeyboardInterrupt
    clock.now += 2
    assert ask(breaker) == 0.5


def test_what_began_before_it_opened_says_nothing_new(breaker: Breaker, clock: Clock) -> None:
    with suppress(Unreachable), breaker.attempt("sqs", 1.5):
        fail(breaker, TimeoutError())
        clock.now += 1.5
        raise TimeoutError
    clock.now += 0.5
    assert ask(breaker) == 0.5
