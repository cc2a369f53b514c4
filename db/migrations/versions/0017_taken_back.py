"""Downtime that counts once, a clock that runs again after reopening, and postings that wait for an approval."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0020"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.add_column("case", sa.Column("reopened_at", sa.DateTime(timezone=True)))
    op.add_column("case", sa.Column("counted_min", sa.Float(53)))
    op.add_column("posting", sa.Column("approval_asked_at", sa.DateTime(timezone=True)))
    op.add_column("posting", sa.Column("approved_at", sa.DateTime(timezone=True)))
    op.add_column("posting", sa.Column("approved_by", sa.Text()))
