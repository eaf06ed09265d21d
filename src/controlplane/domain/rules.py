"""What holds for one caller."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.access import EffectivePolicy
from controlplane.domain.routing import Routes


@dataclass(frozen=True, slots=True)
class Rules:
    """The merged policy of the caller, and the routes of its organisation."""

    policy: EffectivePolicy
    routes: Routes
