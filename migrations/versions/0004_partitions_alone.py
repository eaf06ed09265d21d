"""A month of the audit trail is made while no other statement reads or writes the trail."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Replace the function that makes partitions, and move the records that it let go astray."""
    op.get_bind().exec_driver_sql(
        (_SQL / "0004_partitions_alone.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def downgrade() -> None:
    """Nothing: the version before calls the same function, with the same parameters."""
