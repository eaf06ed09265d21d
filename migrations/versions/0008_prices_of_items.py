"""What else has a price than tokens of text: audio, calls, service tiers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLE = "model_prices"


def upgrade() -> None:
    """Add the column; no row is rewritten."""
    op.add_column(
        _TABLE,
        sa.Column("items", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )


def downgrade() -> None:
    """Forget those prices."""
    op.drop_column(_TABLE, "items")
