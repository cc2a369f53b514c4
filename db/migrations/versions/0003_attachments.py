"""Photos, voice notes and forms, and what was read on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "attachment",
        sa.Column("id", Id, nullable=False),
        sa.Column("inbox", Id, nullable=False),
        sa.Column("line", Id, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text()),
        sa.Column("mime", sa.Text()),
        sa.Column("case", sa.Text()),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.Column("heard", sa.Text()),
        sa.Column("problem", sa.Text()),
        sa.Column("follow_up", Id),
        sa.Column("offered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("confirmed", sa.Boolean()),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_case", "attachment", ["case"])
    op.create_index(
        "ix_attachment_due",
        "attachment",
        ["due_at"],
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_attachment_follow_up", "attachment", ["follow_up"])
    op.create_index("ix_attachment_line", "attachment", ["line"])
    op.create_index("ix_attachment_person", "attachment", ["person", "at"])
