"""Metrics as CloudWatch reads them out of the lines."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest
from tests.unit.telemetry.conftest import Lines
from tests.unit.telemetry.facts import ANSWERED, FAILED, finished, refused

from controlplane.domain.audit import Attempt
from controlplane.telemetry import count, observe

DETAIL = {
    "stage": "sandbox",
    "org_id": "org-1",
    "model": "gpt-4o-2024-08-06",
    "provider": "openai",
    "status": "200",
}
STAGE = {"stage": "sandbox"}

Point = tuple[str, float, str, dict[str, str]]


def points(lines: Iterable[dict[str, Any]]) -> list[Point]:
    """The (name, value, unit, dimensions) that CloudWatch makes of lines, by its specification."""
    found: list[Point] = []
    for line in lines:
        if "_aws" not in line:
            continue
        assert abs(line["_aws"]["Timestamp"] - time.time() * 1000) < 5000
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
            assert directive["Namespace"] == "LLMControlPlane"
            assert 1 <= len(directive["Metrics"]) <= 100
            for names in directive["Dimensions"]:
                dimensions = {name: line[name] for name in names}
                assert all(isinstance(v, str) and v for v in dimensions.values())
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    assert isinstance(value, int | float)
                    found.append((metric["Name"], value, metric["Unit"], dimensions))
    return found


def test_an_answered_request(lines: Lines) -> None:
    observe(finished())
    expected: list[Point] = [
        ("llm_cp.requests", 1, "Count", DETAIL),
        ("llm_cp.tokens", 52, "Count", DETAIL),
        ("llm_cp.cost_usd", 0.00043, "None", DETAIL),
        ("llm_cp.latency", 310, "Milliseconds", DETAIL),
        ("llm_cp.overhead", 10, "Milliseconds", STAGE),
        ("llm_cp.cost_usd", 0.00043, "None", STAGE),
    ]
    assert sorted(points(lines()), key=str) == sorted(expected, key=str)


def test_metrics_have_the_units_of_cloudwatch(lines: Lines) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"""
    observe(finished(attempts=(FAILED, ANSWERED)))
    assert {unit for _, _, unit, _ in points(lines())} <= {"Count", "Milliseconds", "None"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (refused(429, "rate_limit_exceeded"), "rate_limit_exceeded"),
        (refused(429, "insufficient_quota"), "insufficient_quota"),
        (refused(400, "pii_detected"), "pii_detected"),
        (refused(400, None), "invalid_request"),
        (refused(503, "service_unavailable"), "service_unavailable"),
        (refused(400, "some words", attempts=(FAILED,)), "provider"),
        (refused(400, "words no list holds"), "invalid_request"),
    ],
)
def test_a_refusal_is_counted_by_reason(lines: Lines, event: Any, reason: str) -> None:
    observe(event)
    found = [point for point in points(lines()) if point[0] == "llm_cp.refusals"]
    assert found == [("llm_cp.refusals", 1, "Count", STAGE | {"reason": reason})]


@pytest.mark.parametrize("status", [200, 499, 502, 504])
def test_what_is_no_refusal(lines: Lines, status: int) -> None:
    observe(finished(status=status, code="client_closed_request" if status == 499 else None))
    names = {point[0] for point in points(lines())}
    assert "llm_cp.refusals" not in names
    assert "llm_cp.requests" in names


def test_a_caller_cannot_make_up_dimensions(lines: Lines) -> None:
    for number in range(50):
        observe(refused(404, "model_not_found", model_requested=f"made-up-{number}"))
        observe(refused(429, f"made-up-{number}", model_requested=f"made-up-{number}"))
    sets = {tuple(sorted(point[3].items())) for point in points(lines())}
    assert len(sets) == 5  # the stage, two statuses, two reasons
    assert "made-up" not in str(sets)


def test_every_failed_attempt_is_a_provider_error(lines: Lines) -> None:
    timeout = Attempt("anthropic", "claude", 900, None, "timeout")
    observe(finished(attempts=(FAILED, timeout, ANSWERED)))
    found = [point[3] for point in points(lines()) if point[0] == "llm_cp.provider_errors"]
    assert found == [
        STAGE,
        STAGE | {"provider": "azure", "failure": "status"},
        STAGE,
        STAGE | {"provider": "anthropic", "failure": "timeout"},
    ]


def test_a_provider_that_refuses_the_request_did_not_fail(lines: Lines) -> None:
    said_no = Attempt("openai", "gpt-4o", 50, 400, "status")
    observe(refused(400, None, attempts=(said_no,)))
    assert "llm_cp.provider_errors" not in {point[0] for point in points(lines())}


def test_a_refused_request_counts_under_the_model_that_was_called(lines: Lines) -> None:
    observe(refused(502, "provider_error", attempts=(FAILED,)))
    (found,) = [point[3] for point in points(lines()) if point[0] == "llm_cp.requests"]
    assert (found["model"], found["provider"]) == ("gpt-4o-eu", "azure")


def test_a_counter_is_a_line_and_a_metric(lines: Lines) -> None:
    count("auth_failed", reason="unknown_key")
    (line,) = lines()
    assert (line["message"], line["level"]) == ("auth_failed", "WARNING")
    assert points([line]) == [
        ("llm_cp.auth_failed", 1, "Count", STAGE),
        ("llm_cp.auth_failed", 1, "Count", STAGE | {"reason": "unknown_key"}),
    ]


def test_what_is_no_dimension_stays_a_field(lines: Lines) -> None:
    count("redis_degraded", 3, org_id="org-1")
    (line,) = lines()
    assert line["org_id"] == "org-1"
    assert points([line]) == [("llm_cp.redis_degraded", 3, "Count", STAGE)]
