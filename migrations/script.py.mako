"""${message}.

Runs as the owner of the tables, whom row-level security holds back as well: to read or change rows,
begin with `SET LOCAL ROLE llm_cp_system`. A new table that belongs to an organisation needs its
policies and grants: see sql/0001_row_level_security.sql.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
