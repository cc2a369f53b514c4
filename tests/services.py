"""Finds or starts what some tests need besides Python: a PostgreSQL server and Chromium.

A pytest plugin (`-p tests.services`). What is not to be had is skipped, and told in one line at the end;
LINECALL_REQUIRE=all turns that into a failure, so that CI cannot pass by running less.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam
from typing import TYPE_CHECKING, Any, NoReturn

import psycopg
import pytest

from tests.emptied import Emptied, admin, new_database

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.tryton_server import Tryton

LOCAL = ("127.0.0.1", 5432)
NEEDS = "needs "  # how the reason of every test begins that was skipped for want of a service

_FOLDER = "LINECALL_TEST_SERVICES"  # where the processes of one test run meet
_shared = pytest.StashKey[Path]()
_ours = pytest.StashKey[Path]()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Each test that asks for it runs twice: on its own SQLite file (None), and on a PostgreSQL database of its own."""
    if request.param == "sqlite":
        yield None
    else:
        with request.getfixturevalue("emptied").one() as url:
            yield url


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables and no rows: copying it is quicker than migrating for every test."""
    from db.connect import open_database

    file = tmp_path_factory.mktemp("tables") / "linecall.db"
    database = open_database(f"sqlite:///{file}")
    database.migrate()
    database.scrub()
    database.close()
    return file


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty PostgreSQL database, for tests of what only PostgreSQL does; mark them `postgresql`."""
    with new_database(postgresql_server) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_with_tables(postgresql_server: str) -> Iterator[str]:
    """Name of a database with our tables and no rows: copying it is quicker than migrating for every test."""
    from db.connect import open_database

    with new_database(postgresql_server) as url:
        database = open_database(url)
        database.migrate()
        database.close()
        yield url.rpartition("/")[2]


@pytest.fixture(scope="session")
def emptied(postgresql_server: str, postgresql_with_tables: str) -> Iterator[Emptied]:
    """Databases with our tables and no rows, one test's after the other's."""
    databases = Emptied(postgresql_server, postgresql_with_tables)
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest) -> str:
    """`HOST:PORT` of a server where `postgres` may create databases: the local one, else one of our own."""
    local = "{}:{}".format(*LOCAL)
    if _answers(local):
        return local
    folder = request.config.stash[_shared]
    with _one_at_a_time(folder):
        noted = folder / "postgresql"
        if not noted.exists():
            noted.write_text(_start_postgresql(folder))
        return noted.read_text()


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryton]:
    """A real Tryton with the sample plant in it, one for each test process; tests put it back by `reset`."""
    from tests.tryton_server import NoTryton, installed, running

    try:
        home = installed()
    except NoTryton as why:
        missing(f"Tryton ({str(why).splitlines()[-1]})")
    with running(home, tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the machine's own Chromium."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return found or missing("Chromium (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """Headless Chromium for one module: Playwright keeps an event loop running in this thread as long as it lives."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Chromium's sandbox refuses to start as root, which is who runs in most containers.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"] if os.geteuid() == 0 else []
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


# the plugin ----------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """One folder for the whole run; the workers of pytest-xdist inherit it and find the same server in it."""
    given = os.environ.get(_FOLDER)
    folder = Path(given) if given else Path(tempfile.mkdtemp(prefix="linecall-tests-"))
    if not given:
        os.environ[_FOLDER] = str(folder)
        config.stash[_ours] = folder
    config.stash[_shared] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started for this run."""
    folder = config.stash.get(_ours, None)
    if folder is None:
        return
    if (folder / "postgresql").exists():
        _postgres_does(folder, "pg_ctl", "-D", "data", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)
    del os.environ[_FOLDER]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was not run, and why, in one line."""
    reasons = [
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    missed = Counter(reason.removeprefix(NEEDS) for reason in reasons if reason.startswith(NEEDS))
    if missed:
        said = "; ".join(f"{n} test{'s' * (n > 1)} for want of {what}" for what, n in missed.items())
        terminalreporter.write_line(f"Not run: {said}.", yellow=True, bold=True)


def missing(what: str) -> NoReturn:
    """Leave out the test that asked, and have the summary say for want of what; a failure where all is required."""
    if os.environ.get("LINECALL_REQUIRE") == "all":
        pytest.fail(f"LINECALL_REQUIRE=all, and there is no {what}", pytrace=False)
    pytest.skip(NEEDS + what, allow_module_level=True)


# PostgreSQL ----------------------------------------------------------------------------------------------------------


def _answers(server: str) -> bool:
    try:
        with psycopg.connect(admin(server)) as connection:
            row = connection.execute("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()
            return bool(row and row[0])
    except psycopg.OperationalError:
        return False


def _start_postgresql(folder: Path) -> str:
    """A server of our own in the run's folder, on a free port of loopback, gone with the run."""
    if _programs() is None:
        missing("PostgreSQL (Debian: apt-get install postgresql)")
    home = folder / "cluster"
    home.mkdir()
    folder.chmod(0o711)
    if os.geteuid() == 0:
        shutil.chown(home, *_postgres_user())
    _postgres_does(folder, "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
    port = _free_port()
    # Nothing of it outlives the run, so it need not wait for the disk.
    settings = f"-h {LOCAL[0]} -p {port} -c unix_socket_directories='' -c fsync=off -c max_connections=200"
    _postgres_does(folder, "pg_ctl", "-D", "data", "-l", "log", "-o", settings, "-w", "start")
    return f"{LOCAL[0]}:{port}"


def _postgres_does(folder: Path, program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; it refuses to be root, so root lends it another user."""
    programs = _programs()
    assert programs is not None
    user, group = _postgres_user() if os.geteuid() == 0 else (None, None)
    with (folder / "postgresql.log").open("a") as log:
        done = subprocess.run(
            [programs / program, *arguments],
            cwd=folder / "cluster",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
        )
    assert done.returncode == 0, f"{program} failed:\n{(folder / 'postgresql.log').read_text()[-2000:]}"


def _programs() -> Path | None:
    """The folder with initdb and pg_ctl: Debian keeps it off the path, one for each major version."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), reverse=True)
    on_path = [Path(found).parent for found in (shutil.which("initdb"),) if found]
    return next((p for p in (*debian, *on_path) if (p / "initdb").exists() and (p / "pg_ctl").exists()), None)


def _postgres_user() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        try:
            entry = getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    missing("a user other than root for PostgreSQL")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCAL[0], 0))
        return int(probe.getsockname()[1])


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
