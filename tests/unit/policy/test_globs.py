"""Globs for names of models."""

from __future__ import annotations

import pytest

from controlplane.policy.document import parse_policy
from controlplane.policy.globs import matches
from controlplane.policy.shape import InvalidPolicy


@pytest.mark.parametrize(
    ("model", "glob", "expected"),
    [
        ("claude-sonnet-4[1m]", "claude-sonnet-4[1m]", True),
        ("claude-sonnet-41", "claude-sonnet-4[1m]", True),
        ("claude-sonnet-4", "claude-sonnet-4[1m]", False),
        ("gpt-4o-mini", "gpt-*", True),
        ("GPT-4o", "gpt-*", False),
    ],
)
def test_a_name_matches_itself_and_what_the_glob_says(
    model: str, glob: str, expected: bool
) -> None:
    assert matches(model, [glob]) is expected


@pytest.mark.parametrize("glob", ["[z-a]", "gpt-[z-a]*", "*[9-0]", "[z-ay-b]"])
def test_a_glob_that_no_model_matches_is_refused(glob: str) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        parse_policy({"models": {"allow": ["gpt-*", glob]}})
    assert caught.value.field == "models.allow.1"
    assert "matches no model" in caught.value.message


@pytest.mark.parametrize(
    "glob", ["[a-z]", "[!z-a]", "[z-ab]", "(?!)", "[(?!)]", "\\(?!)", "[]", "["]
)
def test_other_brackets_are_taken(glob: str) -> None:
    assert parse_policy({"models": {"allow": [glob]}}) == {"models": (glob,)}
