"""What people choose and lose: the language they want, sessions that were ended, a phone that is being confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0012"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "member",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("language", sa.Text()),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_member"),
    )
    op.add_column("address", sa.Column("revoked_at", sa.DateTime(timezone=True)))
    op.add_column("invitation", sa.Column("channel", sa.Text()))
    op.add_column("invitation", sa.Column("address", sa.Text()))
    op.create_index("ix_invitation_address", "invitation", ["channel", "address"])
