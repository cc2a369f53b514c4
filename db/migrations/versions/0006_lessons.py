"""What people taught the reader by their answers, and why each report was read as it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER lesson_log_no_{what} BEFORE {what.upper()} ON lesson_log "
        "BEGIN SELECT RAISE(ABORT, 'lesson_log is append-only'); END"
        for what in ("update", "delete")
    ),
    "postgresql": (
        "CREATE TRIGGER lesson_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lesson_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()",
    ),
}


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    _lessons()
    op.create_table(
        "understood",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("inbox", Id, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("why", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["case.number"], name="fk_understood_case"),
        sa.PrimaryKeyConstraint("case", "inbox", name="pk_understood"),
    )


def _lessons() -> None:
    op.create_table(
        "lesson",
        sa.Column("id", Id, nullable=False),
        sa.Column("plant", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("refused", sa.Text()),
        sa.Column("accepted_at", sa.DateTime(timezone=True)),
        sa.Column("forgotten_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_lesson"),
        sa.UniqueConstraint("plant", "what", "ref", "words", name="uq_lesson_plant_what_ref_words"),
    )
    op.create_table(
        "lesson_log",
        sa.Column("id", Id, nullable=False),
        sa.Column("lesson", Id, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("case", sa.Text()),
        sa.Column("entry", Id),
        sa.PrimaryKeyConstraint("id", name="pk_lesson_log"),
        sa.UniqueConstraint("entry", "lesson", name="uq_lesson_log_entry_lesson"),
        sa.ForeignKeyConstraint(["lesson"], ["lesson.id"], name="fk_lesson_log_lesson"),
    )
    op.create_index("ix_lesson_log_lesson", "lesson_log", ["lesson"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.get_bind().exec_driver_sql(statement)
