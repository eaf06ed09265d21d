"""Organisations and applications, as people see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """An organisation or an application."""

    id: str
    name: str
    created_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """JSON; the time in RFC 3339."""
        created_at = self.created_at.astimezone(UTC).isoformat()
        return {"id": self.id, "name": self.name, "created_at": created_at}
