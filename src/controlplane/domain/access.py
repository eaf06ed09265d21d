"""Who is calling, what they may do, and what was set aside for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from controlplane.domain.limits import Limit

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

    Exactly one of `key_id` (API key) and `user_id` (the `sub` of a JWT) is set.
    """

    org_id: str
    role: Role
    application_id: str | None = None
    key_id: str | None = None
    user_id: str | None = None

    @property
    def subject(self) -> str:
        """How the audit trail names the caller: `key:<id>` or `user:<sub>`."""
        return f"key:{self.key_id}" if self.key_id else f"user:{self.user_id}"


class Action(StrEnum):
    """What screening does with a finding, mildest first."""

    OFF = "off"
    FLAG = "flag"
    REDACT = "redact"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        """0 (off) to 3 (block)."""
        return list(Action).index(self)


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """An organisation's own detector: what `pattern` (RE2 syntax) finds is of this `kind`."""

    kind: str
    pattern: str


class Answers(StrEnum):
    """What screening does with the answers of models, mildest first."""

    OFF = "off"
    REDACT = "redact"
    BLOCK = "block"

    @property
    def strictness(self) -> int:
        """0 (off) to 2 (block)."""
        return list(Answers).index(self)


@dataclass(frozen=True, slots=True)
class ScreeningPolicy:
    """The action per family (`pii`, `secrets`), and per kind where `overrides` names it.

    `allow_domains` (with their subdomains) and `allow_values` are not findings at all. `restore`
    puts redacted values back where an answer repeats their tokens.
    """

    pii: Action = Action.BLOCK
    secrets: Action = Action.BLOCK
    overrides: Mapping[str, Action] = field(default_factory=dict)
    custom: tuple[CustomPattern, ...] = ()
    allow_domains: frozenset[str] = frozenset()
    allow_values: frozenset[str] = frozenset()
    responses: Answers = Answers.OFF
    restore: bool = False

    def action(self, kind: str, family: str) -> Action:
        """The action for a finding of `kind` in `family`."""
        override = self.overrides.get(kind)
        if override is not None:
            return override
        return self.secrets if family == "secrets" else self.pii


class WhenDown(StrEnum):
    """What to do when the store behind a rule does not answer."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ParameterPolicy:
    """Which parameters of a request may be set, by their top-level names.

    Every group of `allow` has to name it (no group: everything), and `deny` must not.
    """

    allow: tuple[frozenset[str], ...] = ()
    deny: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """All levels of the policy of one caller, merged: every limit of every level holds at once.

    `shadow` is the same for the documents that are only tried out: what it would refuse is
    recorded. Their limits are among `limits`, marked as such.
    """

    version: str
    model_allow: tuple[tuple[str, ...], ...] = ()
    limits: tuple[Limit, ...] = ()
    max_output_tokens: int | None = None
    parameters: ParameterPolicy = field(default_factory=ParameterPolicy)
    screening: ScreeningPolicy = field(default_factory=ScreeningPolicy)
    rate_when_down: WhenDown = WhenDown.OPEN
    cost_when_down: WhenDown = WhenDown.CLOSED
    store_payloads: bool = False
    shadow: EffectivePolicy | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored API key: who it speaks for, and its keyed hash (hex), never the key itself."""

    id: str
    key_hash: str
    caller: Caller
    expires_at: datetime | None = None


class Level(StrEnum):
    """Where a policy document is attached, widest first."""

    ORGANIZATION = "organization"
    APPLICATION = "application"
    API_KEY = "api-key"
    USER = "user"


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """One level's policy as it is stored; `subject_id` is the id of the organisation, key, ..."""

    level: Level
    subject_id: str
    version: int
    document: Mapping[str, Any]
