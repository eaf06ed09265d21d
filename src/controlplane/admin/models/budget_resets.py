"""Resets: a budget or another limit counts from zero again."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from controlplane.admin.models.fields import Text, Time
from controlplane.admin.models.model import RequestBody, ResponseBody, examples, fault_at
from controlplane.domain.limits import Per


class ResetWanted(RequestBody):
    """Which counter, by the name that headers, records and refusals give it."""

    model_config = examples({"limit": "cost:app-support:month"})
    limit: Text = Field(description="The name of a limit of a policy that is enforced.")
    end_user: Text | None = Field(
        default=None, description="Only of this end user, where each has a counter of its own."
    )
    session_id: Text | None = Field(default=None, description="The same of a session.")

    @property
    def only(self) -> tuple[Per, str] | None:
        """Whose counter is meant alone; None for all of the limit."""
        if self.end_user is not None:
            return Per.END_USER, self.end_user
        return None if self.session_id is None else (Per.SESSION, self.session_id)

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.end_user is not None and self.session_id is not None:
            raise fault_at("session_id", "must be left out beside 'end_user'")
        return self


class ResetShown(ResponseBody):
    """What begins anew, and when."""

    model_config = examples(
        {"limit": "cost:app-support:month", "reset_at": "2026-02-01T08:30:00+00:00"}
    )
    limit: str
    reset_at: Time = Field(
        description="What requests cost that were admitted before this moment counts no more."
    )
