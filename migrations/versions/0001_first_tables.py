"""The first tables: organisations, keys, rules, the audit trail; roles and row-level security."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Empty database -> the tables of phase 1."""
    _organizations()
    _applications()
    _api_keys()
    _policies()
    _model_routes()
    _request_logs()
    for name in ("roles", "row_level_security", "request_log_partitions"):
        _run_file(f"0001_{name}.sql")


def downgrade() -> None:
    """Drop everything but the roles: they belong to the cluster, other databases may use them."""
    op.execute("DROP FUNCTION ensure_request_log_partitions(date, integer)")
    for name in ("request_logs", "model_routes", "policies", "api_keys", "applications"):
        op.drop_table(name)
    op.drop_table("organizations")


def _run_file(name: str) -> None:
    # As it stands: a percent sign or a colon in the file is no parameter.
    op.get_bind().exec_driver_sql(
        (_SQL / name).read_text(encoding="utf-8"), execution_options={"no_parameters": True}
    )


def _organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.CheckConstraint("id ~ '^[a-z0-9-]{1,64}$'", name="ck_organizations_id_alphabet"),
    )


def _applications() -> None:
    op.create_table(
        "applications",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("org_id", "id", name="pk_applications"),
        _of_organization("applications"),
    )


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        _now("created_at"),
        sa.Column("expires_at", TIMESTAMP(timezone=True)),
        sa.Column("revoked_at", TIMESTAMP(timezone=True)),
        sa.Column("last_used_at", TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        _of_organization("api_keys"),
        sa.ForeignKeyConstraint(
            ["org_id", "application_id"],
            ["applications.org_id", "applications.id"],
            name="fk_api_keys_org_id_application_id_applications",
        ),
        sa.CheckConstraint("key_hash ~ '^[0-9a-f]{64}$'", name="ck_api_keys_key_hash_shape"),
        sa.CheckConstraint(
            "role IN ('admin', 'developer', 'viewer', 'service')", name="ck_api_keys_role_known"
        ),
    )
    op.create_index("ix_api_keys_org_id_application_id", "api_keys", ["org_id", "application_id"])


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("org_id", "level", "subject_id", name="pk_policies"),
        _of_organization("policies"),
        sa.CheckConstraint(
            "level IN ('organization', 'application', 'api-key', 'user')",
            name="ck_policies_level_known",
        ),
        sa.CheckConstraint("version >= 1", name="ck_policies_version_from_one"),
    )


def _model_routes() -> None:
    op.create_table(
        "model_routes",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("targets", JSONB(), nullable=False),
        sa.Column("timeouts", JSONB()),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("org_id", "alias", name="pk_model_routes"),
        _of_organization("model_routes"),
        sa.CheckConstraint(
            "strategy IN ('priority', 'weighted')", name="ck_model_routes_strategy_known"
        ),
    )


def _request_logs() -> None:
    op.create_table(
        "request_logs",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Text()),
        sa.Column("end_user", sa.Text()),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("stream", sa.Boolean(), nullable=False),
        sa.Column("model_requested", sa.Text()),
        sa.Column("model_served", sa.Text()),
        sa.Column("provider", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("attempts", JSONB(), nullable=False),
        sa.Column("tokens_input", sa.BigInteger(), nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cached", sa.BigInteger(), nullable=False),
        sa.Column("tokens_reasoning", sa.BigInteger(), nullable=False),
        sa.Column("cost_microusd", sa.BigInteger()),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("overhead_ms", sa.BigInteger(), nullable=False),
        sa.Column("screening", JSONB(), nullable=False),
        sa.Column("policy_version", sa.Text()),
        sa.Column("degraded", sa.Boolean(), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("archive_key", sa.Text()),
        sa.PrimaryKeyConstraint("request_id", "occurred_at", name="pk_request_logs"),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    for columns in (["org_id", "occurred_at", "request_id"], ["org_id", "request_id"]):
        op.create_index(f"ix_request_logs_{'_'.join(columns)}", "request_logs", columns)


def _now(name: str) -> sa.Column[Any]:
    return sa.Column(
        name, TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _of_organization(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["org_id"], ["organizations.id"], name=f"fk_{table}_org_id_organizations"
    )
