"""Changes: who changed what, before and after."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from controlplane.admin.models.fields import Since, Text, Time, Until
from controlplane.admin.models.model import ResponseBody, examples, fault
from controlplane.admin.models.pages import NOT_A_CURSOR, PageQuery

_LARGEST_ID = 2**63 - 1
_SIDE = "As the resource is read, without secrets."
_APPLICATION = {"id": "app-support", "created_at": "2026-01-31T12:00:00+00:00"}


class Change(ResponseBody):
    """One write of the admin API."""

    model_config = examples(
        {
            "id": "1042",
            "occurred_at": "2026-02-01T08:30:00+00:00",
            "actor": "key:key-5f0c6bd2f3f14a7f8f8e1d0a7c9b2e11",
            "action": "update",
            "resource": "application",
            "resource_id": "app-support",
            "before": {**_APPLICATION, "name": "Support"},
            "after": {**_APPLICATION, "name": "Support assistant"},
            "request_id": "req_0d6f7a52c1b94c0f8f5d2f5f6f1f9d11",
        }
    )
    id: str
    occurred_at: Time
    actor: str = Field(description="`key:<id>` or `user:<sub>`.")
    action: Literal["create", "update", "delete", "rotate", "revoke", "rollback", "reset"]
    resource: str
    resource_id: str
    before: dict[str, Any] | None = Field(description=_SIDE)
    after: dict[str, Any] | None = Field(description=_SIDE)
    request_id: str | None = Field(description="The `x-request-id` of the write.")


class ChangeQuery(PageQuery):
    """Which changes."""

    resource: Text | None = Field(
        default=None,
        description="Those of one kind: `application`, `api-key`, `policy`, `route`, …",
    )
    resource_id: Text | None = Field(default=None, description="Those of one object.")
    actor: Text | None = Field(default=None, description="Those of one caller.")
    since: Since | None = Field(
        default=None,
        alias="from",
        description="Not before this time (RFC 3339), or this day (UTC).",
    )
    until: Until | None = Field(
        default=None,
        alias="to",
        description="Before this time (RFC 3339), or until the end of this day (UTC).",
    )

    @property
    def before(self) -> int | None:
        """The number before which the page begins."""
        return None if self.cursor is None else int(self.cursor)

    @field_validator("cursor")
    @classmethod
    def _is_place(cls, cursor: str | None) -> str | None:
        if cursor is None or (
            cursor.isascii() and cursor.isdigit() and int(cursor[:20]) <= _LARGEST_ID
        ):
            return cursor and cursor[:20]
        raise fault(NOT_A_CURSOR)
