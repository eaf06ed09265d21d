"""The tables. `migrations/` makes them; `alembic check` in the tests keeps the two the same.

Every table that belongs to an organisation carries `org_id` and stands under row-level security:
see `migrations/sql/0001_row_level_security.sql`. Times are `timestamptz`, written and read as UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Numeric,
    Table,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from controlplane.domain.questions import USAGE_SUMS

CREATED_AT = func.now()
# What an entry of an index of sums has room for. Longer names are summed up under their beginning.
MAX_NAME_LENGTH = 200


class Base(DeclarativeBase):
    """Names every constraint, so that a later migration can speak of it."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: TIMESTAMP(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
    }


class Organization(Base):
    """A tenant. The id is `domain.access.ORG_ID`: it becomes part of Redis keys and S3 paths."""

    __tablename__ = "organizations"
    __table_args__ = (CheckConstraint("id ~ '^[a-z0-9-]{1,64}$'", "id_alphabet"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class Application(Base):
    """What an organisation's keys speak for; limits count per application."""

    __tablename__ = "applications"

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)
    deleted_at: Mapped[datetime | None]


class ApiKeyRow(Base):
    """A key, without the key: `key_hash` is HMAC-SHA-256 in hex, `prefix` is for people to read.

    `lineage` is the first of the keys that were rotated into this one, null where there is none.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "application_id"], ["applications.org_id", "applications.id"]
        ),
        CheckConstraint("key_hash ~ '^[0-9a-f]{64}$'", "key_hash_shape"),
        CheckConstraint("role IN ('admin', 'developer', 'viewer', 'service')", "role_known"),
        Index(None, "org_id", "application_id"),
        Index(None, "lineage", postgresql_where=text("lineage IS NOT NULL")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    application_id: Mapped[str | None]
    name: Mapped[str]
    role: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    prefix: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    replaces: Mapped[str | None]
    lineage: Mapped[str | None]


class Policy(Base):
    """One policy document per organisation, application, key or user; `version` counts from 1."""

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint(
            "level IN ('organization', 'application', 'api-key', 'user')", "level_known"
        ),
        CheckConstraint("version >= 1", "version_from_one"),
    )

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class PolicyVersion(Base):
    """Every document that was ever in force; `document` is null where the policy was removed."""

    __tablename__ = "policy_versions"

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    level: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any] | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class ModelRoute(Base):
    """What a model name stands for: `targets` is `[{"provider", "model", "weight"}]`, in order."""

    __tablename__ = "model_routes"
    __table_args__ = (
        CheckConstraint("strategy IN ('priority', 'weighted')", "strategy_known"),
        CheckConstraint("unsupported IN ('refuse', 'ignore')", "unsupported_known"),
    )

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True)
    strategy: Mapped[str]
    targets: Mapped[list[Any]]
    timeouts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    fail_over_on: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    unsupported: Mapped[str] = mapped_column(server_default=text("'refuse'"))
    updated_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class ModelPrice(Base):
    """An organisation's own price of a model: US dollars per million tokens.

    `items` holds what else has a price, as JSON of `Price.to_dict`.
    """

    __tablename__ = "model_prices"
    __table_args__ = (
        CheckConstraint(
            "input >= 0 AND output >= 0 AND coalesce(cached, 0) >= 0 "
            "AND coalesce(cache_write, 0) >= 0",
            "not_negative",
        ),
    )

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    input: Mapped[Decimal] = mapped_column(Numeric())
    output: Mapped[Decimal] = mapped_column(Numeric())
    cached: Mapped[Decimal | None] = mapped_column(Numeric())
    cache_write: Mapped[Decimal | None] = mapped_column(Numeric())
    items: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    updated_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class AdminChange(Base):
    """Who changed what: `before` is null where it was made, `after` where it was removed."""

    __tablename__ = "admin_changes"
    __table_args__ = (Index(None, "org_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    org_id: Mapped[str]
    occurred_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)
    actor: Mapped[str]
    action: Mapped[str]
    resource: Mapped[str]
    resource_id: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]


class RequestLog(Base):
    """The audit trail: the fields of `domain.audit.AuditEvent`, and where S3 holds the same record.

    Partitioned by month. A partitioned table wants its partition column in every unique key, so the
    primary key is (request_id, occurred_at). That a request has one row, whatever times its events
    say, is seen to by those who write (`request_logs/identities.py`).

    No foreign keys: the trail outlives what it speaks of.
    """

    __tablename__ = "request_logs"
    __table_args__ = (
        # Read backwards for "newest first".
        Index(None, "org_id", "occurred_at", "request_id"),
        Index(None, "org_id", "request_id"),
        Index("ix_request_logs_application_id", "org_id", "application_id", "occurred_at"),
        Index("ix_request_logs_subject", "org_id", "subject", "occurred_at"),
        Index(
            "ix_request_logs_errors",
            "org_id",
            "occurred_at",
            "request_id",
            postgresql_where=text("status >= 400"),
        ),
        Index(
            "ix_request_logs_session_id",
            "org_id",
            "session_id",
            "occurred_at",
            postgresql_where=text("session_id IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )

    request_id: Mapped[str] = mapped_column(primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(primary_key=True)
    org_id: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    status: Mapped[int]
    application_id: Mapped[str | None]
    end_user: Mapped[str | None]
    session_id: Mapped[str | None]
    agent_id: Mapped[str | None]
    tags: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    operation: Mapped[str]
    stream: Mapped[bool]
    model_requested: Mapped[str | None]
    model_served: Mapped[str | None]
    provider: Mapped[str | None]
    code: Mapped[str | None]
    attempts: Mapped[list[Any]]
    tokens_input: Mapped[int] = mapped_column(BigInteger)
    tokens_output: Mapped[int] = mapped_column(BigInteger)
    tokens_cached: Mapped[int] = mapped_column(BigInteger)
    tokens_reasoning: Mapped[int] = mapped_column(BigInteger)
    cost_microusd: Mapped[int | None] = mapped_column(BigInteger)
    usage_estimated: Mapped[bool] = mapped_column(server_default=false())
    latency_ms: Mapped[int] = mapped_column(BigInteger)
    overhead_ms: Mapped[int] = mapped_column(BigInteger)
    screening: Mapped[dict[str, Any]]
    policy_version: Mapped[str | None]
    degraded: Mapped[bool]
    schema_version: Mapped[int]
    archive_key: Mapped[str | None]
    admitted_at: Mapped[datetime | None]
    shadow: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    replayed: Mapped[bool] = mapped_column(server_default=false())
    payload_key: Mapped[str | None]
    usage: Mapped[dict[str, Any] | None]
    price: Mapped[dict[str, Any] | None]


class UsageDaily(Base):
    """The audit trail summed up by day (UTC, of admission), caller and model; '' where unknown.

    `latency_ms` is a sum too; `unpriced_requests` used something and have no known cost. Kept by
    the consumer of the events, in the same transaction.
    """

    __tablename__ = "usage_daily"

    org_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    application_id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    failed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_input: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_output: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_cached: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_reasoning: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    cost_microusd: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    latency_ms: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_cache_write: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tokens_audio: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tool_calls: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    unpriced_requests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


# The sums of `usage_daily` by what callers say that requests belong to; '' where they do not say.
# A `kind` out of domain.questions.ATTRIBUTIONS has no provider and model, its neighbour
# `<kind>_model` has both. Partitioned by kind, so that a question reads rows of its own alone.
USAGE_ATTRIBUTED_DAILY = Table(
    "usage_attributed_daily",
    Base.metadata,
    Column("org_id", Text(), primary_key=True),
    Column("kind", Text(), primary_key=True),
    Column("day", Date(), primary_key=True),
    # Hundreds of thousands are grouped at once: bytes compare twice as fast as a language's order.
    Column("name", Text(collation="C"), primary_key=True),
    Column("application_id", Text(), primary_key=True),
    Column("provider", Text(), primary_key=True),
    Column("model", Text(), primary_key=True),
    *(Column(name, BigInteger(), nullable=False, server_default=text("0")) for name in USAGE_SUMS),
    postgresql_partition_by="LIST (kind)",
)

# Days with records that usage_attributed_daily lacks: the event `usage-roll-up` sums them up.
USAGE_UNATTRIBUTED_DAYS = Table(
    "usage_unattributed_days",
    Base.metadata,
    Column("org_id", Text(), primary_key=True),
    Column("day", Date(), primary_key=True),
)


class NotificationRow(Base):
    """What an organisation wants to be told, and where: `NotificationSettings.to_dict`."""

    __tablename__ = "notification_settings"

    org_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), primary_key=True)
    document: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)


class BudgetWarningRow(Base):
    """Which warnings were sent: each threshold (`reached`) of a cap once in a period."""

    __tablename__ = "budget_warnings"

    org_id: Mapped[str] = mapped_column(primary_key=True)
    budget: Mapped[str] = mapped_column(primary_key=True)
    capacity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    reached: Mapped[int] = mapped_column(primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(server_default=CREATED_AT)
