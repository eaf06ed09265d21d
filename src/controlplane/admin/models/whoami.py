"""Who the caller is."""

from __future__ import annotations

from pydantic import Field

from controlplane.admin.models.model import ResponseBody, examples
from controlplane.domain.access import Role


class WhoAmI(ResponseBody):
    """What the credential says."""

    model_config = examples(
        {
            "organization_id": "org-acme",
            "role": "admin",
            "application_id": None,
            "subject": "key:key-5f0c",
        }
    )
    organization_id: str
    role: Role
    application_id: str | None
    subject: str = Field(
        description="The credential: `key:<id>`, or `user:<sub>` for a token. Records and changes "
        "name the caller so."
    )
