"""What each request used in line items and what they cost, and their sums by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SUMS = ("tokens_cache_write", "tokens_audio", "tool_calls", "unpriced_requests")


def upgrade() -> None:
    """Add the columns; no row is rewritten. Records and sums that exist say nothing of them, and
    code that does not know them goes on writing."""
    for name in ("usage", "price"):
        op.add_column("request_logs", sa.Column(name, postgresql.JSONB()))
    for name in _SUMS:
        column = sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
        op.add_column("usage_daily", column)


def downgrade() -> None:
    """Forget them."""
    for name in _SUMS:
        op.drop_column("usage_daily", name)
    for name in ("price", "usage"):
        op.drop_column("request_logs", name)
