"""`mode`: whether a document is enforced, or only tried out."""

from __future__ import annotations

from enum import StrEnum

from controlplane.policy.rule import Rule, one_of


class Mode(StrEnum):
    """What a document under `shadow` would refuse is recorded and passes."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


RULE = Rule(
    "mode",
    one_of(Mode),
    None,
    "about its own document: a shadow document never changes what is enforced",
)
