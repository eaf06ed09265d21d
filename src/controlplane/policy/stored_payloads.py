"""`store_payloads`: whether the texts of requests and answers are kept."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.policy.rule import LevelValue, MergedRule
from controlplane.policy.shape import boolean


def _merge(stated: Sequence[LevelValue[bool]]) -> bool:
    """Only where a level wants it and no level forbids it: privacy wins."""
    return all(entry.value for entry in stated)


STORE_PAYLOADS: MergedRule[bool, bool] = MergedRule(
    field="store_payloads",
    shape=boolean(example=False),
    says=(
        "whether the texts of requests and answers are kept, as screened, of an answer at most "
        '8 MiB (`"cut": true` says that it was longer)'
    ),
    merges="true only where a level says true and none says false",
    merge=_merge,
    default=False,
    describe=bool,
    has_shadow=False,
)
