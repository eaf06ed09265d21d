"""Each alarm is fired and cleared by values of its metrics; its threshold can be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.infra.alarm_state import Point, alarms, fires, heading, metric_names
from tests.infra.template import Template

from infra.stages import STAGES as STAGE_DATA
from infra.stages import Stage

Values = dict[str, float | None]


@dataclass(frozen=True)
class Scene:
    """What the metrics say on good days, unlucky ones among them, and when help is needed."""

    quiet: list[Values]
    bad: list[Values]


def one(name: str, quiet: list[float | None], bad: list[float | None]) -> Scene:
    """Of an alarm with one metric."""
    return Scene([{name: value} for value in quiet], [{name: value} for value in bad])


def counted(name: str) -> Scene:
    """Of what must not happen at all."""
    return one(f"llm_cp.{name}", [None, 0], [1, 40])


def scenes(stage: Stage) -> dict[str, Scene]:
    """The heading of each alarm, with its scene."""
    slow, hung = 1_000 * stage.slow_seconds - 500, 1_000 * longest_answer(stage)
    units = stage.cache_max_ecpu_per_second * 60
    connections = stage.database_connections
    entrance = _service(stage) if stage.compute == "service" else _api(stage)
    return entrance | {
        "Function errors": Scene(
            quiet=[
                {"Errors": None, "Invocations": None},
                {"Errors": 0, "Invocations": 500},
                {"Errors": 1, "Invocations": 1},
                {"Errors": 10, "Invocations": 10_000},
            ],
            bad=[{"Errors": 2, "Invocations": 2}, {"Errors": 300, "Invocations": 10_000}],
        ),
        "Function throttled": Scene(
            quiet=[
                {"Throttles": None, "Invocations": None},
                {"Throttles": 0, "Invocations": 500},
                {"Throttles": 1, "Invocations": None},
                {"Throttles": 20, "Invocations": 10_000},
            ],
            bad=[
                {"Throttles": 200, "Invocations": None},
                {"Throttles": 200, "Invocations": 0},
                {"Throttles": 200, "Invocations": 10_000},
            ],
        ),
        "Function slow": one("Duration", [None, 800, slow], [hung]),
        "Function concurrency": one(
            "ClaimedAccountConcurrency",
            [None, 1, 0.5 * stage.account_concurrency],
            [0.9 * stage.account_concurrency, stage.account_concurrency],
        ),
        "Database connections": one("DatabaseConnections", [None, 2], [connections]),
        "Database CPU": one("CPUUtilization", [None, 20, 79], [81, 100]),
        "Database capacity": one("ACUUtilization", [None, 30, 90], [96, 100]),
        "Cache load": one("ElastiCacheProcessingUnits", [None, 0.5 * units], [0.9 * units, units]),
        "Cache throttled": one("ThrottledCmds", [None, 0], [1]),
        "Cache memory": one(
            "BytesUsedForCache",
            [None, 0.5 * stage.cache_max_gb * 1024**3],
            [0.9 * stage.cache_max_gb * 1024**3],
        ),
        "Cache evictions": one("Evictions", [None, 0], [1]),
        "Audit queue old": one("ApproximateAgeOfOldestMessage", [None, 70, 600], [1_000]),
        "Audit dead letters": one("ApproximateNumberOfMessagesVisible", [None, 0], [1]),
        "Audit spilled": counted("audit_spilled"),
        "Notifications failed": counted("notification_failed"),
        "Unpriced requests": one("llm_cp.unpriced_requests", [None, 0, 20], [21]),
        "Redis degraded": counted("redis_degraded"),
        "Provider misconfigured": counted("provider_misconfigured"),
        "Provider errors": one("llm_cp.provider_errors", [None, 0, 50], [51]),
        "Own overhead": one("llm_cp.overhead", [None, 20, 240], [260]),
        "Failed logins": one("llm_cp.auth_failed", [None, 200], [201]),
        "Ledger lost": counted("ledger_lost"),
        "Ledger difference": counted("ledger_difference"),
        "Model cost": one(
            "llm_cp.cost_usd", [None, stage.daily_cost_usd], [stage.daily_cost_usd + 1]
        ),
    }


def _api(stage: Stage) -> dict[str, Scene]:
    """Of API Gateway."""
    slow, hung = 1_000 * stage.slow_seconds - 500, 1_000 * longest_answer(stage)
    return {
        "Unusual traffic": one("Invocations", [None, 10], [10_000]),
        "API server errors": Scene(
            quiet=[
                {"5XXError": None, "Count": None},
                {"5XXError": 1, "Count": 1},
                {"5XXError": 10, "Count": 10_000},
            ],
            bad=[{"5XXError": 2, "Count": 2}, {"5XXError": 300, "Count": 10_000}],
        ),
        "API client errors": _client_errors("4XXError", "Count"),
        "API slow": one("Latency", [None, 800, slow], [hung]),
    }


def _service(stage: Stage) -> dict[str, Scene]:
    """Of the load balancer and the tasks behind it."""
    tasks, balancer = "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"
    calls = "RequestCount"
    slow = stage.slow_seconds
    return {
        "Unusual traffic": one(calls, [None, 10], [10_000]),
        "API server errors": Scene(
            quiet=[
                {tasks: None, balancer: None, calls: None},
                {tasks: 1, balancer: None, calls: 1},
                {tasks: 5, balancer: 5, calls: 10_000},
            ],
            bad=[
                {tasks: 2, balancer: None, calls: 2},
                {tasks: None, balancer: 50, calls: 50},
                {tasks: 150, balancer: 150, calls: 10_000},
            ],
        ),
        "API client errors": _client_errors("HTTPCode_Target_4XX_Count", calls),
        "API slow": one("TargetResponseTime", [None, 0.8, slow - 0.5], [longest_answer(stage)]),
        "Service CPU": one("CPUUtilization", [None, 60, 84], [90, 100]),
        "Service memory": one("MemoryUtilization", [None, 30, 84], [90, 100]),
        "Service connections": one("TargetConnectionErrorCount", [None, 0, 5], [6, 100]),
    }


def _client_errors(refused: str, calls: str) -> Scene:
    return Scene(
        quiet=[
            {refused: None, calls: None},
            {refused: 5, calls: 5},
            {refused: 400, calls: 1_000},
        ],
        bad=[{refused: 20, calls: 20}, {refused: 600, calls: 1_000}],
    )


def longest_answer(stage: Stage) -> int:
    """Seconds after which a call that nothing answers has ended: the gateway's own limit."""
    collected = stage.collect_seconds - 2
    return min(stage.origin_read_timeout_seconds - 2, 900) if stage.streaming else collected


