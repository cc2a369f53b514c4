"""All migrations together equal `tables.py`, on both databases, whoever runs them and how often."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from db import cases
from db.connect import Database, NewerDatabase, open_database
from db.tables import metadata
from db.verifying import verify
from tests.db.rows import SIX, a_case, saved
from workflow.case import Entry

CATALOG: dict[str, Sequence[str]] = {
    "sqlite": ("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'",),
    "postgresql": (
        "SELECT table_name, column_name, ordinal_position, data_type, is_nullable, column_default"
        " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'alembic%'",
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ),
}


def catalog(tx: Connection) -> list[tuple[Any, ...]]:
    """Everything that the database says about its tables, in an order of its own."""
    rows = [tuple(row) for query in CATALOG[tx.dialect.name] for row in tx.execute(sa.text(query))]
    spelled = [tuple(_in_order(part) if isinstance(part, str) else part for part in row) for row in rows]
    return sorted(spelled, key=repr)


def _in_order(sql: str) -> str:
    """SQL on one line; between the commas of a CREATE TABLE sorted, since a later column is written at its end."""
    line = " ".join(sql.split())
    if not line.startswith("CREATE TABLE"):
        return line
    head, _, inside = line.partition("(")
    parts, depth = [""], 0
    for sign in inside.rpartition(")")[0]:
        depth += (sign == "(") - (sign == ")")
        if sign == "," and not depth:
            parts.append("")
        else:
            parts[-1] += sign
    return f"{head}({', '.join(sorted(part.strip() for part in parts))})"


class Undone(Exception):
    pass


def test_migrations_and_tables_make_the_same_schema(empty_url: str) -> None:
    database = open_database(empty_url)
    with contextlib.suppress(Undone), database.write() as tx:
        metadata.create_all(tx)
        expected = catalog(tx)
        raise Undone
    with database.read() as tx:
        assert catalog(tx) == []
    database.migrate()
    with database.read() as tx:
        assert catalog(tx) == expected
        assert len(expected) > len(metadata.tables)
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []
    database.close()


def test_migrating_again_changes_nothing(database: Database) -> None:
    saved(database, a_case())
    with database.read() as tx:
        before = catalog(tx)
    database.migrate()
    with database.read() as tx:
        assert catalog(tx) == before
        assert tx.scalar(sa.text('select count(*) from "case"')) == 1


def test_processes_that_start_at_once_migrate_once(empty_url: str, tmp_path: Path) -> None:
    program = "import sys; from db.connect import open_database; d = open_database(sys.argv[1]); d.migrate(); d.close()"
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {program}", empty_url]
    started = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    database = open_database(empty_url)
    saved(database, a_case())
    database.close()


def test_a_database_of_a_newer_program_is_refused_untouched(database: Database) -> None:
    with database.write() as tx:
        tx.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        database.migrate()
    with database.read() as tx:
        assert tx.scalar(sa.text("select version_num from alembic_version")) == "9999"


def test_a_log_that_was_written_before_there_were_chains_is_sealed_as_it_stands(empty_url: str) -> None:
    database = open_database(empty_url)
    migrate_to(database, "0003")
    with database.write() as tx:
        row = {"number": "EX-1001", "version": 1, "plant": "riverside", "captured_at": SIX, "reporter": "maria"}
        empty: dict[str, Any] = dict.fromkeys(("assets", "work_orders", "items", "lots", "inferred", "joined"), ())
        empty |= dict.fromkeys(("linked", "held", "parts", "options", "told"), ())
        tx.execute(sa.insert(metadata.tables["case"]).values(
            row | empty | {"said": "filler jammed", "resolution": "", "decisions": 0, "asked": 0, "reopened": 0,
                           "rerouted": 0}
        ))  # fmt: skip
        before = (
            Entry(SIX, "maria", "reported", "filler jammed", {"line": "L3"}),
            Entry(SIX, "gary", "waiting", "a seal", {"waiting_for": "a seal", "role": "maintenance"}),
            Entry(SIX, "linecall", "asked", "a rule", {"role": "maintenance"}),
        )
        for e in before:
            tx.execute(sa.insert(metadata.tables["log"]).values(
                case="EX-1001", at=e.at, who=e.who, what=e.what, why=e.why, facts=e.facts
            ))  # fmt: skip
    database.migrate()
    with database.read() as tx:
        assert cases.log_of(tx, "EX-1001") == before
        assert verify(tx, ()).whole
        assert tx.scalars(sa.text("SELECT why FROM log ORDER BY id")).all() == ["", "", "a rule"]
    with pytest.raises(sa.exc.DBAPIError), database.write() as tx:
        tx.execute(sa.text("UPDATE log SET why = 'x'"))
    database.close()


def migrate_to(database: Database, revision: str) -> None:
    """As an earlier program left it."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parents[2] / "db" / "migrations"))
    with database.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, revision)
