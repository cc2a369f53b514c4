"""Changes of shift that are handed over and accepted, and cases that share one cause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0016"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "handover",
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shift", sa.Text(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True)),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("cases", sa.JSON(), nullable=False),
        sa.Column("kept_by", sa.JSON(), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("accepted_by", sa.Text()),
        sa.PrimaryKeyConstraint("ends_at", name="pk_handover"),
    )
    is_due = sa.text("next_step_at IS NOT NULL")
    op.create_index("ix_handover_due", "handover", ["next_step_at"], sqlite_where=is_due, postgresql_where=is_due)
    op.add_column("case", sa.Column("parent", sa.Text()))
