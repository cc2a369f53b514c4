"""What is looked up by time, by its exception or by what it takes back has an index: years make no message dearer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0017"


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_index("ix_line_lately", "line", ["person", "at", "id"])
    told = sa.text('"case" IS NOT NULL')
    op.create_index("ix_line_case", "line", ["case", "person"], sqlite_where=told, postgresql_where=told)
    some = sa.text("reverses IS NOT NULL")
    op.create_index("ix_posting_reverses", "posting", ["reverses"], sqlite_where=some, postgresql_where=some)
