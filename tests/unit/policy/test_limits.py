"""Limits of some models, and with a counter for each end user or session."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.access import Caller, Role
from controlplane.domain.limits import UNNAMED, Limit, Per, counter_of
from controlplane.domain.policy import EffectivePolicy, Level, PolicyDocument
from controlplane.policy.effective import describe, effective_policy
from controlplane.policy.limits import applying

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
NOT_NAMED: dict[Per, str | None] = {Per.END_USER: None, Per.SESSION: None}


def policy(**document: Any) -> EffectivePolicy:
    entry = PolicyDocument(Level.APPLICATION, "app-1", 1, {"rate_limits": [], **document})
    return effective_policy(CALLER, [entry])


def limits_of(
    merged: EffectivePolicy, model: str = "gpt-4o", **named: str | None
) -> tuple[Limit, ...]:
    names = NOT_NAMED | {Per(name): value for name, value in named.items()}
    return applying(merged, "org-1", model, names).limits


def test_a_limit_of_models_is_only_for_them() -> None:
    merged = policy(
        token_limits=[
            {"tokens": 5, "window_seconds": 60, "models": ["gpt-*", "claude-sonnet-4[1m]"]},
            {"tokens": 50, "window_seconds": 60},
        ]
    )
    assert [limit.capacity for limit in limits_of(merged)] == [5, 50]
    assert [limit.capacity for limit in limits_of(merged, "claude-sonnet-4[1m]")] == [5, 50]
    assert [limit.capacity for limit in limits_of(merged, "o3")] == [50]


def test_each_end_user_has_its_own_counter_and_the_unnamed_share_one() -> None:
    merged = policy(cost_caps=[{"usd": "1", "period": "day", "per": "end_user"}])
    (alice,) = limits_of(merged, end_user="alice@example.com")
    (again,) = limits_of(merged, end_user="alice@example.com", session="s1")
    (bob,) = limits_of(merged, end_user="bob")
    assert alice == again != bob
    assert len(alice.counter) == 32
    assert {limit.counter for limit in limits_of(merged, session="s1")} == {UNNAMED}
    assert {limit.counter for limit in limits_of(merged, end_user="")} == {UNNAMED}


def test_a_name_is_a_digest_that_differs_by_organisation_and_kind() -> None:
    names = {
        counter_of(org, per, "alice")
        for org in ("org-1", "org-2")
        for per in (Per.END_USER, Per.SESSION)
    }
    assert len(names) == 4
    assert not any("alice" in name for name in names)


def test_limits_that_count_something_else_all_hold_and_of_the_same_the_smaller() -> None:
    merged = policy(
        rate_limits=[
            {"requests": 9, "window_seconds": 60},
            {"requests": 8, "window_seconds": 60, "models": ["a", "b"]},
            {"requests": 7, "window_seconds": 60, "models": ["b", "a", "a"]},
            {"requests": 6, "window_seconds": 60, "per": "session"},
            {"requests": 5, "window_seconds": 60, "per": "end_user"},
        ],
        cost_caps=[
            {"usd": "1", "period": "day"},
            {"usd": "2", "period": "day", "time_zone": "Europe/Berlin"},
        ],
    )
    assert [limit.capacity for limit in merged.limits] == [9, 7, 6, 5, 1_000_000, 2_000_000]
    assert len({limit.name for limit in merged.limits}) == 6


def test_what_is_merged_is_shown_as_a_document_has_it() -> None:
    cap = {
        "usd": "2.000000",
        "period": "week",
        "time_zone": "Europe/Berlin",
        "models": ["gpt-*", "o3"],
        "per": "end_user",
    }
    merged = policy(cost_caps=[cap], concurrency=[{"requests": 2, "per": "session"}])
    shown = describe(merged)
    assert shown["cost_caps"] == [{"scope": "app-1", **cap}]
    assert shown["concurrency"] == [{"scope": "app-1", "requests": 2, "per": "session"}]


def test_names_say_what_selects() -> None:
    merged = policy(
        cost_caps=[
            {"usd": "1", "period": "day", "time_zone": "Europe/Berlin", "per": "end_user"},
            {"usd": "1", "period": "lifetime", "models": ["o3"]},
        ]
    )
    first, second = (limit.name for limit in merged.limits)
    assert first == "cost:app-1:day@Europe/Berlin:end_user"
    assert second.startswith("cost:app-1:lifetime:models-")


@pytest.mark.parametrize("document", [{}, {"token_limits": [{"tokens": 5, "window_seconds": 60}]}])
def test_a_policy_that_selects_nothing_is_left_as_it_is(document: dict[str, Any]) -> None:
    merged = policy(**document)
    assert applying(merged, "org-1", "gpt-4o", NOT_NAMED) is merged


def test_limits_on_trial_select_too() -> None:
    merged = policy(
        mode="shadow", rate_limits=[{"requests": 1, "window_seconds": 60, "models": ["o3"]}]
    )
    assert [limit.shadow for limit in limits_of(merged, "o3")] == [False, True]
    assert [limit.shadow for limit in limits_of(merged)] == [False]
