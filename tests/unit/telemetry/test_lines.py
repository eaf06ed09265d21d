"""The line of a request has the fields of the specification, and what they may hold."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime

import pytest
from tests.unit.telemetry.conftest import Lines
from tests.unit.telemetry.facts import FAILED, finished, refused

from controlplane.telemetry import begin_request, configure, count, log, log_crash, observe

pytestmark = pytest.mark.dates

FIELDS = [
    "level",
    "timestamp",
    "service",
    "message",
    "request_id",
    "org_id",
    "model",
    "provider",
    "tokens_input",
    "tokens_output",
    "cost_usd",
    "latency_ms",
]


def test_one_line_with_exactly_the_fields(lines: Lines) -> None:
    observe(finished())
    (line,) = [line for line in lines() if "_aws" not in line]
    assert list(line) == FIELDS
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "level": "INFO",
        "service": "llm-control-plane",
        "message": "chat.completions 200",
        "request_id": "req_1",
        "org_id": "org-1",
        "model": "gpt-4o-2024-08-06",
        "provider": "openai",
        "tokens_input": 12,
        "tokens_output": 40,
        "cost_usd": 0.00043,
        "latency_ms": 310,
    }


def test_what_is_not_known_is_null(lines: Lines) -> None:
    observe(refused(429, "rate_limit_exceeded"))
    (line,) = [line for line in lines() if "_aws" not in line]
    assert list(line) == FIELDS
    assert line["message"] == "chat.completions 429 rate_limit_exceeded"
    assert (line["level"], line["model"], line["provider"]) == ("WARNING", "gpt-4o", None)
    assert (line["cost_usd"], line["tokens_input"]) == (None, 0)


def test_a_failure_of_ours_or_of_all_providers_is_an_error(lines: Lines) -> None:
    observe(refused(502, "provider_error", attempts=(FAILED,)))
    line = next(line for line in lines() if "_aws" not in line)
    assert (line["level"], line["model"]) == ("ERROR", "gpt-4o-eu")


@pytest.mark.parametrize("code", ["pii_detected", "secret_detected"])
def test_a_model_name_in_which_something_was_found_is_left_out(lines: Lines, code: str) -> None:
    observe(refused(400, code, model_requested="sk-ant-api03-xyzzy"))
    assert "xyzzy" not in json.dumps(lines())


def test_a_providers_own_words_are_left_out(lines: Lines) -> None:
    observe(refused(400, "You said: xyzzy!", attempts=(FAILED,)))
    assert "xyzzy" not in json.dumps(lines())


def test_text_that_utf8_cannot_hold_is_a_line_all_the_same(lines: Lines) -> None:
    observe(refused(404, "model_not_found", model_requested="\ud800\n"))
    (line,) = [line for line in lines() if "_aws" not in line]
    assert line["model"] == "\ud800\n"


def test_other_lines_carry_the_request_id(lines: Lines) -> None:
    begin_request("req_2")
    log.info("hello", extra={"answer": 42})
    (line,) = lines()
    assert (line["message"], line["request_id"], line["answer"]) == ("hello", "req_2", 42)


def test_a_crash_is_logged_without_its_message(lines: Lines) -> None:
    try:
        raise ValueError("xyzzy")
    except ValueError as error:
        log_crash(error)
    (line,) = lines()
    assert (line["message"], line["level"], line["error"]) == ("crash", "ERROR", "ValueError")
    assert "xyzzy" not in json.dumps(line)


async def test_a_scope_knows_of_its_line_even_from_a_task(lines: Lines) -> None:
    async def record() -> None:
        observe(finished())

    other, scope = begin_request("req_0"), begin_request("req_1")
    await asyncio.create_task(record())
    assert scope.observed
    assert not other.observed
    assert lines()


def test_counting_is_no_observation(lines: Lines) -> None:
    scope = begin_request("req_1")
    count("redis_degraded", org_id="org-1")
    assert not scope.observed
    assert lines()


def test_a_share_of_what_went_well_has_its_line_and_all_have_their_metrics(lines: Lines) -> None:
    configure(stage="sandbox", log_percent=10)
    for number in range(1_000):
        observe(finished(request_id=f"req_{number}"))
    for number in range(20):
        observe(refused(429, "rate_limit_exceeded", request_id=f"req_refused_{number}"))
    written = [line for line in lines() if "_aws" not in line]
    assert 70 <= sum(line["level"] == "INFO" for line in written) <= 130
    assert sum(line["level"] == "WARNING" for line in written) == 20
    assert sum("_aws" in line for line in lines()) == 1_020
