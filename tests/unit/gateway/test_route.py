"""Aliases and globs; the order of targets; what is listed."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from tests.unit.gateway.parts import CALLER

from controlplane.domain.configuration import Configuration
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.domain.routing import Route, Routes, Strategy, Target
from controlplane.errors import ModelNotFound
from controlplane.gateway.route import listed, route
from controlplane.policy.effective import effective_policy

RNG = random.Random(7)


def routes(*aliases: str, model: str | None = None) -> Routes:
    return {alias: Route(alias, (Target("p", model or alias),)) for alias in aliases}


@pytest.mark.parametrize(
    ("model", "alias"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-mini", "gpt-4o-*"),
        ("gpt-4.1", "gpt-*"),
        ("gpt-", "gpt-*"),
        ("gpt-4o\nx", "gpt-*"),
        ("org/deep/model", "org/*"),
        ("claude-haiku", "*-haiku"),
        ("x[1m]-y", "x[1m]*"),
        ("z?-y", "z?*"),
    ],
)
def test_the_very_name_wins_then_the_longest_glob(model: str, alias: str) -> None:
    known = routes("gpt-4o", "gpt-*", "gpt-4o-*", "g*", "org/*", "*-haiku", "x[1m]*", "z?*")
    assert route(model, known, RNG).alias == alias


@pytest.mark.parametrize("model", ["x1-y", "xm-y", "za-y", "GPT-4o", "gpt", "agpt-4"])
def test_only_a_star_is_special_and_case_counts(model: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        route(model, routes("gpt-4o", "gpt-*", "x[1m]*", "z?*"), RNG)
    assert (caught.value.status, caught.value.param) == (404, "model")


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_globs_of_one_length_the_same_one_wins_always(order: int) -> None:
    assert route("ab", routes(*("a*", "*b")[::order]), RNG).alias == "a*"


def test_a_star_as_model_passes_the_asked_name_on() -> None:
    targets = (Target("openai", "*", 3), Target("azure", "deployment"))
    known = {"gpt-*": Route("gpt-*", targets)}
    found = route("gpt-4o", known, RNG)
    assert found.targets == (Target("openai", "gpt-4o", 3), Target("azure", "deployment"))
    assert known["gpt-*"].targets == targets


def test_a_glob_of_many_stars_is_quick() -> None:
    with pytest.raises(ModelNotFound):
        route("a" * 1024, routes("a*" * 20 + "b"), RNG)


def test_priority_keeps_the_order_and_weights_draw_the_first() -> None:
    targets = (Target("a", "m", 1), Target("b", "m", 9))
    plain = {"m": Route("m", targets)}
    weighted = {"m": Route("m", targets, Strategy.WEIGHTED)}
    assert all(route("m", plain, RNG).targets == targets for _ in range(20))
    drawn = [route("m", weighted, RNG).targets for _ in range(1000)]
    firsts = Counter(order[0].provider for order in drawn)
    assert 850 < firsts["b"] < 950
    assert {frozenset(order) for order in drawn} == {frozenset(targets)}


def test_what_is_listed_is_allowed_and_no_glob() -> None:
    document = PolicyDocument(Level.APPLICATION, "app-1", 1, {"models": {"allow": ["gpt-4o*"]}})
    known = routes("gpt-4o-mini", "gpt-4o", "gpt-4o*", "claude")
    rules = Configuration(effective_policy(CALLER, [document]), known)
    assert [found.alias for found in listed(rules)] == ["gpt-4o", "gpt-4o-mini"]


WEIGHTED = Route(
    "m", (Target("a", "m", 6), Target("b", "m", 3), Target("c", "m", 1)), Strategy.WEIGHTED
)


def test_a_session_stays_with_its_target() -> None:
    for session in map(str, range(50)):
        orders = {route("m", {"m": WEIGHTED}, RNG, session).targets for _ in range(20)}
        assert len(orders) == 1


def test_over_many_sessions_the_weights_hold() -> None:
    firsts = Counter(
        route("m", {"m": WEIGHTED}, RNG, f"session-{index}").targets[0].provider
        for index in range(20_000)
    )
    for provider, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        assert abs(firsts[provider] / 20_000 - share) < 0.015


def test_without_a_target_only_its_own_sessions_move() -> None:
    fewer = Route("m", WEIGHTED.targets[1:], Strategy.WEIGHTED)
    for session in map(str, range(500)):
        order = route("m", {"m": WEIGHTED}, RNG, session).targets
        left = route("m", {"m": fewer}, RNG, session).targets
        assert left == tuple(target for target in order if target.provider != "a")


def test_a_session_changes_nothing_where_priority_decides() -> None:
    plain = Route("m", WEIGHTED.targets)
    assert route("m", {"m": plain}, RNG, "s").targets == WEIGHTED.targets
