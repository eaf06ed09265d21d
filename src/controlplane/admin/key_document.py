"""What an administrator writes about an API key, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from controlplane.admin.fields import check_fields, fault, read_id, read_name, read_time
from controlplane.domain.access import Role

MAX_OVERLAP_SECONDS = 2_592_000
DEFAULT_OVERLAP_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key that is asked for. Only an administrator's may be without an application."""

    application_id: str | None
    name: str
    role: Role
    expires_at: datetime | None


def parse_new_key(document: Mapping[str, Any]) -> NewKey:
    """`{"application_id", "name", "role"?, "expires_at"?}`. Raises InvalidRequest."""
    check_fields(document, "application_id", "name", "role", "expires_at")
    role = _role(document.get("role", Role.SERVICE.value))
    application_id = document.get("application_id")
    if application_id is not None:
        application_id = read_id(application_id, "application_id")
    elif role is not Role.ADMIN:
        raise fault("application_id", "must name an application; only role 'admin' can do without")
    return NewKey(application_id, read_name(document), role, _expiry(document))


def parse_key_changes(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """`{"name"?, "expires_at"?}`, of which there is at least one. Raises InvalidRequest."""
    check_fields(document, "name", "expires_at")
    if not document:
        raise fault("name", "or 'expires_at' must be given")
    changes: dict[str, Any] = {}
    if "name" in document:
        changes["name"] = read_name(document)
    if "expires_at" in document:
        changes["expires_at"] = _expiry(document)
    return changes


def parse_rotation(document: Mapping[str, Any]) -> timedelta:
    """`{"overlap_seconds"?}`: for how long the old key works on. Raises InvalidRequest."""
    check_fields(document, "overlap_seconds")
    seconds = document.get("overlap_seconds", DEFAULT_OVERLAP_SECONDS)
    if type(seconds) is not int or not 0 <= seconds <= MAX_OVERLAP_SECONDS:
        raise fault("overlap_seconds", f"must be an integer from 0 to {MAX_OVERLAP_SECONDS}")
    return timedelta(seconds=seconds)


def _role(value: Any) -> Role:
    try:
        return Role(value)
    except ValueError:
        raise fault("role", f"must be one of {', '.join(Role)}") from None


def _expiry(document: Mapping[str, Any]) -> datetime | None:
    if document.get("expires_at") is None:
        return None
    expires_at = read_time(document["expires_at"], "expires_at")
    if expires_at <= datetime.now(UTC):
        raise fault("expires_at", "must be a time to come")
    return expires_at
