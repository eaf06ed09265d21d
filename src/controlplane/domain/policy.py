"""A policy document as it is kept, with its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controlplane.domain.access import Level


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One version of the policy of one subject.

    `document` is None for the version under which it was removed; `changed_by` is None where nobody
    noted it.
    """

    level: Level
    subject_id: str
    version: int
    document: Mapping[str, Any] | None
    changed_by: str | None
    changed_at: datetime

    @property
    def id(self) -> str:
        """Its level and subject: `application/app-456`."""
        return f"{self.level.value}/{self.subject_id}"

    def to_dict(self) -> dict[str, Any]:
        """As the API answers it; `created_at` is when this version was made."""
        return {
            "id": self.id,
            "level": self.level.value,
            "subject_id": self.subject_id,
            "version": self.version,
            "document": self.document,
            "changed_by": self.changed_by,
            "created_at": self.changed_at,
        }
