"""Which notice a line of a conversation came of, so that the picture beside an answer is found again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.add_column("line", sa.Column("notice", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
