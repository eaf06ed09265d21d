"""Who is calling, and by which credential."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# The organisation id becomes part of Redis keys and S3 paths, so its alphabet is closed.
ORG_ID = re.compile(r"\A[a-z0-9-]{1,64}\Z")


class Role(StrEnum):
    """What a caller may do; DESIGN of the roles: docs/ARCHITECTURE.md."""

    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"
    SERVICE = "service"


INFERENCE_ROLES = frozenset({Role.ADMIN, Role.DEVELOPER, Role.SERVICE})


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `org_id` comes from the credential and from nowhere else.

    Exactly one of `key_id` (API key) and `user_id` (the `sub` of a JWT) is set. `first_key_id` is
    the key that `key_id` goes back to by rotations, None where it was never rotated.
    """

    org_id: str
    role: Role
    application_id: str | None = None
    key_id: str | None = None
    user_id: str | None = None
    first_key_id: str | None = None

    @property
    def lineage(self) -> str | None:
        """What the policy, the counters and the usage of a key go by; None for a user."""
        return self.first_key_id or self.key_id

    @property
    def subject(self) -> str:
        """How the audit trail names the caller: `key:<id>` or `user:<sub>`."""
        return f"key:{self.key_id}" if self.key_id else f"user:{self.user_id}"

    @property
    def account(self) -> str:
        """What usage is summed up under: as `subject`, and the same for all keys of a lineage."""
        return f"key:{self.lineage}" if self.key_id else self.subject


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored API key: who it speaks for, and its keyed hash (hex), never the key itself."""

    id: str
    key_hash: str
    caller: Caller
    expires_at: datetime | None = None
