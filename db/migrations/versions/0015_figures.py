"""What the figures of a case are counted from, a row a case; filled from the cases at the next start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "figure",
        sa.Column("captured_us", sa.BigInteger(), nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("asset", sa.Text(), nullable=False),
        sa.Column("resolution_us", sa.BigInteger()),
        sa.Column("alignment_us", sa.BigInteger()),
        sa.Column("posting_lag_us", sa.BigInteger()),
        sa.Column("passed", sa.Integer()),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("down_min", sa.Float(53)),
        sa.PrimaryKeyConstraint("captured_us", "case", name="pk_figure"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_figure_asset", "figure", ["asset", "captured_us"])
