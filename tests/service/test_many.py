"""One plant on several processes: the door here, the hands there, each thing done once whoever does it."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from bot.wakes import TASK, prepare
from db.connect import open_database
from tests.service.process import Service

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

PATIENCE = 60.0  # seconds; the machine may be busy


def until(what: str, seen: Callable[[], object], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if seen():
            return
        time.sleep(0.05)
    raise AssertionError(f"never seen within {patience:g} s: {what}")


def test_the_door_alone_stores_and_a_worker_elsewhere_does_the_rest(tmp_path: Path, postgresql_url: str) -> None:
    where = {"LINECALL_DATABASE_URL": postgresql_url}
    door = Service(tmp_path / "data", words=("run", "--only", "web"), name="door", **where)
    hands = Service(tmp_path / "data", words=("worker",), name="hands", **where)
    with door:
        door.say("maria.lopez", "filler on 3 jammed, we're down", key="one").raise_for_status()
        assert door.get("/ready")["inbox_unhandled"] == 1, "nobody reads here"
        with hands:
            until("the first is read by whoever came", lambda: len(door.get("/api/cases")) == 1)
            before = time.monotonic()
            door.say("denise.palmer", "capper on line 1 is down", key="two").raise_for_status()
            until("the second", lambda: len(door.get("/api/cases")) == 2)
            print(f"woken across processes after {time.monotonic() - before:.2f} s")
            until("everything said", lambda: not door.get("/ready")["outbox_due"])
            assert hands.get("/health") == {"alive": True}
        assert hands.stop() == 0
    assert door.stop() == 0
    for one in (door, hands):
        assert '"level": "error"' not in one.log.read_text()


def test_jobs_of_a_worker_that_died_go_to_the_living(postgresql_url: str) -> None:
    """A worker that is killed while it drains leaves a job that is being done for ever; the next one takes it."""
    from procrastinate import App, PsycopgConnector

    from bot import wakes

    database = open_database(postgresql_url)
    database.migrate()
    schema = prepare(database)
    assert schema == prepare(database) == "linecall_jobs", "a second start changes nothing"
    with psycopg.connect(database.conninfo(), autocommit=True, options=f"-c search_path={schema}") as connection:
        dead = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '5 minutes') RETURNING id"
        ).fetchone()
        assert dead is not None
        for lane in ("inbox", "outbox"):
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status, worker_id) "
                "VALUES (%s, %s, %s, jsonb_build_object('lane', %s::text), 'doing', %s)",
                (wakes.QUEUE, TASK, f"wake {lane}", lane, dead[0]),
            )
        connection.execute(  # the outbox waits to be woken already
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args) "
            "VALUES (%s, %s, 'wake outbox', '{\"lane\": \"outbox\"}')",
            (wakes.QUEUE, TASK),
        )

        async def look() -> int:
            connector = PsycopgConnector(conninfo=database.conninfo(), kwargs={"options": f"-c search_path={schema}"})
            jobs = App(connector=connector)
            async with jobs.open_async():
                return await wakes.recover(jobs)

        assert asyncio.run(look()) == 2
        left = connection.execute("SELECT status::text, args ->> 'lane' FROM procrastinate_jobs ORDER BY 2").fetchall()
        assert Counter(left) == Counter([("todo", "inbox"), ("todo", "outbox")])
    database.close()


def test_each_plant_has_a_schema_of_its_own_where_they_share_a_database(postgresql_url: str) -> None:
    opened = [open_database(f"{postgresql_url}?options=-csearch_path%3D{plant}") for plant in ("riverside", "gear")]
    for database in opened:
        database.migrate()
    assert [prepare(database) for database in opened] == ["riverside_jobs", "gear_jobs"]
    with psycopg.connect(opened[0].conninfo()) as connection:
        ours = connection.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'inbox'").fetchall()
        assert {row[0] for row in ours} == {"riverside", "gear"}
    for database in opened:
        database.close()
