"""What holds for one caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controlplane.domain.access import EffectivePolicy
from controlplane.domain.routing import Routes


@dataclass(frozen=True, slots=True)
class Rules:
    """The merged policy of the caller, and the routes of its organisation.

    `troubled` are the targets (`Target.key`) that failed since they last answered, and until when
    each is left alone, in seconds since 1970; 0 where it has not failed often enough.
    """

    policy: EffectivePolicy
    routes: Routes
    troubled: Mapping[str, float] = field(default_factory=dict)
