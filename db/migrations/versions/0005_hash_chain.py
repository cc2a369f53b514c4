"""The log becomes a hash chain: what was written before is sealed as it stands, and people's words are laid apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

# The chain's forms are for ever, so a migration may use them as they are.
from db import log as chained
from db.tables import log as log_table
from workflow.case import Case, Entry

revision = "0005"
down_revision = "0003"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

PROOFS = ("seal", "anchor", "plant_log")
PROTECTED = {
    "sqlite": (
        *(
            f"CREATE TRIGGER {name}_no_{what} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            for name in PROOFS
            for what, when in (("update", f"UPDATE ON {name}"), ("delete", f"DELETE ON {name}"))
        ),
        "CREATE TRIGGER words_only_erased BEFORE UPDATE ON words WHEN NEW.text IS NOT NULL OR NEW.salt IS NOT NULL "
        "OR NEW.entry <> OLD.entry OR NEW.field <> OLD.field OR NEW.person <> OLD.person "
        "OR NEW.commitment <> OLD.commitment BEGIN SELECT RAISE(ABORT, 'words can only be erased'); END",
        "CREATE TRIGGER words_no_delete BEFORE DELETE ON words "
        "BEGIN SELECT RAISE(ABORT, 'words can only be erased'); END",
    ),
    "postgresql": (
        *(
            f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name} "
            "FOR EACH STATEMENT EXECUTE FUNCTION log_append_only()"
            for name in PROOFS
        ),
        "CREATE FUNCTION words_can_only_be_erased() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'words can only be erased' USING ERRCODE = 'integrity_constraint_violation'; END $$",
        "CREATE TRIGGER words_only_erased BEFORE UPDATE ON words FOR EACH ROW WHEN (NEW.text IS NOT NULL "
        "OR NEW.salt IS NOT NULL OR NEW.entry <> OLD.entry OR NEW.field <> OLD.field OR NEW.person <> OLD.person "
        "OR NEW.commitment <> OLD.commitment) EXECUTE FUNCTION words_can_only_be_erased()",
        "CREATE TRIGGER words_no_delete BEFORE DELETE OR TRUNCATE ON words "
        "FOR EACH STATEMENT EXECUTE FUNCTION words_can_only_be_erased()",
    ),
}
# What keeps the log as it is, taken away while words are laid apart, and put back as it was.
UNPROTECT = {
    "sqlite": ("DROP TRIGGER log_no_update",),
    "postgresql": ("ALTER TABLE log DISABLE TRIGGER log_append_only",),
}
PROTECT = {
    "sqlite": (
        "CREATE TRIGGER log_no_update BEFORE UPDATE ON log "
        "BEGIN SELECT RAISE(ABORT, 'the case log is append-only'); END",
    ),
    "postgresql": ("ALTER TABLE log ENABLE TRIGGER log_append_only",),
}


def upgrade() -> None:
    """Change the schema; there is no way back but a backup."""
    op.create_table(
        "seal",
        sa.Column("entry", Id, autoincrement=False, nullable=False),
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_seal"),
        sa.UniqueConstraint("case", "position", name="uq_seal_case_position"),
        sa.ForeignKeyConstraint(["entry"], ["log.id"], name="fk_seal_entry"),
    )
    op.create_table(
        "words",
        sa.Column("entry", Id, autoincrement=False, nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("commitment", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text()),
        sa.Column("text", sa.Text()),
        sa.PrimaryKeyConstraint("entry", "field", name="pk_words"),
        sa.ForeignKeyConstraint(["entry"], ["log.id"], name="fk_words_entry"),
    )
    there = sa.text("text IS NOT NULL")
    op.create_index("ix_words_person", "words", ["person"], sqlite_where=there, postgresql_where=there)
    op.create_table(
        "head",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("anchored", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case", name="pk_head"),
    )
    loose = sa.text("anchored < position")
    op.create_index("ix_head_loose", "head", ["case"], sqlite_where=loose, postgresql_where=loose)
    op.create_table(
        "anchor",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_anchor"),
    )
    op.create_table(
        "plant_log",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_plant_log"),
    )
    _seal_what_is_there()
    tx = op.get_bind()
    for statement in PROTECTED[tx.dialect.name]:
        tx.exec_driver_sql(statement)


def _seal_what_is_there() -> None:
    """Give every case that has a log its chain; the rows keep their ids and lose the words, which lie apart now."""
    tx = op.get_bind()
    cases = sa.table("case", sa.column("number"), sa.column("reporter"), sa.column("said"))
    logged = sa.select(log_table.c.case).distinct()
    rows = tx.execute(sa.select(cases).where(cases.c.number.in_(logged)).order_by(cases.c.number)).all()
    for statement in UNPROTECT[tx.dialect.name] if rows else ():
        tx.exec_driver_sql(statement)
    for number, reporter, said in rows:
        columns = (log_table.c.id, log_table.c.at, log_table.c.who, log_table.c.what, log_table.c.why)
        found = sa.select(*columns, log_table.c.facts).where(log_table.c.case == number).order_by(log_table.c.id)
        entries = [(row[0], Entry(*row[1:])) for row in tx.execute(found)]
        case = Case(number, "", entries[0][1].at, reporter, said)
        for id_, kept in chained.sealed(tx, [(case, id_, entry) for id_, entry in entries]):
            change = {"why": kept.why, "facts": kept.facts}
            tx.execute(sa.update(log_table).where(log_table.c.id == id_).values(change))
    for statement in PROTECT[tx.dialect.name] if rows else ():
        tx.exec_driver_sql(statement)
