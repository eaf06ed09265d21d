"""Governance: versions of policies, prices, changes, daily usage; what audit records say of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the tables and columns; the usage of what is recorded already is summed up."""
    _columns()
    _request_log_indexes()
    _policy_versions()
    _model_prices()
    _admin_changes()
    _usage_daily()
    op.get_bind().exec_driver_sql(
        (_SQL / "0003_governance.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )
    # Last, and for a moment: every look-up of a key waits for these locks.
    op.add_column("applications", sa.Column("deleted_at", TIMESTAMP(timezone=True)))
    op.add_column("api_keys", sa.Column("replaces", sa.Text()))


def downgrade() -> None:
    """Forget all of it."""
    for name in ("usage_daily", "admin_changes", "model_prices", "policy_versions"):
        op.drop_table(name)
    for name in ("application_id", "subject", "errors"):
        op.drop_index(f"ix_request_logs_{name}", "request_logs")
    for name in ("payload_key", "replayed", "shadow", "admitted_at"):
        op.drop_column("request_logs", name)
    op.drop_column("api_keys", "replaces")
    op.drop_column("applications", "deleted_at")


def _columns() -> None:
    op.add_column("request_logs", sa.Column("admitted_at", TIMESTAMP(timezone=True)))
    op.add_column(
        "request_logs",
        sa.Column("shadow", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.add_column(
        "request_logs",
        sa.Column("replayed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("request_logs", sa.Column("payload_key", sa.Text()))


def _request_log_indexes() -> None:
    for name in ("application_id", "subject"):
        op.create_index(f"ix_request_logs_{name}", "request_logs", ["org_id", name, "occurred_at"])
    op.create_index(
        "ix_request_logs_errors",
        "request_logs",
        ["org_id", "occurred_at", "request_id"],
        postgresql_where=sa.text("status >= 400"),
    )


def _policy_versions() -> None:
    op.create_table(
        "policy_versions",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", JSONB()),
        sa.Column("changed_by", sa.Text(), nullable=False),
        _now("changed_at"),
        sa.PrimaryKeyConstraint(
            "org_id", "level", "subject_id", "version", name="pk_policy_versions"
        ),
        _of_organization("policy_versions"),
    )


def _model_prices() -> None:
    op.create_table(
        "model_prices",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input", sa.Numeric(), nullable=False),
        sa.Column("output", sa.Numeric(), nullable=False),
        sa.Column("cached", sa.Numeric()),
        sa.Column("cache_write", sa.Numeric()),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("org_id", "provider", "model", name="pk_model_prices"),
        _of_organization("model_prices"),
        sa.CheckConstraint(
            "input >= 0 AND output >= 0 AND coalesce(cached, 0) >= 0 "
            "AND coalesce(cache_write, 0) >= 0",
            name="ck_model_prices_not_negative",
        ),
    )


def _admin_changes() -> None:
    op.create_table(
        "admin_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        _now("occurred_at"),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("before", JSONB()),
        sa.Column("after", JSONB()),
        sa.Column("request_id", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_admin_changes"),
    )
    op.create_index("ix_admin_changes_org_id_id", "admin_changes", ["org_id", "id"])


def _usage_daily() -> None:
    texts = ("org_id", "application_id", "subject", "provider", "model")
    numbers = (
        "requests",
        "refused",
        "failed",
        "tokens_input",
        "tokens_output",
        "tokens_cached",
        "tokens_reasoning",
        "cost_microusd",
        "latency_ms",
    )
    op.create_table(
        "usage_daily",
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        *(
            sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for name in numbers
        ),
        sa.PrimaryKeyConstraint(
            "org_id", "day", "application_id", "subject", "provider", "model", name="pk_usage_daily"
        ),
    )


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _of_organization(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id"], ["organizations.id"], name=f"fk_{table}_org_id_organizations"
    )
