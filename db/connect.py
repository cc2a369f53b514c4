"""Opens the database and hands out transactions that behave the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from db import changes
from db.columns import storable
from workflow.errors import LinecallError

BUSY_S = 30  # how long a writer of another process is waited for
LOST_RACES = frozenset({"40001", "40P01"})  # serialization failure, deadlock: the act runs again
_RIGHT = "Write postgresql://USER:PASSWORD@HOST/DATABASE, or sqlite:////FOLDER/linecall.db."
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


def open_database(url: str) -> Database:
    """The database at a SQLAlchemy URL; `postgresql://` means psycopg. Opens no connection yet; raises WrongAddress."""
    return Database(url)


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

    def __init__(self, url: str) -> None:
        parsed = _address(url)
        self._is_sqlite = parsed.get_backend_name() == "sqlite"
        self._in_memory = self._is_sqlite and parsed.database in (None, "", ":memory:")
        self._turns = _Turns()
        self._engine = _sqlite(parsed, in_memory=self._in_memory) if self._is_sqlite else _postgresql(parsed)
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
        with self._turn(writes=True), self._engine.connect() as tx:
            try:
                with tx.begin():
                    yield tx
                    changes.beat(tx)
            except sa.exc.DBAPIError as error:
                if (said := in_our_words(error)) is not error:
                    raise said from error
                raise
            finally:
                changes.forget(tx)

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
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.write() as tx:
            if tx.dialect.name == "postgresql":
                tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
                _make_schema(tx)
            config.attributes["connection"] = tx
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise NewerDatabase(f"this database is newer than the program: {error}") from error

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


class _Turns:
    """A lock that is handed on in the order of asking; Python's own lets a busy thread starve the others."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold it; raises RuntimeError where this thread holds it already, since that would wait for ever."""
        self._take()
        try:
            yield
        finally:
            self._hand_on()

    def _take(self) -> None:
        me = threading.get_ident()
        mine = threading.Lock()
        mine.acquire()
        with self._guard:
            if self._holder == me:
                raise RuntimeError("a transaction is open in this thread already: pass it on as tx")
            if self._holder is None:
                self._holder = me
                return
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:
            with self._guard:
                handed = mine not in self._waiting
                if not handed:
                    self._waiting.remove(mine)
            if handed:
                self._hand_on()
            raise
        self._holder = me

    def _hand_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._holder = -1  # somebody's, who has not woken up yet
                self._waiting.popleft().release()
            else:
                self._holder = None


# One spelling of a value on both databases: text as it is, and no NaN, which PostgreSQL refuses.
_dumps = partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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


def _postgresql(url: URL) -> Engine:
    engine = sa.create_engine(
        url,
        hide_parameters=True,  # an error in the log never holds what people wrote
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        json_serializer=_dumps,
        connect_args={"connect_timeout": 10, "application_name": "linecall"},
    )

    @sa.event.listens_for(engine, "commit")
    def _only_what_succeeded(tx: Connection) -> None:
        # PostgreSQL answers the commit of a failed transaction with a silent rollback.
        driver: Any = tx.connection.driver_connection
        if driver.info.transaction_status.name == "INERROR":
            raise sa.exc.InvalidRequestError("the transaction has failed and cannot be committed")

    return engine


def _sqlite(url: URL, *, in_memory: bool) -> Engine:
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    connect_args = {"timeout": BUSY_S, "check_same_thread": False}
    engine = sa.create_engine(url, hide_parameters=True, json_serializer=_dumps, connect_args=connect_args, **options)

    @sa.event.listens_for(engine, "connect")
    def _settle(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # the driver begins nothing by itself: `_begin` does
        driver.execute(f"PRAGMA busy_timeout = {BUSY_S * 1000}")
        driver.execute("PRAGMA journal_mode = wal")
        driver.execute("PRAGMA synchronous = full")
        driver.execute("PRAGMA foreign_keys = on")
        driver.execute("PRAGMA secure_delete = on")  # what was erased leaves no trace in the file

    @sa.event.listens_for(engine, "begin")
    def _begin(tx: Connection) -> None:
        reads = bool(tx.get_execution_options().get("linecall_reads"))
        tx.exec_driver_sql(f"PRAGMA query_only = {int(reads)}")
        # A writer asks for the lock at once: a reader that turns writer late is refused when another was faster.
        tx.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
