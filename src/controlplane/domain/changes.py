"""Who asks for a change, and which of them are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for a change: `subject` as in the audit trail (`user:<sub>`), and by which
    request."""

    org_id: str
    subject: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes; None for all. `since` is included, `until` is not."""

    resource: str | None = None
    resource_id: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
