"""What the keys that were rotated one from another have in common."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Add the column, and fill it in for keys that were rotated. No policy moves."""
    op.add_column("api_keys", sa.Column("lineage", sa.Text()))
    op.create_index(
        "ix_api_keys_lineage",
        "api_keys",
        ["lineage"],
        postgresql_where=sa.text("lineage IS NOT NULL"),
    )
    op.get_bind().exec_driver_sql(
        (_SQL / "0010_lineage.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def downgrade() -> None:
    """Forget it: each key is governed by a policy of its own again."""
    op.drop_index("ix_api_keys_lineage", "api_keys")
    op.drop_column("api_keys", "lineage")
