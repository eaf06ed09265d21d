"""What a route says of parameters that a target does not have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; routes that exist refuse, as before. The table is small."""
    op.add_column(
        "model_routes",
        sa.Column("unsupported", sa.Text(), server_default=sa.text("'refuse'"), nullable=False),
    )
    op.create_check_constraint(
        "unsupported_known", "model_routes", "unsupported IN ('refuse', 'ignore')"
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_column("model_routes", "unsupported")
