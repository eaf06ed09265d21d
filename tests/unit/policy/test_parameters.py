"""`parameters`: what a request may set."""

from __future__ import annotations

from typing import Any

import pytest

from controlplane.domain.access import ParameterPolicy
from controlplane.policy.parameters import ALWAYS_ALLOWED, refused_parameter

BODY: dict[str, Any] = {"model": "m", "messages": [], "stream": True, "temperature": 1, "n": 2}


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        (ParameterPolicy(), None),
        (ParameterPolicy(deny=frozenset({"n"})), "n"),
        (ParameterPolicy(deny=frozenset({"tools"})), None),
        (ParameterPolicy(allow=(frozenset({"n", "temperature"}),)), None),
        (ParameterPolicy(allow=(frozenset({"n"}),)), "temperature"),
        (ParameterPolicy(allow=(frozenset({"n", "temperature"}), frozenset({"n"}))), "temperature"),
        (ParameterPolicy(allow=(frozenset({"n", "temperature"}),), deny=frozenset({"n"})), "n"),
        (ParameterPolicy(allow=(frozenset(),)), "temperature"),
    ],
)
def test_every_level_has_to_agree(policy: ParameterPolicy, refused: str | None) -> None:
    assert refused_parameter(BODY, policy) == refused


def test_without_some_fields_there_is_no_request() -> None:
    nothing = ParameterPolicy(allow=(frozenset(),))
    assert refused_parameter(dict.fromkeys(ALWAYS_ALLOWED, "x"), nothing) is None


def test_null_sets_nothing() -> None:
    assert refused_parameter({"tools": None}, ParameterPolicy(allow=(frozenset(),))) is None
