"""Which targets serve a model name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


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

    @property
    def key(self) -> str:
        """Its name, without its weight: `openai/gpt-5.5`."""
        return f"{self.provider}/{self.model}"


class Condition(StrEnum):
    """Why a provider may refuse a request that another one would take."""

    CONTEXT_WINDOW = "context_window"
    CONTENT_FILTER = "content_filter"


class Unsupported(StrEnum):
    """What becomes of a parameter that a target does not have, as far as the route decides."""

    REFUSE = "refuse"
    IGNORE = "ignore"


# The most that any request may take: what Lambda gives a function at most.
LONGEST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `idle_s` is how long nothing may come, `total_s` bounds all attempts together.

    `first_byte_s` is how long a target may take to begin: to the first visible event of a stream,
    to a whole answer as a whole, which is made before it is sent. Without it, none is hurried.
    """

    connect_s: float = 2.0
    first_byte_s: float | None = None
    idle_s: float = 300.0
    total_s: float = LONGEST_SECONDS


@dataclass(frozen=True, slots=True)
class Route:
    """What an alias stands for. Refusals named in `fail_over_on` go to the next target too."""

    alias: str
    targets: tuple[Target, ...]
    strategy: Strategy = Strategy.PRIORITY
    timeouts: Timeouts | None = None
    fail_over_on: frozenset[Condition] = frozenset()
    unsupported: Unsupported = Unsupported.REFUSE

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Route:
        """Read the JSON form: `{"alias", "strategy", "targets": [...], "timeouts": {...} | None}`.

        Raises ValueError where the row is not such a route.
        """
        try:
            return cls(
                alias=row["alias"],
                targets=tuple(Target(**target) for target in row["targets"]),
                strategy=Strategy(row["strategy"]),
                timeouts=Timeouts(**row["timeouts"]) if row.get("timeouts") else None,
                fail_over_on=frozenset(map(Condition, row.get("fail_over_on") or ())),
                unsupported=Unsupported(row.get("unsupported") or Unsupported.REFUSE),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a route: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form that `from_dict` reads."""
        return asdict(self) | {"fail_over_on": sorted(self.fail_over_on)}


Routes = Mapping[str, Route]

# As a target's model: the name that was asked for. Only a glob leaves that open.
SAME_NAME = "*"


def is_glob(alias: str) -> bool:
    """True where the alias stands for every name that it matches: `gpt-*`.

    Only `*` is special. `?` and `[` stand in names that clients really send.
    """
    return "*" in alias


def matches(name: str, glob: str) -> bool:
    """True where the glob stands for the name."""
    # In a class of its own each of these stands for itself; see `is_glob`.
    return fnmatchcase(name, glob.replace("[", "[[]").replace("?", "[?]"))
