"""Opens the database and hands out transactions that behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from db import changes
from db.columns import storable
from db.turns import Turns
from workflow.errors import LinecallError

log = structlog.get_logger()

SLOW_S = 1.0  # a write that took longer says for what: its turn, its own work, or the disk
BUSY_S = 30  # how long a writer of another process is waited for
HURRY_S = 3  # the same, and for the connection, where it is somebody else's database
LOST_RACES = frozenset({"40001", "40P01"})  # serialization failure, deadlock: the act runs again
_RIGHT = "Write postgresql://USER:PASSWORD@HOST/DATABASE, or sqlite:////FOLDER/linecall.db."
Schema = Literal["ours", "older", "newer", "none"]
_MIGRATING = 0x4C494E45  # any number; PostgreSQL's lock while the schema changes


class Stale(Exception):
    """Somebody else changed the row since it was read: read again and act again."""


MOVED = "this plant has moved to another database"


class Moved(OSError):
    """The plant lives in another database now: nothing is taken here, and whoever asks comes again (503)."""


class NewerDatabase(LinecallError):
    """The database was migrated by a newer program than this one."""


class WrongAddress(LinecallError):
    """What was given as the database's address is none; the sentence says what would be."""


def open_database(url: str, *, only_reads: bool = False) -> Database:
    """The database at a SQLAlchemy URL; `postgresql://` means psycopg. Opens no connection yet; raises WrongAddress.

    `only_reads`, for somebody else's: nothing can be written or created through it, and nobody is waited for long.
    """
    return Database(url, only_reads=only_reads)


def in_our_words(error: Exception) -> Exception:
    """A driver's error as Stale or Moved where it is one of these; any other as it came."""
    if not isinstance(error, sa.exc.DBAPIError):
        return error
    if getattr(error.orig, "sqlstate", None) in LOST_RACES:
        return Stale(str(error.orig))
    return Moved(MOVED) if MOVED in str(error.orig) else error


def one_at_a_time(tx: Connection, name: str) -> None:
    """Let only one transaction at a time pass here for the same name, until it ends.

    For what a version cannot guard, such as two first reports of one stop (R20). SQLite has one writer anyway.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(storable(name), 0))))


class Database:
    """One plant's database. Thread-safe; a transaction belongs to the thread that opened it."""

    def __init__(self, url: str, *, only_reads: bool = False) -> None:
        parsed = _address(url)
        self._is_sqlite = parsed.get_backend_name() == "sqlite"
        self._in_memory = self._is_sqlite and parsed.database in (None, "", ":memory:")
        self._turns = Turns()
        memory = self._in_memory
        self._engine = _sqlite(parsed, memory, only_reads) if self._is_sqlite else _postgresql(parsed, only_reads)
        if self._is_sqlite:
            self._reader = self._engine.execution_options(linecall_reads=True)
        else:
            self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @classmethod
    def open(cls, url: str) -> Database:
        """The same as `open_database`."""
        return cls(url)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    def describe(self) -> str:
        """What it is and where, for `linecall doctor`; no password."""
        with self.read() as tx:
            version = ".".join(str(part) for part in tx.dialect.server_version_info or ())
        url = self._engine.url
        if self._is_sqlite:
            return f"SQLite {version} ({url.database or 'in memory'})"
        return f"PostgreSQL {version} ({url.host or 'local'}/{url.database})"

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, and rolled back where anything is raised.

        On SQLite the writers of this process take turns in the order in which they came. A deadlock or a lost race
        that PostgreSQL reports is raised as Stale.
        """
        asked = time.monotonic()
        with self._turn(writes=True), self._engine.connect() as tx:
            began = worked = time.monotonic()
            try:
                with tx.begin():
                    yield tx
                    changes.beat(tx)
                    worked = time.monotonic()
            except sa.exc.DBAPIError as error:
                if (said := in_our_words(error)) is not error:
                    raise said from error
                raise
            finally:
                changes.forget(tx)
                if (ended := time.monotonic()) - asked > SLOW_S:
                    spans = {"waited_s": began - asked, "worked_s": worked - began, "committed_s": ended - worked}
                    log.warning("database.slow_write", **{name: round(span, 2) for name, span in spans.items()})

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: everything that is read in it belongs to one instant; writing is refused."""
        with self._turn(writes=False), self._reader.connect() as tx, tx.begin():
            yield tx

    @contextmanager
    def driver(self) -> Iterator[Any]:
        """psycopg's own connection in a transaction, for a library that keeps tables of its own; PostgreSQL only."""
        raw = self._engine.raw_connection()
        try:
            yield raw.driver_connection
            raw.commit()
        finally:
            raw.close()

    def conninfo(self) -> str:
        """How psycopg itself is told where the database is; it holds the password."""
        return self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def migrate(self) -> None:
        """Bring the schema up to this program, in one transaction; of two processes that start at once one waits.

        Raises NewerDatabase where a newer program has been here.
        """
        from alembic import command
        from alembic.runtime.migration import MigrationContext
        from alembic.util import CommandError

        config, newest = _migrations()
        with self.write() as tx:
            if tx.dialect.name == "postgresql":
                tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
                _make_schema(tx)
            if MigrationContext.configure(tx).get_current_revision() == newest:
                return
            config.attributes["connection"] = tx
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise NewerDatabase(f"this database is newer than the program: {error}") from error

    def schema(self) -> Schema:
        """Whose version has been here: neither an older nor a newer one can be read for sure. `none`: no tables."""
        from alembic.script import ScriptDirectory

        config, newest = _migrations()
        with self.read() as tx:
            if not sa.inspect(tx).has_table("alembic_version"):
                return "none"
            found = set(tx.scalars(sa.text("SELECT version_num FROM alembic_version")))
        if found == {newest}:
            return "ours"
        known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
        return "older" if found <= known else "newer"

    def unreadable_tables(self) -> tuple[str, ...]:
        """Which of our tables this account may not read; SQLite has no accounts, and neither has it such tables."""
        from db.tables import metadata

        if self._is_sqlite:
            return ()
        names = sorted(metadata.tables)
        with self.read() as tx:
            return tuple(n for n in names if not tx.scalar(sa.select(sa.func.has_table_privilege(n, "SELECT"))))

    def scrub(self) -> None:
        """After an erasing: leave nothing of it in the files that the database keeps besides its rows."""
        driver = self._engine.raw_connection()
        try:
            if self._is_sqlite:
                with self._turn(writes=True):
                    driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return
            connection: Any = driver.driver_connection
            connection.autocommit = True
            connection.execute("VACUUM")
            connection.autocommit = False
        finally:
            driver.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _turn(self, *, writes: bool) -> AbstractContextManager[None]:
        """A memory database has one connection: there, readers take turns too."""
        return self._turns.one() if self._in_memory or (self._is_sqlite and writes) else nullcontext()


