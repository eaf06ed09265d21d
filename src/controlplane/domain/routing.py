"""Which targets serve a model name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Strategy(StrEnum):
    """How the first target is chosen; the others follow as fail-over."""

    PRIORITY = "priority"
    WEIGHTED = "weighted"


@dataclass(frozen=True, slots=True)
class Target:
    """A model (or Azure deployment) at a provider."""

    provider: str
    model: str
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `total_s` bounds all attempts together, slow drips and keep-alive pings included."""

    connect_s: float = 2.0
    first_byte_s: float = 20.0
    idle_s: float = 15.0
    total_s: float = 25.0


@dataclass(frozen=True, slots=True)
class Route:
    """What an alias stands for."""

    alias: str
    targets: tuple[Target, ...]
    strategy: Strategy = Strategy.PRIORITY
    timeouts: Timeouts = field(default_factory=Timeouts)


Routes = Mapping[str, Route]
