"""Audit records for tests over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.audit_events import audit_event
from tests.integration.api.conftest import Organization

from controlplane.adapters.postgres.request_logs.repository import EventId, event_id
from controlplane.domain.audit import AuditEvent


async def record(organization: Organization, *events: AuditEvent) -> None:
    """Store events as the consumer does, with keys of no object."""

    async def archive(new: Sequence[AuditEvent]) -> dict[EventId, str]:
        return {event_id(event): "key" for event in new}

    written = await organization.container.request_logs.write(events, archive)
    assert written.refused == {}


def event_of(organization: Organization, **changes: Any) -> AuditEvent:
    """A request of this organisation."""
    return audit_event(org_id=organization.id, **changes)
