"""The audit table has a column for everything that an audit event says."""

from __future__ import annotations

from dataclasses import fields

from controlplane.adapters.postgres.tables import RequestLog
from controlplane.domain.audit import AuditEvent

# Only a message to whoever stores the event.
NO_COLUMN = {"unsettled", "charges"}


def test_request_logs_hold_every_field_and_the_archive_key() -> None:
    columns = [column.name for column in RequestLog.__table__.columns]
    of_event = {f.name for f in fields(AuditEvent)} - NO_COLUMN
    assert sorted(columns) == sorted(of_event | {"archive_key"})


def test_a_field_that_may_be_none_may_be_null_and_no_other() -> None:
    nullable = {column.name for column in RequestLog.__table__.columns if column.nullable}
    optional = {f.name for f in fields(AuditEvent) if "None" in str(f.type)}
    assert nullable == optional - NO_COLUMN | {"archive_key"}
