"""Usage may be an estimate; a route says which refusals go to its next target."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Both columns have a default, so that the version before still writes rows."""
    op.add_column(
        "request_logs",
        sa.Column("usage_estimated", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "model_routes",
        sa.Column("fail_over_on", JSONB(), server_default=sa.text("'[]'"), nullable=False),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_column("model_routes", "fail_over_on")
    op.drop_column("request_logs", "usage_estimated")
