"""`max_output_tokens`: the longest answer that may be asked for. The smallest of all levels."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.policy.rule import LevelValue, Rule, integer

MAX_TOKENS = 1_000_000


def merge(stated: Sequence[LevelValue[int]]) -> int | None:
    """The smallest; None where no level says anything."""
    return min((entry.value for entry in stated), default=None)


RULE = Rule("max_output_tokens", integer(1, MAX_TOKENS), merge, "the smallest")