@pytest.fixture(params=["as it is", "function"])
def compute(request: pytest.FixtureRequest) -> str:
    """What computes."""
    return str(request.param)


@pytest.fixture
def data(stage: str, compute: str) -> Stage:
    """The stage, with the function alone or as it is."""
    given = STAGE_DATA[stage]
    return replace(given, compute="function") if compute == "function" else given


@pytest.fixture
def template(
    templates: dict[str, Template], functions: dict[str, Template], stage: str, compute: str
) -> Template:
    """Its template."""
    return (functions if compute == "function" else templates)[stage]


def test_each_alarm_fires_and_clears(template: Template, data: Stage) -> None:
    known = scenes(data)
    for alarm in alarms(template):
        fires_and_clears(alarm, known[heading(alarm)])


def fires_and_clears(alarm: dict[str, Any], scene: Scene) -> None:
    periods = int(alarm["EvaluationPeriods"])
    assert metric_names(alarm) == set(scene.bad[0])
    quiet: list[Point]
    for good in scene.quiet:
        quiet = [good] * periods
        assert not fires(alarm, quiet, band=100), (heading(alarm), good)
        for bad in scene.bad:
            early = quiet + [bad] * (periods - 1)
            assert not fires(alarm, early, band=100), (heading(alarm), "too early")
            assert fires(alarm, quiet + [bad] * periods, band=100), (heading(alarm), bad)
            gone = [bad] * periods + quiet
            assert not fires(alarm, gone, band=100), (heading(alarm), "it does not clear")


def test_each_scene_has_its_alarm(template: Template, data: Stage) -> None:
    named = {heading(alarm) for alarm in alarms(template)}
    if data.alarms == "all":
        assert named == set(scenes(data))
    assert named <= set(scenes(data))


def test_a_slow_call_ends_after_the_alarm_has_seen_it(template: Template, data: Stage) -> None:
    """A threshold beyond what the gateway lets a call take would never be reached."""
    for alarm in alarms(template):
        if heading(alarm) in ("Function slow", "API slow"):
            unit = 1 if "TargetResponseTime" in metric_names(alarm) else 1_000
            assert float(alarm["Threshold"]) < 0.9 * unit * longest_answer(data)


def test_a_release_that_fails_every_call_is_turned_back_in_time(template: Template) -> None:
    """In its first five minutes it has a tenth of the traffic."""
    (errors,) = (alarm for alarm in alarms(template) if heading(alarm) == "Function errors")
    minute: dict[str, Any] = {"Errors": 10, "Invocations": 100}
    assert fires(errors, [minute] * 2)
    assert int(errors["EvaluationPeriods"]) <= 4
