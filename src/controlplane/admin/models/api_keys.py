"""API keys. The key itself is in one response, and is read by no model."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, Strict, field_validator, model_validator

from controlplane.admin.models.fields import Expiry, Id, Name, Text, Time, read_time
from controlplane.admin.models.model import (
    RequestBody,
    ResponseBody,
    examples,
    fault,
    fault_at,
    one_of,
    told,
)
from controlplane.admin.models.pages import NOT_A_CURSOR, PageQuery, cursor_at
from controlplane.domain.access import Role
from controlplane.domain.keys import PREFIX_LENGTH, KeyState, StoredKey

MAX_OVERLAP_SECONDS = 2_592_000
DEFAULT_OVERLAP_SECONDS = 86_400

KeyRole = Annotated[Role, one_of(Role)]
_EXPIRY = "RFC 3339, to come. Null: the key lasts."
_APPLICATION = "Only a key of role `admin` can do without."
_EXAMPLE: dict[str, Any] = {
    "id": "key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
    "application_id": "app-support",
    "name": "Production",
    "role": "service",
    "prefix": "sk-cp-4fT9aQ",
    "state": "active",
    "created_at": "2026-01-31T12:00:00+00:00",
    "expires_at": None,
    "revoked_at": None,
    "last_used_at": "2026-02-01T08:30:00+00:00",
    "replaces": None,
    "lineage": "key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
}


class Key(ResponseBody):
    """An API key, without itself."""

    model_config = examples(_EXAMPLE)
    id: str
    application_id: str | None = Field(description=_APPLICATION)
    name: str
    role: Role
    prefix: str = Field(description="The first characters of the key.")
    state: KeyState
    created_at: Time
    expires_at: Time | None = Field(description=_EXPIRY)
    revoked_at: Time | None
    last_used_at: Time | None
    replaces: str | None = Field(description="The key that this one was rotated from.")
    lineage: str = Field(
        description="The first of the keys that were rotated into this one: they share policy, "
        "counters and usage."
    )


class KeyInClear(Key):
    """A new API key, in clear this once."""

    model_config = examples({"key": "sk-cp-4fT9aQ…", **_EXAMPLE, "last_used_at": None})
    key: str = Field(description="The key, this once.", repr=False)


class NewKey(RequestBody):
    """An API key to be made."""

    model_config = examples(
        {"application_id": "app-support", "name": "Production", "role": "service"}
    )
    application_id: Id | None = Field(default=None, description=_APPLICATION)
    name: Name
    role: KeyRole = Role.SERVICE
    expires_at: Expiry | None = Field(default=None, description=_EXPIRY)

    @model_validator(mode="after")
    def _has_application(self) -> Self:
        if self.application_id is None and self.role is not Role.ADMIN:
            expected = "must name an application; only role 'admin' can do without"
            raise fault_at("application_id", expected)
        return self


class KeyChanges(RequestBody):
    """What is to be written of an API key: at least one field."""

    model_config = examples({"name": "Production", "expires_at": "2030-01-31T12:00:00Z"})
    name: Name = Field(default="", description="Left alone where it is left out.")
    expires_at: Expiry | None = Field(default=None, description=_EXPIRY)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise fault_at("name", "or 'expires_at' must be given")
        return self

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return self.model_dump(exclude_unset=True)


class Rotation(RequestBody):
    """How one key follows another."""

    model_config = examples({"overlap_seconds": 3600})
    overlap_seconds: Annotated[
        int,
        Strict(),
        Field(ge=0, le=MAX_OVERLAP_SECONDS),
        told(f"must be an integer from 0 to {MAX_OVERLAP_SECONDS}"),
    ] = Field(default=DEFAULT_OVERLAP_SECONDS, description="For how long the old key works on.")


class KeyQuery(PageQuery):
    """Which API keys."""

    application_id: Text | None = Field(default=None, description="Those of one application.")
    prefix: (
        Annotated[
            Text,
            Field(max_length=PREFIX_LENGTH),
            told(f"must be the first characters of a key, {PREFIX_LENGTH} at most"),
        ]
        | None
    ) = Field(default=None, description=f"Those that begin so; at most {PREFIX_LENGTH} characters.")
    state: Annotated[KeyState, one_of(KeyState)] | None = Field(
        default=None, description="Those that work, or do no longer."
    )
    lineage: Text | None = Field(
        default=None, description="Those of the lineage of the key with this id."
    )

    @property
    def after(self) -> tuple[datetime, str] | None:
        """The place behind which the page begins."""
        return None if self.cursor is None else _place(self.cursor)

    @field_validator("cursor")
    @classmethod
    def _is_place(cls, cursor: str | None) -> str | None:
        try:
            return cursor if cursor is None or _place(cursor) else None
        except ValueError:
            raise fault(NOT_A_CURSOR) from None


def cursor_behind(key: StoredKey) -> str:
    """The cursor of the page that follows this key."""
    return cursor_at(f"{key.to_dict()['created_at']} {key.id}")


def _place(cursor: str) -> tuple[datetime, str]:
    created_at, _, key_id = cursor.partition(" ")
    return read_time(created_at), key_id
