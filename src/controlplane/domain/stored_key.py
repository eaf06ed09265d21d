"""What is stored of an API key, as people may see it: never the key, nor its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from controlplane.domain.access import Role


class KeyState(StrEnum):
    """Whether a key works. A key that expires later is still active."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `api_keys`; `prefix` is the part of the key that people may see."""

    id: str
    application_id: str | None
    name: str
    role: Role
    prefix: str
    state: KeyState
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    replaces: str | None

    def to_dict(self) -> dict[str, Any]:
        """JSON; times in RFC 3339."""
        return {
            "id": self.id,
            "application_id": self.application_id,
            "name": self.name,
            "role": self.role.value,
            "prefix": self.prefix,
            "state": self.state.value,
            "created_at": _text(self.created_at),
            "expires_at": _text(self.expires_at),
            "revoked_at": _text(self.revoked_at),
            "last_used_at": _text(self.last_used_at),
            "replaces": self.replaces,
        }

    def written(self) -> dict[str, Any]:
        """What administrators wrote of it: this part changes by no use and no passing of time."""
        return {k: v for k, v in self.to_dict().items() if k not in ("state", "last_used_at")}


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which keys; None for all."""

    application_id: str | None = None
    prefix: str | None = None
    state: KeyState | None = None


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()
