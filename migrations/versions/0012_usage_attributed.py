"""Daily sums of usage by session, agent, end user and tag."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parents[1] / "sql"
_TABLE = "usage_attributed_daily"
_KEY = ("org_id", "kind", "day", "name", "application_id", "provider", "model")
_TYPES = {"day": sa.Date(), "name": sa.Text(collation="C")}
_KINDS = ("session", "agent", "end_user", "tag")


def upgrade() -> None:
    """Add the tables, with the sums that usage_daily has. Days that have records already are noted
    only: the event `usage-roll-up` sums them up, and until then they are read from the records."""
    sums = [
        column["name"]
        for column in sa.inspect(op.get_bind()).get_columns("usage_daily")
        if isinstance(column["type"], sa.BigInteger)
    ]
    op.create_table(
        _TABLE,
        *(sa.Column(name, _TYPES.get(name, sa.Text()), nullable=False) for name in _KEY),
        *(
            sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False)
            for name in sums
        ),
        sa.PrimaryKeyConstraint(*_KEY, name=f"pk_{_TABLE}"),
        postgresql_partition_by="LIST (kind)",
    )
    for kind in _KINDS:
        for each in (kind, f"{kind}_model"):
            op.execute(
                f"CREATE TABLE {_TABLE}_{each} PARTITION OF {_TABLE} FOR VALUES IN ('{each}')"
            )
    op.create_table(
        "usage_unattributed_days",
        sa.Column("org_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("org_id", "day", name="pk_usage_unattributed_days"),
    )
    op.get_bind().exec_driver_sql(
        (_SQL / "0012_usage_attributed.sql").read_text(encoding="utf-8"),
        execution_options={"no_parameters": True},
    )


def downgrade() -> None:
    """Forget them."""
    op.drop_table("usage_unattributed_days")
    op.drop_table(_TABLE)
