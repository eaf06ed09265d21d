"""Organisations and applications."""

from __future__ import annotations

import uuid

from pydantic import Field

from controlplane.admin.models.fields import Id, Name, Time
from controlplane.admin.models.model import RequestBody, ResponseBody, examples

_CREATED_AT = "2026-01-31T12:00:00+00:00"


def _made_up() -> str:
    return f"app-{uuid.uuid4().hex[:12]}"


class OrganizationShown(ResponseBody):
    """An organisation."""

    model_config = examples({"id": "org-acme", "name": "Acme", "created_at": _CREATED_AT})
    id: str
    name: str
    created_at: Time


class NewOrganization(RequestBody):
    """An organisation to be made, by an event: no route makes one."""

    org_id: Id
    name: Name


class ApplicationShown(ResponseBody):
    """An application."""

    model_config = examples(
        {"id": "app-support", "name": "Support assistant", "created_at": _CREATED_AT}
    )
    id: str
    name: str
    created_at: Time


class Rename(RequestBody):
    """A new name."""

    model_config = examples({"name": "Support assistant"})
    name: Name


class NewApplication(RequestBody):
    """An application to be made."""

    model_config = examples({"name": "Support assistant", "id": "app-support"})
    name: Name
    id: Id = Field(default_factory=_made_up, description="Made up where left out.")
