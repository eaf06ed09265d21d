"""No response breaks the gateway: what is none counts as a failure of its provider."""

from __future__ import annotations

import pytest

from controlplane.config import ProviderSettings
from controlplane.domain.routing import Target, Timeouts

from .conftest import TARGETS, TEXT, Simulated
from .malformed import CASES, CODED, TEXT_OF_WHOLE, Malformed, answering

BROKEN = Target("broken", "m")
# A busy machine is no broken server.
PATIENT = Timeouts(connect_s=5, first_byte_s=5, idle_s=5, total_s=20)


def test_there_are_29() -> None:
    assert len({case.name for case in CASES}) == 29


@pytest.mark.parametrize("case", CASES + CODED, ids=str)
async def test_the_next_target_answers(simulated: Simulated, case: Malformed, stream: bool) -> None:
    async with answering(case.raw) as address:
        simulated.add(ProviderSettings("broken", "openai", address, "sk-broken"))
        outcome = await simulated.ask(BROKEN, TARGETS["openai"], stream=stream, timeouts=PATIENT)
    assert outcome.error is None
    failures = {failure for provider, failure in outcome.attempts if provider == "broken"}
    if case.readable and not stream and failures == {None}:
        assert outcome.text == TEXT_OF_WHOLE
    else:
        assert outcome.text == TEXT
        assert failures <= {"protocol", "status"}
        assert outcome.attempts[-1] == ("openai", None)
    assert outcome.seconds < PATIENT.idle_s
