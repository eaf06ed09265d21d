"""Warnings about budgets: which are due, what they say, and where they go."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from controlplane.domain.usage import usd

DEFAULT_THRESHOLDS = (80, 100)
# In place of a threshold: a request was refused, because too little was left for it.
REFUSED = 0


class DestinationKind(StrEnum):
    """How a destination is spoken to; the topic is the operator's, and in no document."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where warnings go. `sealed` holds its address and secret, for `Sealer.open`."""

    name: str
    kind: DestinationKind
    host: str = ""
    sealed: str = ""

    def to_dict(self) -> dict[str, str]:
        """As it is stored."""
        return {"name": self.name, "kind": self.kind, "host": self.host, "sealed": self.sealed}


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """What an organisation wants to be told: percentages of each cost cap, and refusals by one."""

    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    refusals: bool = True
    destinations: tuple[Destination, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "thresholds": list(self.thresholds),
            "refusals": self.refusals,
            "destinations": [each.to_dict() for each in self.destinations],
        }

    def described(self) -> dict[str, Any]:
        """As people see it: no address, no secret."""
        named = [(each.name, each.kind, each.host) for each in self.destinations]
        return {
            "thresholds": list(self.thresholds),
            "refusals": self.refusals,
            "destinations": [
                {"name": name, "kind": kind, "host": host} for name, kind, host in named
            ],
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> NotificationSettings:
        """Read what `to_dict` wrote."""
        destinations = (
            Destination(each["name"], DestinationKind(each["kind"]), each["host"], each["sealed"])
            for each in row["destinations"]
        )
        return cls(tuple(row["thresholds"]), row["refusals"], tuple(destinations))

    def reached(self, charge: Mapping[str, Any]) -> list[int]:
        """Which thresholds a charge (`Charge.to_dict`) has crossed; REFUSED for a refusal."""
        if charge["refused"]:
            return [REFUSED] if self.refusals else []
        before, after, capacity = charge["before"], charge["after"], charge["capacity"]
        return [
            percent
            for percent in self.thresholds
            if before * 100 < percent * capacity <= after * 100
        ]


@dataclass(frozen=True, slots=True)
class BudgetWarning:
    """One threshold of one cap in one period; it is sent once. Amounts in micro-dollars."""

    org_id: str
    budget: str
    capacity: int
    period: str
    reached: int
    used: int
    occurred_at: datetime

    @classmethod
    def of(
        cls, org_id: str, charge: Mapping[str, Any], reached: int, at: datetime
    ) -> BudgetWarning:
        """Of what a request has charged. Raises KeyError, TypeError and ValueError."""
        numbers = int(charge["capacity"]), int(charge["after"])
        named = str(charge["name"]), str(charge["period"])
        return cls(org_id, named[0], numbers[0], named[1], reached, numbers[1], at)

    @property
    def key(self) -> tuple[str, str, int, str, int]:
        """What makes it one and the same. A cap that is raised is another one."""
        return self.org_id, self.budget, self.capacity, self.period, self.reached

    @property
    def id(self) -> str:
        """The same in every process, so that a receiver knows a repetition."""
        text = "\n".join(map(str, self.key))
        return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:32]}"

    def message(self) -> dict[str, Any]:
        """What receivers get; `text` is for people."""
        percent = 100 if self.capacity == 0 else self.used * 100 // self.capacity
        used = f"{percent} % of {usd(self.capacity)} USD ({usd(self.used)} USD) of {self.budget}"
        is_refusal = self.reached == REFUSED
        stop = " A request was refused: what is left does not cover what it may cost."
        return {
            "type": "budget.refused" if is_refusal else "budget.threshold",
            "timestamp": self.occurred_at.isoformat(),
            "text": f"LLM budget in {self.org_id}: {used} is used.{stop if is_refusal else ''}",
            "data": {
                "organization_id": self.org_id,
                "budget": self.budget,
                "threshold": None if is_refusal else self.reached,
                "used_percent": percent,
                "limit_usd": usd(self.capacity),
                "used_usd": usd(self.used),
            },
        }


@dataclass(frozen=True, slots=True)
class Notification:
    """One message on its way to one destination."""

    id: str
    org_id: str
    destination: str
    message: Mapping[str, Any]
    attempt: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The shape of the message in the queue, beside which audit events stand."""
        return {"type": TYPE} | {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Notification:
        """Read what `to_dict` wrote. Raises ValueError."""
        try:
            texts = row["id"], row["org_id"], row["destination"]
            message, attempt = row["message"], row["attempt"]
        except KeyError:
            raise ValueError("not a notification") from None
        if not all(isinstance(text, str) for text in texts) or not isinstance(message, Mapping):
            raise ValueError("not a notification")
        if type(attempt) is not int or attempt < 1:
            raise ValueError("not a notification")
        return cls(*texts, message, attempt)


TYPE = "notification"
# The name of the operator's topic among destinations, which no other one can have.
TOPIC = ""


def due(
    charges: Iterable[tuple[str, Mapping[str, Any], datetime]],
    settings: Mapping[str, NotificationSettings],
) -> list[BudgetWarning]:
    """The warnings that (organisation, charge, time) give cause to; each once."""
    found = dict[tuple[str, str, int, str, int], BudgetWarning]()
    for org_id, charge, at in charges:
        for reached in settings[org_id].reached(charge):
            warning = BudgetWarning.of(org_id, charge, reached, at)
            found.setdefault(warning.key, warning)
    return [found[key] for key in sorted(found)]
