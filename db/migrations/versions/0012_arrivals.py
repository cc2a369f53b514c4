"""What becomes of messages after their platform took them, and when an address last wrote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0009"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "arrival",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("notice", Id),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("channel", "message_id", name="pk_arrival"),
    )
    known = sa.text("notice IS NOT NULL")
    op.create_index("ix_arrival_notice", "arrival", ["notice"], sqlite_where=known, postgresql_where=known)
    op.create_index("ix_inbox_sender", "inbox", ["channel", "sender", "sent_at"])
