"""What is true whatever has failed: one answer, one record, one sum, and no cap overdrawn."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal

import pytest

from tests.faults.callers import Asked
from tests.faults.conftest import CAP_USD, RECORD_SECONDS, Scene

DUPLICATES = "SELECT request_id FROM request_logs GROUP BY request_id HAVING count(*) > 1"
SUMS = """
SELECT (SELECT coalesce(sum(requests), 0) FROM usage_daily) - (SELECT count(*) FROM request_logs),
       (SELECT coalesce(sum(cost_microusd), 0) FROM usage_daily)
       - (SELECT coalesce(sum(cost_microusd), 0) FROM request_logs)
"""
SPENT = "SELECT coalesce(sum(cost_microusd), 0) FROM request_logs WHERE application_id = %s"


ANSWERS = {200, 429, 502, 503, 504}


def assert_one_answer(asked: Sequence[Asked], *, killed: bool = False) -> None:
    """Each request got a response that is documented, and no fault of the gateway's own; where the
    gateway was `killed`, some got none."""
    answers = ANSWERS | {None} if killed else ANSWERS
    assert [each for each in asked if each.status not in answers] == []
    assert all(each.request_id for each in asked if each.status is not None)


def assert_one_record(scene: Scene, asked: Sequence[Asked]) -> None:
    """What was answered has one record, which says so, within RECORD_SECONDS."""
    answers = {each.request_id: each for each in asked if each.status == 200 and each.ended}
    answered = answers.keys()
    scene.parts.recover()
    deadline = time.monotonic() + RECORD_SECONDS
    while True:
        found = scene.rows("SELECT request_id, status, cost_microusd FROM request_logs")
        missing = answered - {row[0] for row in found}
        if not missing:
            break
        if time.monotonic() > deadline:
            lost = [f"{each} {scene.when(answers[each])}" for each in missing]
            pytest.fail(f"{len(missing)} of {len(answered)} have no record: {lost}")
        time.sleep(0.5)
    assert scene.rows(DUPLICATES) == []
    said = {row[0]: row[1:] for row in found}
    assert [said[each] for each in answered if said[each][0] != 200 or said[each][1] is None] == []


def assert_one_sum(scene: Scene) -> None:
    """The sums by day are those of the records."""
    assert scene.rows(SUMS) == [(0, 0)]


def assert_cap_held(scene: Scene) -> None:
    """What the records of the capped application come to is within its cap."""
    ((spent,),) = scene.rows(SPENT, "app-capped")
    assert Decimal(spent) <= Decimal(CAP_USD) * 1_000_000
