"""Audit events as objects `audit/org={org}/dt={YYYY-MM-DD}/{hash}.jsonl.gz`, one event a line."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from controlplane.adapters.postgres.request_logs.repository import EventId, event_id
from controlplane.adapters.s3 import ObjectStore
from controlplane.domain.audit import AuditEvent


@dataclass(frozen=True, slots=True)
class ArchiveObject:
    """Some events of one organisation and one day (UTC). Key and body follow from them alone."""

    key: str
    body: bytes
    events: tuple[EventId, ...]


def archive_objects(events: Iterable[AuditEvent]) -> list[ArchiveObject]:
    """Group events into objects. The same events, in any order, give the same objects."""
    groups: defaultdict[str, list[AuditEvent]] = defaultdict(list)
    for event in sorted(events, key=event_id):
        day = event.occurred_at.astimezone(UTC).date().isoformat()
        groups[f"audit/org={event.org_id}/dt={day}"].append(event)
    return [_object(folder, members) for folder, members in groups.items()]


async def archive(store: ObjectStore, events: Sequence[AuditEvent]) -> dict[EventId, str]:
    """Write the events; returns the key of the object that holds each. Raises Unreachable."""
    objects = archive_objects(events)
    await asyncio.gather(
        *(store.put(o.key, o.body, "application/x-ndjson", "gzip") for o in objects)
    )
    return {member: o.key for o in objects for member in o.events}


def _object(folder: str, events: Sequence[AuditEvent]) -> ArchiveObject:
    # What is still to be settled is a message to the consumer, and no part of the record.
    records = (replace(event, unsettled=None, charges=()) for event in events)
    lines = "".join(f"{record.to_json()}\n" for record in records).encode("ascii")
    name = hashlib.sha256(lines).hexdigest()[:32]
    return ArchiveObject(
        key=f"{folder}/{name}.jsonl.gz",
        body=gzip.compress(lines, mtime=0),
        events=tuple(event_id(event) for event in events),
    )
