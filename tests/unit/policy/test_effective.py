"""Every limit of every level holds at once; a narrower level can only tighten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from controlplane.domain.access import Caller, Role
from controlplane.domain.limits import Limit, Measure, Period
from controlplane.domain.policy import Level, PolicyDocument, scope
from controlplane.policy.effective import describe_shadow, effective_policy, policy_at
from controlplane.policy.models import is_allowed
from controlplane.policy.output_tokens import MAX_OUTPUT_TOKENS
from controlplane.policy.parameters import PARAMETERS, refused_parameter
from controlplane.policy.redis_down import WHEN_REDIS_IS_DOWN, WhenDown, WhenRedisIsDown
from controlplane.policy.rule import LevelValue
from controlplane.policy.screening import SCREENING, Action
from controlplane.policy.stored_payloads import STORE_PAYLOADS

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")
DEFAULT = Limit(Measure.REQUESTS, "app-1", 100, 60)


def organization(**document: Any) -> PolicyDocument:
    return PolicyDocument(Level.ORGANIZATION, "org-1", 3, document)


def application(**document: Any) -> PolicyDocument:
    return PolicyDocument(Level.APPLICATION, "app-1", 7, document)


def rate(requests: int, seconds: int) -> dict[str, int]:
    return {"requests": requests, "window_seconds": seconds}


def test_an_application_without_a_limit_gets_a_hundred_a_minute() -> None:
    policy = effective_policy(CALLER, [])
    assert policy.limits == (DEFAULT,)
    assert policy.version == "default"
    assert SCREENING.of(policy).action("email", "pii") is Action.BLOCK
    assert SCREENING.of(policy).action("secret", "secrets") is Action.BLOCK
    assert WHEN_REDIS_IS_DOWN.of(policy) == WhenRedisIsDown(WhenDown.OPEN, WhenDown.CLOSED)
    assert refused_parameter({"n": 2}, PARAMETERS.of(policy)) is None
    assert STORE_PAYLOADS.of(policy) is False
    assert policy.shadow is None


def test_limits_of_all_levels_hold_at_once() -> None:
    policy = effective_policy(
        CALLER,
        [
            application(
                rate_limits=[rate(5, 60)],
                cost_caps=[{"usd": "1.50", "period": "day"}],
                concurrency=2,
            ),
            organization(
                rate_limits=[rate(1000, 3600)],
                token_limits=[{"tokens": 10, "window_seconds": 60}],
                cost_caps=[
                    {"usd": "9", "period": "day"},
                    {"usd": "8", "period": "day"},
                    {"usd": "9", "window_seconds": 86_400},
                ],
                concurrency=5,
            ),
            PolicyDocument(Level.API_KEY, "k1", 1, {"rate_limits": [rate(2, 1)]}),
            PolicyDocument(Level.API_KEY, "k2", 1, {"rate_limits": [rate(0, 1)]}),
        ],
    )
    assert set(policy.limits) == {
        Limit(Measure.REQUESTS, "org-1", 1000, 3600),
        Limit(Measure.REQUESTS, "app-1", 5, 60),
        Limit(Measure.REQUESTS, "key:k1", 2, 1),
        Limit(Measure.TOKENS, "org-1", 10, 60),
        Limit(Measure.COST, "org-1", 8_000_000, Period.DAY),
        Limit(Measure.COST, "org-1", 9_000_000, 86_400),
        Limit(Measure.COST, "app-1", 1_500_000, Period.DAY),
        Limit(Measure.CONCURRENCY, "org-1", 5, None),
        Limit(Measure.CONCURRENCY, "app-1", 2, None),
    }
    assert len(policy.limits) == len(set(policy.limits))
    assert policy.version == "organization:3,application:7,api-key:1"


def test_an_organisation_limit_does_not_replace_the_default_of_an_application() -> None:
    policy = effective_policy(CALLER, [organization(rate_limits=[rate(10_000, 60)])])
    assert DEFAULT in policy.limits


def test_an_application_may_say_that_it_has_no_limit() -> None:
    assert effective_policy(CALLER, [application(rate_limits=[])]).limits == ()


def test_a_caller_without_an_application_has_no_default() -> None:
    caller = Caller("org-1", Role.ADMIN, user_id="u1")
    assert effective_policy(caller, []).limits == ()


def test_models_must_pass_every_level() -> None:
    policy = effective_policy(
        CALLER,
        [
            organization(models={"allow": ["gpt-4o*", "claude-*"]}),
            application(models={"allow": ["*-mini"]}),
        ],
    )
    assert is_allowed("gpt-4o-mini", policy)
    assert not is_allowed("gpt-4o", policy)
    assert not is_allowed("o4-mini", policy)
    assert is_allowed("anything", effective_policy(CALLER, []))


def test_parameters_must_pass_every_level() -> None:
    policy = effective_policy(
        CALLER,
        [
            organization(parameters={"allow": ["temperature", "tools"]}),
            application(parameters={"deny": ["tools"]}),
            PolicyDocument(Level.API_KEY, "k1", 1, {"parameters": {"deny": ["n"]}}),
        ],
    )
    assert PARAMETERS.describe(PARAMETERS.of(policy)) == {
        "allow": [["temperature", "tools"]],
        "deny": ["n", "tools"],
    }


def test_a_narrower_level_cannot_loosen_screening() -> None:
    policy = SCREENING.of(
        effective_policy(
            CALLER,
            [
                organization(screening={"pii": "redact", "overrides": {"us_ssn": "block"}}),
                application(
                    screening={"pii": "off", "overrides": {"us_ssn": "off", "phone": "flag"}}
                ),
            ],
        )
    )
    assert policy.action("email", "pii") is Action.REDACT
    assert policy.action("us_ssn", "pii") is Action.BLOCK
    assert policy.action("phone", "pii") is Action.REDACT
    assert policy.action("secret", "secrets") is Action.BLOCK


def test_a_level_alone_may_loosen_the_default() -> None:
    policy = SCREENING.of(
        effective_policy(
            CALLER, [application(screening={"pii": "block", "overrides": {"email": "redact"}})]
        )
    )
    assert policy.action("email", "pii") is Action.REDACT
    assert policy.action("phone", "pii") is Action.BLOCK


def test_the_smallest_output_and_the_strictest_failure_mode_win() -> None:
    policy = effective_policy(
        CALLER,
        [
            organization(max_output_tokens=4096, when_redis_is_down={"rate": "closed"}),
            application(max_output_tokens=8192, when_redis_is_down={"rate": "open"}),
        ],
    )
    assert MAX_OUTPUT_TOKENS.of(policy) == LevelValue(Level.ORGANIZATION, "org-1", 4096)
    assert WHEN_REDIS_IS_DOWN.of(policy) == WhenRedisIsDown(WhenDown.CLOSED, WhenDown.CLOSED)


def test_costs_are_open_only_where_somebody_says_so_and_nobody_objects() -> None:
    is_open, closed = ({"cost": "open"}, {"cost": "closed"})
    one = [application(when_redis_is_down=is_open)]
    assert WHEN_REDIS_IS_DOWN.of(effective_policy(CALLER, one)).cost is WhenDown.OPEN
    both = [*one, organization(when_redis_is_down=closed)]
    assert WHEN_REDIS_IS_DOWN.of(effective_policy(CALLER, both)).cost is WhenDown.CLOSED


def test_texts_are_kept_only_where_somebody_wants_it_and_nobody_objects() -> None:
    wants = [application(store_payloads=True)]
    assert STORE_PAYLOADS.of(effective_policy(CALLER, wants)) is True
    objects = [*wants, organization(store_payloads=False)]
    assert STORE_PAYLOADS.of(effective_policy(CALLER, objects)) is False


def test_a_shadow_document_counts_apart_and_changes_nothing_that_is_enforced() -> None:
    tried = application(
        mode="shadow",
        models={"allow": ["gpt-*"]},
        rate_limits=[rate(1, 60)],
        cost_caps=[{"usd": "1", "period": "month"}],
        max_output_tokens=10,
        parameters={"deny": ["tools"]},
    )
    base = [organization(concurrency=3)]
    policy = effective_policy(CALLER, [*base, tried])
    assert policy.shadow is not None
    enforced = tuple(limit for limit in policy.limits if not limit.shadow)
    assert replace(policy, limits=enforced, shadow=None, version="") == replace(
        effective_policy(CALLER, base), version=""
    )
    assert DEFAULT in enforced, "a shadow limit does not take the default's place"
    assert {limit for limit in policy.limits if limit.shadow} == {
        Limit(Measure.REQUESTS, "app-1", 1, 60, shadow=True),
        Limit(Measure.COST, "app-1", 1_000_000, Period.MONTH, shadow=True),
    }
    assert policy.shadow.limits == ()
    shadow = describe_shadow(policy)
    assert shadow is not None
    assert shadow["models"] == {"allow": [["gpt-*"]]}
    assert shadow["rate_limits"] == [{"scope": "app-1", "requests": 1, "window_seconds": 60}]
    assert shadow["max_output_tokens"] == 10
    assert shadow["parameters"] == {"allow": [], "deny": ["tools"]}
    assert (policy.version, policy.shadow.version) == (
        "organization:3,application:7",
        "application:7",
    )


def test_scopes_of_different_subjects_are_different() -> None:
    assert scope(Level.APPLICATION, "app-456") == "app-456"
    assert scope(Level.APPLICATION, "456") == "app:456"
    assert scope(Level.USER, "8f6c1a4e-1") == "user-8f6c1a4e-1"
    ids = ["456", "app-456", "app-app-456", "app", "app-", "key-456", "org-456"]
    for level in (Level.ORGANIZATION, Level.APPLICATION, Level.API_KEY):
        assert len({scope(level, subject_id) for subject_id in ids}) == len(ids)
    users = ["x", "user-x", "x:60s", "x:shadow", "x%3A60s", "{x}", "é", "a b"]
    scopes = {scope(Level.USER, user) for user in users}
    assert len(scopes) == len(users)
    assert all(name.isascii() and not set(name) & set(":{} ") for name in scopes)


def test_documents_as_they_are_cached_hold_at_their_time() -> None:
    always = organization(concurrency=3)
    later = application(valid={"from": "1970-01-01T00:01:40Z"}, max_output_tokens=10)
    texts = [entry.to_json().encode() for entry in (always, later)]
    assert policy_at(CALLER, texts, 99) == effective_policy(CALLER, [always])
    assert policy_at(CALLER, texts, 100) == effective_policy(CALLER, [always, later])
    changed = replace(later, document={"max_output_tokens": 5}).to_json().encode()
    smallest = MAX_OUTPUT_TOKENS.of(policy_at(CALLER, [texts[0], changed], 100))
    assert smallest == LevelValue(Level.APPLICATION, "app-1", 5)
