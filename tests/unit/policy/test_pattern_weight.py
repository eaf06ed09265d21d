"""The weight of custom patterns, and what of it a policy may have."""

from __future__ import annotations

import pytest

from controlplane.policy.document import check_policy, parse_policy
from controlplane.policy.pattern_weight import is_weighed, program_size, weight
from controlplane.policy.shape import InvalidPolicy


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("EMP-[0-9]{6}", 1),
        (r"\b[A-Z]{2}[0-9]{6,20}\b", 1),
        ("[0-9]{16}", 16),
        ("[a-z0-9._-]{1,64}@corp[.]com", 64),
        ("(?:alpha|beta|gamma)+", 2),
        ("(?i)project[ -]?x", 1),
        (r"(?m)^id: \d+$", 1),
        (r"^[a-z]{40}", 1),
        (r"\Qa.b\E[[:alpha:]]{3}", 2),
        (r"\x41\101[^\W\d_]{2,}", 4),
        ("(?:a?){20}b", 20),
        ("(?P<id>x{2}){3}|y(?s:.)z", 6),
        ("[ab]*a[ab]{8}c", 10),
    ],
)
def test_a_weight_is_the_matches_that_can_be_under_way_at_once(pattern: str, expected: int) -> None:
    assert weight(pattern) == expected


@pytest.mark.parametrize("pattern", ["a[ab]{900}c", r"\b.{200}c", r"\pL{30}", "(?:[ab]{30}){30}"])
def test_where_that_cannot_be_counted_it_is_the_size_of_the_program(pattern: str) -> None:
    assert weight(pattern) == program_size(pattern) > 60


def test_a_pattern_is_weighed_once() -> None:
    assert not is_weighed("weighed-once-[0-9]{3}")
    assert weight("weighed-once-[0-9]{3}") == 1
    assert is_weighed("weighed-once-[0-9]{3}")


def policy(*patterns: str) -> dict[str, object]:
    custom = [{"kind": f"kind_{n}", "pattern": each} for n, each in enumerate(patterns)]
    return {"screening": {"custom": custom}}


def test_a_slow_pattern_is_named_and_not_stored() -> None:
    slow = policy("EMP-[0-9]{6}", "a[ab]{900}c", "b")
    with pytest.raises(InvalidPolicy) as refused:
        check_policy(slow)
    assert refused.value.field == "screening.custom.1.pattern"
    assert "906 matches" in refused.value.message
    assert "smaller counts" in refused.value.message


def test_patterns_are_weighed_together() -> None:
    check_policy(policy(*["[0-9]{16}"] * 32))
    with pytest.raises(InvalidPolicy, match=r"custom\.9\.pattern"):
        check_policy(policy(*["[0-9]{50}"] * 9, "[0-9]{64}"))


def test_what_was_stored_before_the_bound_is_still_read() -> None:
    assert parse_policy(policy(*["a[ab]{900}c"] * 32))["screening"]
