"""`store_payloads`: whether the texts of requests and answers are kept."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.policy.rule import LevelValue, Rule, boolean


def merge(stated: Sequence[LevelValue[bool]]) -> bool:
    """Only where a level wants it and no level forbids it: privacy wins, at whatever level."""
    return bool(stated) and all(entry.value for entry in stated)


RULE = Rule(
    "store_payloads",
    boolean,
    merge,
    "true only where a level says true and none says false",
    has_shadow=False,
)
