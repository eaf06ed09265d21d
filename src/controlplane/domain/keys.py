"""API keys: how one is made, recognised and hashed, and what is stored of it.

`sk-cp-` + 43 random characters + 6 characters of CRC-32, both base 62. The checksum lets a mistyped
or made-up key fail without a look-up; it is no protection, the 256 random bits are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from controlplane.domain.access import Role

PREFIX = "sk-cp-"
RANDOM_LENGTH = 43
CHECKSUM_LENGTH = 6
# Of a key that people may see: `sk-cp-` and 6 of its 43 random characters.
PREFIX_LENGTH = 12
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SHAPE = re.compile(rf"\A{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + CHECKSUM_LENGTH}}}\Z")


class KeyHasher:
    """Keyed hash (HMAC-SHA-256) of API keys; without the pepper a stolen table is worth nothing."""

    def __init__(self, pepper: str) -> None:
        self._pepper = pepper.encode()

    def hash(self, presented: str) -> str:
        """64 hex digits. Look-ups go by this hash, so no secret is ever compared."""
        return hmac.new(self._pepper, presented.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def generate() -> str:
        """A new key, `sk-cp-...`."""
        body = "".join(secrets.choice(_ALPHABET) for _ in range(RANDOM_LENGTH))
        return f"{PREFIX}{body}{_checksum(body)}"

    @staticmethod
    def is_well_formed(presented: str) -> bool:
        """True where shape and checksum are right."""
        if not _SHAPE.match(presented):
            return False
        body = presented[len(PREFIX) : -CHECKSUM_LENGTH]
        return presented.endswith(_checksum(body))


def _checksum(body: str) -> str:
    number = zlib.crc32(body.encode())
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))


class KeyState(StrEnum):
    """Whether a key works. A key that expires later is still active."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is stored of a key, as people may see it: never the key, nor its hash. `prefix` is the
    part of the key that may be seen. `lineage` is the id of the first of the keys that were rotated
    into this one, its own where there is none: policy, counters and usage go by it."""

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
    lineage: str

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
            "lineage": self.lineage,
        }

    def written(self) -> dict[str, Any]:
        """What administrators wrote of it: this part changes by no use and no passing of time."""
        return {k: v for k, v in self.to_dict().items() if k not in ("state", "last_used_at")}


@dataclass(frozen=True, slots=True)
class KeyFilter:
    """Which keys; None for all. `lineage` is the id of any key of it."""

    application_id: str | None = None
    prefix: str | None = None
    state: KeyState | None = None
    lineage: str | None = None


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.astimezone(UTC).isoformat()
