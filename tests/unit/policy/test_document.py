"""Whatever is wrong with a document is said at once, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.limits import Period
from controlplane.domain.policy import Level, PolicyDocument
from controlplane.policy.document import parse_policy
from controlplane.policy.limits import Count
from controlplane.policy.parameters import Parameters
from controlplane.policy.rules import RULES
from controlplane.policy.shape import InvalidPolicy
from controlplane.policy.validity import in_force

WHOLE: dict[str, Any] = {
    "models": {"allow": ["gpt-4o*", "claude-*"]},
    "rate_limits": [{"requests": 100, "window_seconds": 60}],
    "token_limits": [{"tokens": 100_000, "window_seconds": 60}],
    "cost_caps": [
        {"usd": "5.00", "period": "day"},
        {"usd": "50", "period": "month"},
        {"usd": "0.000001", "window_seconds": 86_400},
    ],
    "concurrency": 20,
    "max_output_tokens": 4096,
    "parameters": {"deny": ["tools", "logit_bias"]},
    "screening": {"pii": "redact"},
    "when_redis_is_down": {"rate": "open", "cost": "closed"},
    "store_payloads": False,
    "stored_responses": False,
    "valid": {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00+01:00"},
    "mode": "enforce",
}


def errors(document: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy(document)
    found = caught.value.errors
    assert (caught.value.field, caught.value.message) == found[0]
    assert len({field for field, _ in found}) == len(found), "one error per field"
    return dict(found)


def test_a_whole_document_is_read() -> None:
    read = parse_policy(WHOLE)
    assert set(read) == set(WHOLE)
    assert [(cap.capacity, cap.window) for cap in read["cost_caps"]] == [
        (5_000_000, Period.DAY),
        (50_000_000, Period.MONTH),
        (1, 86_400),
    ]
    assert read["parameters"] == Parameters(deny=frozenset({"tools", "logit_bias"}))
    assert parse_policy({}) == {}


def test_all_faults_are_named_at_once() -> None:
    found = errors(
        {
            "models": {"allow": ["", 7], "deny": []},
            "rate_limits": [{"requests": -1}, {"requests": 1, "window_seconds": 60}, "x"],
            "cost_caps": [{"usd": "1", "period": "day"}, {"usd": 5.0, "window_seconds": 59}],
            "screening": {"pii": "maybe", "overrides": {"email": 1}, "custom": [{"kind": "A"}]},
            "valid": {"from": "today", "until": "2026-02-30T00:00:00Z"},
            "budget": 5,
        }
    )
    assert set(found) == {
        "models.allow.0",
        "models.allow.1",
        "models.deny",
        "rate_limits.0.requests",
        "rate_limits.0.window_seconds",
        "rate_limits.2",
        "cost_caps.1.usd",
        "cost_caps.1.window_seconds",
        "screening.pii",
        "screening.overrides.email",
        "screening.custom.0.kind",
        "screening.custom.0.pattern",
        "valid.from",
        "valid.until",
        "budget",
    }
    assert "rate_limits" in found["budget"]


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"rate_limits": {}}, "rate_limits"),
        ({"rate_limits": [{"requests": 1, "window_seconds": 1}] * 9}, "rate_limits"),
        ({"rate_limits": [{"requests": "5", "window_seconds": 1}]}, "rate_limits.0.requests"),
        ({"rate_limits": [{"requests": True, "window_seconds": 1}]}, "rate_limits.0.requests"),
        ({"rate_limits": [{"requests": 5.0, "window_seconds": 1}]}, "rate_limits.0.requests"),
        ({"rate_limits": [{"requests": 5}]}, "rate_limits.0.window_seconds"),
        ({"rate_limits": [{"requests": 5, "window_seconds": 0}]}, "rate_limits.0.window_seconds"),
        (
            {"rate_limits": [{"requests": 5, "window_seconds": 1, "window_s": 1}]},
            "rate_limits.0.window_s",
        ),
        ({"token_limits": [{"tokens": -1, "window_seconds": 1}]}, "token_limits.0.tokens"),
        ({"token_limits": [{"window_seconds": 1}]}, "token_limits.0.tokens"),
        ({"models": {"allow": []}}, "models.allow"),
        ({"models": {}}, "models.allow"),
        ({"models": {"allow": ["a\x00"]}}, "models.allow.0"),
        ({"models": {"allow": ["x" * 257]}}, "models.allow.0"),
        ({"models": ["gpt-4o"]}, "models"),
        ({"concurrency": -1}, "concurrency"),
        ({"concurrency": "20"}, "concurrency"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"parameters": {}}, "parameters"),
        ({"parameters": {"allow": [], "deny": ["n"]}}, "parameters"),
        ({"parameters": {"deny": []}}, "parameters.deny"),
        ({"parameters": {"deny": ["messages"]}}, "parameters.deny.0"),
        ({"parameters": {"allow": ["response_format.type"]}}, "parameters.allow.0"),
        ({"when_redis_is_down": {"rate": "ajar"}}, "when_redis_is_down.rate"),
        ({"when_redis_is_down": {"cost": None}}, "when_redis_is_down.cost"),
        ({"when_redis_is_down": {"tokens": "open"}}, "when_redis_is_down.tokens"),
        ({"store_payloads": 1}, "store_payloads"),
        ({"mode": "audit"}, "mode"),
        ({"mode": ["shadow"]}, "mode"),
        ({"valid": {}}, "valid"),
        (
            {"valid": {"from": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"}},
            "valid.until",
        ),
        ({"x" * 100: 1}, "x" * 64),
    ],
)
def test_a_bad_document_names_its_field(document: dict[str, Any], field: str) -> None:
    assert list(errors(document)) == [field]


@pytest.mark.parametrize(
    "usd",
    [
        5, 5.0, None, True, "", "5.", ".5", "05", "-1", "+1", "1e3", "1E-3", "NaN", "Infinity",
        "1_000", " 1", "1\n", "1,000", "0.0000001", "1000000000", "\u0665", "0x10",
    ],
)  # fmt: skip
def test_dollars_are_plain_decimal_strings(usd: Any) -> None:
    assert list(errors({"cost_caps": [{"usd": usd, "period": "day"}]})) == ["cost_caps.0.usd"]


@pytest.mark.parametrize(
    ("usd", "microusd"),
    [
        ("0", 0),
        ("0.1", 100_000),
        ("5", 5_000_000),
        ("5.00", 5_000_000),
        ("0.000001", 1),
        ("999999999.999999", 999_999_999_999_999),
    ],
)
def test_dollars_become_micro_dollars_exactly(usd: str, microusd: int) -> None:
    read = parse_policy({"cost_caps": [{"usd": usd, "period": "day"}]})
    assert read["cost_caps"] == (Count(microusd, Period.DAY),)
    assert int(float(microusd)) == microusd, "Redis counts in doubles"


@pytest.mark.parametrize(
    "cap",
    [
        {"usd": "1"},
        {"usd": "1", "period": "day", "window_seconds": 60},
    ],
)
def test_a_cap_has_one_window(cap: dict[str, Any]) -> None:
    assert list(errors({"cost_caps": [cap]})) == ["cost_caps.0"]


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"period": "year"}, "period"),
        ({"period": "day", "time_zone": "Europe/Bonn"}, "time_zone"),
        ({"period": "day", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"period": "lifetime", "time_zone": "Europe/Berlin"}, "time_zone"),
        ({"window_seconds": 60, "time_zone": "Europe/Berlin"}, "time_zone"),
        ({"period": "day", "per": "user"}, "per"),
        ({"period": "day", "models": []}, "models"),
        ({"period": "day", "models": ["[z-a]"]}, "models.0"),
        ({"period": "DAY"}, "period"),
        ({"window_seconds": 59}, "window_seconds"),
        ({"window_seconds": 2_678_401}, "window_seconds"),
    ],
)
def test_windows_of_caps(window: dict[str, Any], field: str) -> None:
    assert list(errors({"cost_caps": [{"usd": "1", **window}]})) == [f"cost_caps.0.{field}"]


@pytest.mark.parametrize(
    "field", [{"screening": {}}, {"store_payloads": True}, {"when_redis_is_down": {}}]
)
def test_what_cannot_be_tried_out_is_refused_by_name(field: dict[str, Any]) -> None:
    assert list(errors({**field, "mode": "shadow"})) == list(field)
    parse_policy({**field, "mode": "enforce"})


@pytest.mark.parametrize("value", [None, "x", 1.5])
@pytest.mark.parametrize(
    "field", [name for name in RULES if name not in ("store_payloads", "stored_responses", "mode")]
)
def test_a_value_of_another_type_is_told_one_that_would_do(field: str, value: Any) -> None:
    ((place, message),) = errors({field: value}).items()
    assert place == field
    assert parse_policy({field: json.loads(message.split(", such as ")[1])})


def test_what_stands_deeper_is_told_an_example_of_its_own() -> None:
    found = errors({"cost_caps": [{"usd": 5, "window_seconds": "day"}, "5.00"]})
    assert {field: message.split(", such as ")[1] for field, message in found.items()} == {
        "cost_caps.0.usd": '"5.00"',
        "cost_caps.0.window_seconds": "3600",
        "cost_caps.1": '{"usd": "5.00", "period": "day"}',
    }


def timed(valid: dict[str, str]) -> PolicyDocument:
    return PolicyDocument(Level.ORGANIZATION, "org-1", 1, {"valid": valid})


def test_a_document_is_in_force_from_its_first_moment_to_before_its_last() -> None:
    both = timed({"from": "1970-01-01T00:01:40Z", "until": "1970-01-01T01:03:20+01:00"})
    edges = {99.999: False, 100.0: True, 199.999: True, 200.0: False}
    assert {now: in_force(both, now) for now in edges} == edges
    assert in_force(timed({"from": "1970-01-01T00:01:40Z"}), 1e12)
    assert in_force(timed({"until": "1970-01-01T00:01:40Z"}), 0)
    assert in_force(PolicyDocument(Level.ORGANIZATION, "org-1", 1, {}), 0)


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "20260101T000000Z",
        "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+0100", 1767225600,
        "2026-W01-1T00:00:00Z",
        "\u0662\u0660\u0662\u0666-01-01T00:00:00Z", "0000-01-01T00:00:00Z", None,
    ],
)  # fmt: skip
def test_times_are_rfc_3339(time: Any) -> None:
    assert list(errors({"valid": {"until": time}})) == ["valid.until"]


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "2026-01-01t00:00:00z"],
)
def test_the_ends_of_time(time: str) -> None:
    assert in_force(timed({"until": time}), 0) is not time.startswith("0001")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)
NAMES = sorted({"allow", "deny", "requests", "tokens", "usd", "period", "window_seconds", "from"})


@given(
    st.dictionaries(
        st.sampled_from(list(RULES)),
        JSON
        | st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3)
        | st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=3), max_size=3),
    )
)
def test_whatever_is_sent_is_a_policy_or_says_what_is_wrong(document: dict[str, Any]) -> None:
    found: tuple[tuple[str, str], ...] = ()
    try:
        parse_policy(document)
    except InvalidPolicy as fault:
        found = fault.errors
    for field, message in found:
        assert field.split(".")[0] in document
        assert message
