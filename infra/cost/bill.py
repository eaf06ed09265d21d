"""A month's bill from a synthesised template: every resource has a line, or a reason to be free."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.cost.usage import Usage

Properties = Mapping[str, Any]
PRICES = Path(__file__).with_name("prices.json")


class CostError(Exception):
    """The bill cannot be made; the message is one sentence."""


@dataclass(frozen=True)
class Line:
    """One line of the bill: the service, what it is billed for, and how much a month."""

    service: str
    detail: str
    usd: float


class Prices:
    """`prices.json`; quantities are per month."""

    def __init__(self, path: Path = PRICES) -> None:
        document = json.loads(path.read_text("utf-8"))
        self.region: str = document["region"]
        self.rows: Mapping[str, Mapping[str, Any]] = document["prices"]

    def cost(self, name: str, quantity: float) -> float:
        """What `quantity` costs, tier by tier. Raises CostError for an unknown price."""
        row = self.rows.get(name)
        if row is None:
            raise CostError(f"infra/cost/prices.json has no price '{name}'.")
        if "usd" in row:
            return float(row["usd"]) * quantity
        cost, below = 0.0, 0.0
        for limit, usd in row["tiers"]:
            top = quantity if limit is None else min(quantity, limit)
            cost += max(0.0, top - below) * usd
            below = max(below, top)
        return cost

    @property
    def as_of(self) -> tuple[str, str]:
        """The oldest and the newest month whose list a price follows."""
        months = sorted(str(row["as_of"]) for row in self.rows.values())
        return months[0], months[-1]


class Template:
    """The resources of one stack by type."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._resources: dict[str, list[Properties]] = {}
        for resource in document["Resources"].values():
            rows = self._resources.setdefault(resource["Type"], [])
            rows.append(resource.get("Properties", {}))

    @classmethod
    def read(cls, path: Path) -> Template:
        """Read a synthesised template. Raises CostError where there is none."""
        if not path.is_file():
            raise CostError(f"There is no {path.name}: 'make synth' writes it.")
        return cls(json.loads(path.read_text("utf-8")))

    @property
    def types(self) -> set[str]:
        """Every type of resource in the template."""
        return set(self._resources)

    def of(self, kind: str) -> Sequence[Properties]:
        """The properties of all resources of a type."""
        return self._resources.get(kind, [])

    def only(self, kind: str) -> Properties:
        """The properties of the only resource of a type. Raises CostError for any other number."""
        found = self.of(kind)
        if len(found) != 1:
            raise CostError(f"The template has {len(found)} of {kind}; the bill expects one.")
        return found[0]


Pricer = Callable[[Template, Usage, Prices], Iterator[Line]]


def bill(
    template: Template,
    usage: Usage,
    prices: Prices,
    pricers: Mapping[Pricer, frozenset[str]],
    free: Mapping[str, str],
) -> list[Line]:
    """All lines. Raises CostError for a type of resource that is neither priced nor named free."""
    priced = frozenset[str]().union(*pricers.values())
    if unknown := sorted(template.types - priced - free.keys()):
        raise CostError(
            f"Nothing in infra/cost/lines.py prices {', '.join(unknown)}: "
            "add a line, or name it as free with its reason."
        )
    return [
        line
        for pricer, types in pricers.items()
        if types & template.types
        for line in pricer(template, usage, prices)
    ]
