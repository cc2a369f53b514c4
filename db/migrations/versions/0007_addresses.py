"""Addresses in foreign chats that invitations bind, and what the buttons there stand for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "address",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("person", sa.Text()),
        sa.Column("bound_at", sa.DateTime(timezone=True)),
        sa.Column("unreachable_at", sa.DateTime(timezone=True)),
        sa.Column("unreachable_why", sa.Text()),
        sa.Column("turned_away_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("channel", "address", name="pk_address"),
    )
    op.create_index("ix_address_person", "address", ["person"])
    op.create_table(
        "press",
        sa.Column("id", Id, nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_press"),
    )
