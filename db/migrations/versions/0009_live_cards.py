"""Live cards, answers in the group where something was said, and what overtakes in the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0015"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "card",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("lost_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("case", "channel", "address", name="pk_card"),
    )
    due = sa.text("due_at IS NOT NULL")
    op.create_index("ix_card_due", "card", ["due_at"], sqlite_where=due, postgresql_where=due)
    op.add_column("notice", sa.Column("where", sa.JSON()))
    op.add_column("notice", sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("address", sa.Column("moved_to", sa.Text()))
