"""A stamp on each row of the figures, by which what is kept of them in memory is known to be what stands there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.add_column("figure", sa.Column("stamp", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_figure_stamp", "figure", ["captured_us", "stamp"])
