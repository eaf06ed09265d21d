"""Policies: a document for each level of a caller, and what holds when they are merged."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote

from controlplane.domain.access import Caller
from controlplane.domain.limits import Limit


class Level(StrEnum):
    """Where a policy document is attached, widest first."""

    ORGANIZATION = "organization"
    APPLICATION = "application"
    API_KEY = "api-key"
    USER = "user"

    @property
    def noun(self) -> str:
        """As a sentence names it: `organisation`, `API key`."""
        return _NOUNS[self]


_NOUNS = {
    Level.ORGANIZATION: "organisation",
    Level.APPLICATION: "application",
    Level.API_KEY: "API key",
    Level.USER: "user",
}
_SCOPE_PREFIXES = {
    Level.ORGANIZATION: "org",
    Level.APPLICATION: "app",
    Level.API_KEY: "key",
    Level.USER: "user",
}


def scope(level: Level, subject_id: str) -> str:
    """The name under which a level counts: `app-456`. An id without its prefix gets one that no id
    can have (`app:support`), so that no two subjects share a name.

    The `sub` of a user may be any text and becomes part of Redis keys: it is quoted as in an
    address, and always prefixed, so that no two users share a name.
    """
    prefix = _SCOPE_PREFIXES[level]
    if level is Level.USER:
        return f"{prefix}-{quote(subject_id, safe='@')}"
    return subject_id if subject_id.startswith(f"{prefix}-") else f"{prefix}:{subject_id}"


def subjects(caller: Caller) -> list[tuple[Level, str]]:
    """To whom the documents of a caller are attached, widest level first."""
    ids = {
        Level.ORGANIZATION: caller.org_id,
        Level.APPLICATION: caller.application_id,
        Level.API_KEY: caller.lineage,
        Level.USER: caller.user_id,
    }
    return [(level, subject_id) for level, subject_id in ids.items() if subject_id]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One level's policy as it is stored; `subject_id` is the id of the organisation, key, ..."""

    level: Level
    subject_id: str
    version: int
    document: Mapping[str, Any]

    def to_json(self) -> str:
        """As it is cached."""
        return json.dumps(
            {
                "level": self.level.value,
                "subject_id": self.subject_id,
                "version": self.version,
                "document": self.document,
            }
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Reads what `to_json` wrote."""
        row = json.loads(text)
        return cls(Level(row["level"]), row["subject_id"], row["version"], row["document"])


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One version of the policy of one subject.

    `document` is None for the version under which it was removed; `changed_by` is None where it was
    not noted.
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
        """As the API returns it; `created_at` is when this version was made."""
        return {
            "id": self.id,
            "level": self.level.value,
            "subject_id": self.subject_id,
            "version": self.version,
            "document": self.document,
            "changed_by": self.changed_by,
            "created_at": self.changed_at,
        }


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """All levels of the policy of one caller, merged: every limit of every level holds at once.

    `merged` has what each rule makes of the levels, by the rule's field; a field that no level
    states is not there. Its reader is `MergedRule.of`, which knows the type. `shadow` is the same
    for the documents that are only tried out: what it would refuse is recorded. Their limits are
    among `limits`, marked as such.
    """

    version: str
    merged: Mapping[str, object] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    shadow: EffectivePolicy | None = None
