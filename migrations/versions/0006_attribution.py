"""What a request belongs to, in its caller's own words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLE = "request_logs"


def upgrade() -> None:
    """Add the columns, and an index over the requests of a session; no row is rewritten, and none
    that exists is in it. Of tags none would be used: their operators are not leakproof, so
    row-level security lets no index be searched by them."""
    op.add_column(_TABLE, sa.Column("session_id", sa.Text()))
    op.add_column(_TABLE, sa.Column("agent_id", sa.Text()))
    op.add_column(
        _TABLE,
        sa.Column("tags", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )
    op.create_index(
        "ix_request_logs_session_id",
        _TABLE,
        ["org_id", "session_id", "occurred_at"],
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_request_logs_session_id", _TABLE)
    for name in ("tags", "agent_id", "session_id"):
        op.drop_column(_TABLE, name)
