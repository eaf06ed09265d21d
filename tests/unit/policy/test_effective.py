"""Every limit of every level holds at once; a narrower level can only tighten."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.access import (
    Action,
    Caller,
    Level,
    PolicyDocument,
    Role,
    WhenDown,
    WindowLimit,
)
from controlplane.policy.effective import effective_policy, parse_policy
from controlplane.policy.model_access import is_allowed
from controlplane.policy.rule import InvalidPolicy

CALLER = Caller("org-1", Role.SERVICE, application_id="app-1", key_id="k1")


def organization(**document: Any) -> PolicyDocument:
    return PolicyDocument(Level.ORGANIZATION, "org-1", 3, document)


def application(**document: Any) -> PolicyDocument:
    return PolicyDocument(Level.APPLICATION, "app-1", 7, document)


def test_an_application_without_a_limit_gets_a_hundred_a_minute() -> None:
    policy = effective_policy(CALLER, [])
    assert policy.request_limits == (WindowLimit("app-1", 100, 60),)
    assert policy.version == "default"
    assert policy.screening.action("email", "pii") is Action.BLOCK
    assert policy.screening.action("secret", "secrets") is Action.BLOCK


def test_limits_of_all_levels_hold_at_once() -> None:
    policy = effective_policy(
        CALLER,
        [
            application(rate_limits=[{"requests": 5, "window_seconds": 60}]),
            organization(rate_limits=[{"requests": 1000, "window_seconds": 3600}]),
            PolicyDocument(
                Level.API_KEY, "k1", 1, {"rate_limits": [{"requests": 2, "window_seconds": 1}]}
            ),
            PolicyDocument(
                Level.API_KEY, "k2", 1, {"rate_limits": [{"requests": 0, "window_seconds": 1}]}
            ),
        ],
    )
    assert set(policy.request_limits) == {
        WindowLimit("org-1", 1000, 3600),
        WindowLimit("app-1", 5, 60),
        WindowLimit("key-k1", 2, 1),
    }
    assert policy.version == "organization:3,application:7,api-key:1"


def test_an_organisation_limit_does_not_replace_the_default_of_an_application() -> None:
    policy = effective_policy(
        CALLER, [organization(rate_limits=[{"requests": 10_000, "window_seconds": 60}])]
    )
    assert WindowLimit("app-1", 100, 60) in policy.request_limits


def test_models_must_pass_every_level() -> None:
    policy = effective_policy(
        CALLER,
        [
            organization(models={"allow": ["gpt-4o*", "claude-*"]}),
            application(models={"allow": ["*-mini"]}),
        ],
    )
    assert is_allowed("gpt-4o-mini", policy.model_allow)
    assert not is_allowed("gpt-4o", policy.model_allow)
    assert not is_allowed("o4-mini", policy.model_allow)
    assert is_allowed("anything", ())


def test_a_narrower_level_cannot_loosen_screening() -> None:
    policy = effective_policy(
        CALLER,
        [
            organization(screening={"pii": "redact", "overrides": {"us_ssn": "block"}}),
            application(screening={"pii": "off", "overrides": {"us_ssn": "off", "phone": "flag"}}),
        ],
    ).screening
    assert policy.action("email", "pii") is Action.REDACT
    assert policy.action("us_ssn", "pii") is Action.BLOCK
    assert policy.action("phone", "pii") is Action.REDACT
    assert policy.action("secret", "secrets") is Action.BLOCK


def test_a_level_alone_may_loosen_the_default() -> None:
    policy = effective_policy(
        CALLER, [application(screening={"pii": "block", "overrides": {"email": "redact"}})]
    ).screening
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
    assert policy.max_output_tokens == 4096
    assert policy.rate_when_down is WhenDown.CLOSED


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"rate_limits": {}}, "rate_limits"),
        ({"rate_limits": [{"requests": "5", "window_seconds": 1}]}, "rate_limits.0.requests"),
        ({"rate_limits": [{"requests": True, "window_seconds": 1}]}, "rate_limits.0.requests"),
        ({"rate_limits": [{"requests": 5}]}, "rate_limits.0.window_seconds"),
        ({"rate_limits": [{"requests": 5, "window_seconds": 0}]}, "rate_limits.0.window_seconds"),
        ({"rate_limits": [{"requests": 5, "window_s": 1}]}, "rate_limits.0.window_s"),
        ({"models": {"allow": []}}, "models.allow"),
        ({"models": {"allow": [""]}}, "models.allow.0"),
        ({"models": {"deny": ["x"]}}, "models.deny"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"screening": {"pii": "maybe"}}, "screening.pii"),
        ({"screening": {"overrides": {"email": 1}}}, "screening.overrides.email"),
        ({"when_redis_is_down": {"rate": "ajar"}}, "when_redis_is_down.rate"),
        ({"cost_caps": []}, "cost_caps"),
    ],
)
def test_a_bad_document_names_its_field(document: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(document)
    assert caught.value.field == field


ACTIONS = st.sampled_from([action.value for action in Action])
SCREENING = st.fixed_dictionaries(
    {},
    optional={
        "pii": ACTIONS,
        "secrets": ACTIONS,
        "overrides": st.dictionaries(st.sampled_from(["email", "phone", "secret"]), ACTIONS),
    },
)


@given(wide=SCREENING, narrow=SCREENING)
def test_adding_a_level_never_loosens_what_another_states(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    both = effective_policy(
        CALLER, [organization(screening=wide), application(screening=narrow)]
    ).screening
    for kind, family in (("email", "pii"), ("phone", "pii"), ("secret", "secrets")):
        stated = wide.get("overrides", {}).get(kind, wide.get(family))
        if stated is not None:
            assert both.action(kind, family).strictness >= Action(stated).strictness