@cache
def _migrations() -> tuple[Any, str | None]:
    """Alembic's configuration and the newest revision; it reads and compiles every migration to know that."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config, ScriptDirectory.from_config(config).get_current_head()


def _make_schema(tx: Connection) -> None:
    """Where the URL names a schema that is not there yet (`?options=-csearch_path%3Driverside`), make it."""
    if tx.scalar(sa.select(sa.func.current_schema())) is None:
        first = str(tx.scalar(sa.text("SHOW search_path"))).split(",")[0].strip().strip('"')
        tx.execute(sa.schema.CreateSchema(first))


def _address(given: str) -> URL:
    """The address with its driver. What was given is not repeated: it may hold a password."""
    try:
        url = make_url(given)
    except ArgumentError as error:
        raise WrongAddress(f"The address of the database is none. {_RIGHT}") from error
    if url.get_backend_name() not in ("sqlite", "postgresql", "postgres"):
        raise WrongAddress(f"Linecall keeps nothing in {url.get_backend_name()}. {_RIGHT}")
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _never_written(url: URL) -> URL:
    """A file that is there already, opened so that SQLite itself refuses to write to it."""
    return url.set(database=f"file:{quote(url.database or '')}", query={"mode": "ro", "uri": "true"})


# A server that vanishes without a word is noticed within a minute, and not after the system's two hours.
_NOTICED = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 30_000}


def _postgresql(url: URL, only_reads: bool) -> Engine:
    connect_args: dict[str, Any] = {"connect_timeout": 10, "application_name": "linecall", **_NOTICED}
    if only_reads:
        said = url.query.get("options", "")
        options = f"{said} -c default_transaction_read_only=on -c statement_timeout={HURRY_S * 1000}"
        connect_args |= {"connect_timeout": HURRY_S, "options": options.strip()}
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # an error in the log never holds what people wrote
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        connect_args=connect_args,
    )

    @sa.event.listens_for(engine, "commit")
    def _only_what_succeeded(tx: Connection) -> None:
        # PostgreSQL answers the commit of a failed transaction with a silent rollback.
        driver: Any = tx.connection.driver_connection
        if driver.info.transaction_status.name == "INERROR":
            raise sa.exc.InvalidRequestError("the transaction has failed and cannot be committed")

    return engine


def _sqlite(url: URL, in_memory: bool, only_reads: bool) -> Engine:
    url = _never_written(url) if only_reads else url
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    patience = HURRY_S if only_reads else BUSY_S
    connect_args = {"timeout": patience, "check_same_thread": False}
    engine = sa.create_engine(url, hide_parameters=True, connect_args=connect_args, **options)

    @sa.event.listens_for(engine, "connect")
    def _settle(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # the driver begins nothing by itself: `_begin` does
        driver.execute(f"PRAGMA busy_timeout = {patience * 1000}")
        if only_reads:
            return
        driver.execute("PRAGMA journal_mode = wal")
        driver.execute("PRAGMA synchronous = full")
        driver.execute("PRAGMA foreign_keys = on")
        driver.execute("PRAGMA secure_delete = on")  # what was erased leaves no trace in the file

    @sa.event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        reads = bool(tx.get_execution_options().get("linecall_reads"))
        # A writer asks for the lock at once: a reader that turns writer late is refused when another was faster.
        begin = "BEGIN" if reads else "BEGIN IMMEDIATE"
        driver: Any = tx.connection.driver_connection
        try:
            driver.execute(f"PRAGMA query_only = {int(reads)}")
            driver.execute(begin)
        except sqlite3.Error as error:
            raise sa.exc.DBAPIError.instance(begin, (), error, sqlite3.Error, hide_parameters=True) from error

    return engine
