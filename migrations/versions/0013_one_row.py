"""An outcome may take the place of a record without one, in the audit trail and its sums."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    """Let the consumer delete such records, and no others."""
    op.get_bind().exec_driver_sql(
        (_SQL / "0013_one_row.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def downgrade() -> None:
    """The trail is append-only without exception again."""
    op.execute("REVOKE DELETE ON request_logs, usage_daily FROM llm_cp_system")
    op.execute("DROP POLICY outcome_unknown ON request_logs")
    op.execute("DROP POLICY counts_nothing ON usage_daily")
