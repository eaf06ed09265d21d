"""Each part fails once, for seconds, while callers ask; each time all is well again soon."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.faults.callers import told
from tests.faults.conftest import RECOVERY_SECONDS, Scene
from tests.faults.invariants import (
    assert_cap_held,
    assert_one_answer,
    assert_one_record,
    assert_one_sum,
)
from tests.faults.parts import FREEZABLE, KILLABLE

CALLERS = 6
FAULT_SECONDS = 3.0
# The longest that a request may take; on a quiet machine it is a third of that.
MOST_SECONDS = 10.0
FAULTS = [("freeze", part) for part in FREEZABLE] + [("kill", part) for part in KILLABLE]


@pytest.mark.parametrize(("fault", "part"), FAULTS)
async def test_callers_of_a_stack_with_a_part_that_fails(
    settled: Scene, fault: str, part: str
) -> None:
    """No request waits longer than the bound, and none is a fault of the gateway."""
    began = time.monotonic()
    callers = settled.callers(CALLERS)
    async with callers.asking():
        await asyncio.to_thread(settled.break_part, fault, part)
        await asyncio.sleep(FAULT_SECONDS)
        await asyncio.to_thread(settled.heal, fault, part)
    recovered = await settled.recovered_in()
    asked = callers.since(began)
    slowest = max(each.seconds for each in asked)
    print(f"{fault} {part}: {told(asked)}; slowest {slowest:.1f} s, well after {recovered:.1f} s")
    assert recovered < RECOVERY_SECONDS
    assert_one_answer(asked, killed=part == "server")
    assert slowest < MOST_SECONDS


def test_afterwards_each_answer_has_one_record_and_the_sums_are_right(scene: Scene) -> None:
    """Over all that was asked in this file."""
    assert len([each for each in scene.asked if each.status == 200]) > 100
    assert_one_record(scene, scene.asked)
    assert_one_sum(scene)
    assert_cap_held(scene)
