"""`mode`: whether a document is enforced, or only tried out."""

from __future__ import annotations

from enum import StrEnum

from controlplane.domain.policy import PolicyDocument
from controlplane.policy.rule import Rule
from controlplane.policy.shape import one_of


class Mode(StrEnum):
    """What a document under `shadow` would refuse is recorded and passes."""

    ENFORCE = "enforce"
    SHADOW = "shadow"


MODE = Rule(
    field="mode",
    shape=one_of(Mode, example=Mode.SHADOW),
    says="`enforce` or `shadow`",
    merges="about its own document: a shadow document never changes what is enforced",
)


def mode_of(entry: PolicyDocument) -> Mode:
    """Enforced, unless the document says otherwise."""
    return Mode(entry.document.get(MODE.field, Mode.ENFORCE))
