"""Warnings about budgets: where they go, and which were sent."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "notification_settings",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("document", JSONB(), nullable=False),
        _now("updated_at"),
        sa.PrimaryKeyConstraint("org_id", name="pk_notification_settings"),
        sa.ForeignKeyConstraint(
            ["org_id"], ["organizations.id"], name="fk_notification_settings_org_id_organizations"
        ),
    )
    op.create_table(
        "budget_warnings",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        _now("sent_at"),
        sa.PrimaryKeyConstraint(
            "org_id", "budget", "capacity", "period", "reached", name="pk_budget_warnings"
        ),
    )
    op.get_bind().exec_driver_sql(
        (_SQL / "0011_notifications.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def downgrade() -> None:
    """Forget them."""
    for name in ("budget_warnings", "notification_settings"):
        op.drop_table(name)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False
    )
