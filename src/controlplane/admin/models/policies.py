"""Policies. What a document may say is the rules' matter: here it is any object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, RootModel, Strict, WithJsonSchema, field_validator

from controlplane.admin.models.fields import Time
from controlplane.admin.models.model import (
    QueryParameters,
    RequestBody,
    ResponseBody,
    examples,
    fault,
    one_of,
    told,
)
from controlplane.admin.models.pages import NOT_A_CURSOR, PageQuery
from controlplane.domain.policy import Level
from controlplane.policy.document import json_schema
from controlplane.policy.mode import Mode

MAX_VERSION = 2_147_483_647

_DOCUMENT: Mapping[str, Any] = {
    "models": {"allow": ["gpt-*", "claude-*"]},
    "rate_limits": [{"requests": 100, "window_seconds": 60}],
    "cost_caps": [{"usd": "5.00", "period": "day"}, {"usd": "50.00", "period": "month"}],
    "concurrency": 20,
}
EXAMPLES: Mapping[str, Any] = {
    "limits": {"summary": "Models, limits and budgets", "value": _DOCUMENT},
    "shadow": {
        "summary": "Tried out: what it would refuse is recorded, and passes",
        "value": {"mode": "shadow", "token_limits": [{"tokens": 50_000, "window_seconds": 60}]},
    },
    "campaign": {
        "summary": "In force for one month",
        "value": {
            "valid": {"from": "2026-12-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"},
            "cost_caps": [{"usd": "200.00", "period": "month"}],
        },
    },
}


class PolicyBody(
    RootModel[Annotated[dict[str, Any], WithJsonSchema(json_schema(), mode="validation")]]
):
    """A whole policy document: `controlplane.policy` reads it, and says what is wrong with it."""


class PolicyShown(ResponseBody):
    """One version of the policy of one subject."""

    model_config = examples(
        {
            "id": "application/app-default",
            "level": "application",
            "subject_id": "app-default",
            "version": 3,
            "document": _DOCUMENT,
            "changed_by": "user:8f6c1a4e-5d0b-4a57-9f0e-2f1d3c4b5a69",
            "created_at": "2026-11-23T12:00:00+00:00",
        }
    )
    id: str
    level: Level
    subject_id: str
    version: int
    document: dict[str, Any] | None = Field(
        description="As it was written; null where this version removed the policy."
    )
    changed_by: str | None
    created_at: Time = Field(description="When this version was made.")


class Validated(ResponseBody):
    """Nothing is wrong with a document."""

    model_config = examples({"valid": True})
    valid: Literal[True] = True


class Rollback(RequestBody):
    """The version whose document is to hold again."""

    model_config = examples({"version": 3})
    version: Annotated[
        int,
        Strict(),
        Field(ge=1, le=MAX_VERSION),
        told("must be the number of a version"),
    ]


class PolicySource(ResponseBody):
    """One of the documents that a merged policy comes from."""

    level: Level
    subject_id: str
    scope: str = Field(description="What counts its limits.")
    version: int
    mode: Mode
    state: Literal["in_force", "later", "expired"]
    valid: dict[str, Any] | None


class EffectiveShown(ResponseBody):
    """The merged policy of one caller."""

    model_config = examples(
        {
            "application_id": "app-default",
            "key_id": None,
            "user_id": None,
            "version": "organization:1,application:3",
            "policy": {
                "models": {"allow": [["gpt-*", "claude-*"]]},
                "rate_limits": [{"scope": "app-default", "requests": 100, "window_seconds": 60}],
                "token_limits": [],
                "cost_caps": [
                    {"scope": "org-default", "usd": "500.000000", "period": "month"},
                    {"scope": "app-default", "usd": "5.000000", "period": "day"},
                ],
                "concurrency": [{"scope": "app-default", "requests": 20}],
                "max_output_tokens": 4096,
                "parameters": {"allow": [], "deny": ["logit_bias"]},
                "screening": {
                    "pii": "block",
                    "secrets": "block",
                    "overrides": {"email": "redact"},
                    "custom": [],
                    "allow": {"domains": [], "values": []},
                    "responses": "off",
                    "restore": False,
                },
                "when_redis_is_down": {"rate": "open", "cost": "closed"},
                "store_payloads": False,
            },
            "shadow": None,
            "documents": [
                {
                    "level": "application",
                    "subject_id": "app-default",
                    "scope": "app-default",
                    "version": 3,
                    "mode": "enforce",
                    "state": "in_force",
                    "valid": None,
                }
            ],
        }
    )
    application_id: str | None
    key_id: str | None
    user_id: str | None
    version: str
    policy: dict[str, Any] = Field(
        description="What is enforced, each limit with the scope that counts it. Of `models` and "
        "`parameters.allow` every group has to agree."
    )
    shadow: dict[str, Any] | None = Field(description="What is only tried out.")
    documents: list[PolicySource] = Field(description="Those of another time included.")


class PolicyQuery(PageQuery):
    """Which policies."""

    level: Annotated[Level, one_of(Level)] | None = Field(
        default=None, description="Only this level."
    )

    @property
    def after(self) -> tuple[str, str] | None:
        """The level and subject behind which the page begins."""
        if self.cursor is None:
            return None
        level, _, subject_id = self.cursor.partition("/")
        return level, subject_id


class VersionQuery(PageQuery):
    """A page of the history of a policy."""

    @property
    def before(self) -> int | None:
        """The version before which the page begins."""
        return None if self.cursor is None else int(self.cursor)

    @field_validator("cursor")
    @classmethod
    def _is_version(cls, cursor: str | None) -> str | None:
        if cursor is not None and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 10):
            raise fault(NOT_A_CURSOR)
        return cursor


class EffectiveQuery(QueryParameters):
    """Whose merged policy."""

    application_id: str | None = Field(
        default=None, description="An application; with a key it may be left out."
    )
    key_id: str | None = Field(default=None, description="An API key of it.")
    user_id: str | None = Field(default=None, description="Or a user, by the `sub` of its token.")
