"""Wakes the rounds on whichever machine has a hand free: Procrastinate's jobs over PostgreSQL (decision 0016).

A job is a wake-up and nothing else: it names a lane, at most one of a lane waits at a time, and the rows are the truth.
A lost job costs the seconds until the next sweep, never a message. Its tables are in a schema of their own beside ours.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from procrastinate import App as Jobs
from procrastinate import JobContext, PsycopgConnector, SyncPsycopgConnector, exceptions
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager

if TYPE_CHECKING:
    from db.connect import Database

log = structlog.get_logger()

GATHER = 0.02  # seconds in which many rings become one job
WORKERS_KNOWN_FOR = 2.0  # seconds before we look again whether anybody is there to be woken
DEAD_AFTER = 20.0  # seconds without a sign of life: a worker's jobs are given to the others
HEARTBEAT = 5.0
TASK, QUEUE = "wake", "linecall"
_MIGRATING = 0x57414B45  # any number; PostgreSQL's lock while Procrastinate's schema changes
_NOTED = "linecall_migrations"  # which of Procrastinate's migrations this schema has had


def prepare(database: Database) -> str:
    """Have Procrastinate's schema as its version here wants it; returns the schema's name. Safe at every start.

    Of two processes that start at once one waits. Its own migrations are applied in their order, each once.
    """
    with database.driver() as connection:
        schema = jobs_schema(connection)
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        connection.execute(f'SET LOCAL search_path TO "{schema}"')
        connection.execute(f"CREATE TABLE IF NOT EXISTS {_NOTED} (name text PRIMARY KEY)")
        done = {row[0] for row in connection.execute(f"SELECT name FROM {_NOTED}")}  # noqa: S608 - a constant
        known = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"), key=lambda path: path.name)
        missing = [path for path in known if path.name not in done]
        if not done:
            connection.execute(SchemaManager.get_schema())
        else:
            for path in missing:
                connection.execute(path.read_text("utf-8"))
        for path in missing:
            connection.execute(f"INSERT INTO {_NOTED} VALUES (%s)", (path.name,))  # noqa: S608
    return schema


def jobs_schema(connection: Any) -> str:
    """`linecall_jobs` beside the schema `public`, else the plant's own schema with `_jobs`: nothing is shared."""
    ours = connection.execute("SELECT current_schema()").fetchone()[0]
    return "linecall_jobs" if ours == "public" else f"{ours}_jobs"


class Wakes:
    """Tells other processes, after a commit, that a lane has something to do; many rings are one job."""

    def __init__(self, database: Database) -> None:
        schema = prepare(database)
        self._jobs = Jobs(
            connector=SyncPsycopgConnector(
                conninfo=database.conninfo(), kwargs={"options": f"-c search_path={schema}"}, min_size=1, max_size=2
            )
        )
        self._lanes: set[str] = set()
        self._guard = threading.Lock()
        self._rung = threading.Event()
        self._stopping = False
        self._anybody = False
        self._looked = -WORKERS_KNOWN_FOR
        self._thread = threading.Thread(target=self._run, name="linecall-wakes", daemon=True)

    def ring(self, lane: str) -> None:
        """Have a lane woken elsewhere, soon; nothing is asked of the database in the caller's thread."""
        with self._guard:
            self._lanes.add(lane)
        self._rung.set()

    def __enter__(self) -> Wakes:
        self._jobs.open()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping = True
        self._rung.set()
        self._thread.join(5.0)
        self._jobs.close()

    def _run(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            ending = self._stopping
            with self._guard:
                lanes, self._lanes = self._lanes, set()
            try:
                self._defer(lanes)
            except exceptions.ConnectorException as error:
                log.warning("wakes.not_deferred", error=type(error.__cause__ or error).__name__)  # the sweep finds it
                time.sleep(0.5)
            if ending:
                return
            time.sleep(GATHER)

    def _defer(self, lanes: set[str]) -> None:
        if time.monotonic() - self._looked > WORKERS_KNOWN_FOR:
            found = self._jobs.connector.execute_query_one(
                "SELECT count(*) AS n FROM procrastinate_workers "
                "WHERE last_heartbeat > now() - make_interval(secs => %(dead)s)",
                dead=DEAD_AFTER,
            )
            self._anybody, self._looked = bool(found["n"]), time.monotonic()
        for lane in sorted(lanes) if self._anybody else ():
            task = self._jobs.configure_task(TASK, queue=QUEUE, queueing_lock=f"wake {lane}")
            try:
                task.defer(lane=lane)
            except exceptions.AlreadyEnqueued:
                continue  # one is waiting already, and will find these rows too


async def work(database: Database, wake: Callable[[str], None], lanes: int) -> None:
    """Run what others ring, until a signal says otherwise; `wake` drains a lane and may be called side by side."""
    schema = prepare(database)
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    jobs = Jobs(
        connector=PsycopgConnector(
            conninfo=database.conninfo(),
            kwargs={"options": f"-c search_path={schema}"},
            min_size=2,
            max_size=lanes + 3,
        )
    )

    @jobs.task(name=TASK, queue=QUEUE)
    def _wake(lane: str) -> None:
        wake(lane)

    @jobs.periodic(cron="* * * * * */10")
    @jobs.task(name="recover", queue=QUEUE, queueing_lock="recover", pass_context=True)
    async def _recover(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        await recover(context.app)

    async with jobs.open_async():
        await jobs.run_worker_async(
            queues=[QUEUE],
            concurrency=lanes,
            delete_jobs="always",
            fetch_job_polling_interval=1.0,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=DEAD_AFTER,
            shutdown_graceful_timeout=10.0,
        )


async def recover(jobs: Jobs) -> int:
    """Give the jobs of dead workers to the living; returns how many there were."""
    stalled = list(await jobs.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER))
    for job in stalled:
        try:
            await jobs.job_manager.retry_job(job)
        except exceptions.ConnectorException:  # the same lane waits to be woken already: that will do
            await jobs.job_manager.finish_job(job, Status.FAILED, delete_job=True)
    if stalled:
        log.warning("wakes.recovered", jobs=len(stalled))
    return len(stalled)
