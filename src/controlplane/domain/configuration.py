"""What holds for an organisation, and for one caller of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.domain.policy import EffectivePolicy, PolicyDocument
from controlplane.domain.price import Prices
from controlplane.domain.routing import Routes


@dataclass(frozen=True, slots=True)
class StoredConfiguration:
    """All policy documents, routes and own prices of one organisation, as they are stored.

    `prices` are rows `{"provider", "model", ...}` of `domain.usage.Price`.
    """

    documents: Sequence[PolicyDocument]
    routes: Sequence[Mapping[str, Any]]
    prices: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """The merged policy of the caller, and the routes and own prices of its organisation.

    `cooling_down` are the targets (`Target.key`) that failed since they last answered, and until
    when each is left alone, in seconds since 1970; 0 where it has not failed often enough.
    """

    policy: EffectivePolicy
    routes: Routes
    cooling_down: Mapping[str, float] = field(default_factory=dict)
    prices: Prices = field(default_factory=dict)
