"""The tables of governance: history, prices, sums. Conventions as in `tables.py`."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from controlplane.adapters.postgres.tables import CREATED_AT, Base


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


class ModelPrice(Base):
    """An organisation's own price of a model: US dollars per million tokens."""

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


class UsageDaily(Base):
    """The audit trail summed up by day (UTC, of admission), caller and model; '' where unknown.

    `latency_ms` is a sum too. Kept by whoever stores the events, in the same transaction.
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
