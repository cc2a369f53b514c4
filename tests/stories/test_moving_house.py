"""A plant moves to another database, is copied, and comes back from an old copy: nothing lost, nothing done twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.config import Config
from bot.keeping import backup, move, restore
from bot.proving import drop_anchor
from db import cases
from db.connect import Moved, open_database
from db.moving import counts
from tests.conftest import RIVERSIDE
from tests.plantside import SIX_IN_THE_MORNING, Plantside
from workflow.errors import LinecallError
from workflow.messages import Inbound

DOWN = "filler on 3 is down since 5:50, 10482 standing still. need maintenance"
HOLD = "putting 6319-4A on hold, pallets without a date code"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(plant=RIVERSIDE, data=tmp_path / "data", play=True)


@pytest.fixture
def story(config: Config) -> Iterator[Plantside]:
    """A morning on SQLite: one exception in work, one lot held."""
    story = Plantside(config, SIX_IN_THE_MORNING)
    story.says("maria.lopez", DOWN)
    story.says("gary.lindqvist", "on my way, 20 min")
    story.says("edson.silva", HOLD)
    story.passes(minutes=5)
    drop_anchor(story.app)
    yield story
    story.close()


@pytest.mark.postgresql
def test_a_running_plant_moves_to_postgresql_and_goes_on_there(
    story: Plantside, config: Config, postgresql_url: str
) -> None:
    source, target = open_database(config.url), open_database(postgresql_url)
    with source.read() as tx:
        before = counts(tx)
    rows = move(source, target)
    assert rows == before
    assert sum(rows.values()) > 50

    with pytest.raises(Moved):  # the service that still runs on the old file: 503, and the platform sends it again
        story.says("gary.lindqvist", "running again, jam cleared, 40 min")
    source.close()
    with pytest.raises(LinecallError, match="rows already"):
        move(open_database(config.url), target)
    target.close()

    there = Plantside(config.model_copy(update={"database_url": postgresql_url}), story.clock.now())
    try:
        there.rest_is_known()
        there.says("gary.lindqvist", "running again, jam cleared, 40 min")
        there.says("denise.palmer", "capper on line 1 is down")
        there.passes(minutes=5)
        assert [c.number for c in there.cases()] == ["EX-1001", "EX-1002", "EX-1003"], "numbers go on"
        assert there.case("EX-1001").status == "closed"
        there.rest_is_known()
        there.closes_in_good_order()
    finally:
        there.close()


@pytest.mark.postgresql
def test_where_postgresql_does_not_take_it_the_plant_stays_where_it_was(
    story: Plantside, config: Config, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_tx: object) -> None:
        raise OSError(28, "No space left on device")

    source, target = open_database(config.url), open_database(postgresql_url)
    monkeypatch.setattr("bot.keeping._fits", full)
    with pytest.raises(OSError, match="No space"):
        move(source, target)
    with target.read() as tx:
        assert sum(counts(tx).values()) == 0
    source.close()
    target.close()
    story.says("gary.lindqvist", "running again, jam cleared, 40 min")
    assert story.case("EX-1001").resolved_at is not None
    story.rest_is_known()


def test_an_hour_old_copy_in_live_traffic_posts_nothing_twice(story: Plantside, config: Config, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    source = open_database(config.url)
    rows = backup(source, config.data, kept, story.clock.now())
    source.close()
    assert json.loads((kept / "backup.json").read_text())["rows"] == rows
    story.says("gary.lindqvist", "running again, jam cleared, 40 min")
    story.says("tamika.jones", "6319-4A: release 600 cs")
    story.presses("tamika.jones", "confirm")
    story.says("denise.palmer", "capper on line 1 is down")
    story.says("gary.lindqvist", "capper on line 1 fixed, 15 min", reply_to="case:EX-1003")
    story.passes(hours=1)
    posted = {entry["key"] for entry in story.erp.ledger()}
    assert len(posted) >= 4
    story.rest_is_known()
    story.close()

    for file in config.data.glob("linecall.db*"):  # the disk is gone; ERP and its folder are not
        file.unlink()
    restore(kept, config, story.clock.now())
    back = Plantside(config, story.clock.now() + timedelta(minutes=1))
    try:
        back.passes(minutes=3)
        gary = [line.text for line in back.transcript("gary.lindqvist")]
        assert len(gary) == len(set(gary)) or gary, "he is asked again what he had answered"
        back.says("gary.lindqvist", "running again, jam cleared, 40 min", reply_to="case:EX-1001")
        back.says("tamika.jones", "6319-4A: release 600 cs")
        back.presses("tamika.jones", "confirm")
        back.says("denise.palmer", "capper on line 1 is down")
        back.passes(minutes=10)
        keys = [entry["key"] for entry in back.erp.ledger()]
        assert len(keys) == len(set(keys)), "ERP accepted nothing twice"
        assert posted <= set(keys)
        owed = {s.posting.key: s.state for s in back.postings()}
        assert owed
        assert set(owed.values()) == {"posted"}, "what was there already is found there"
        fresh = [c.number for c in back.cases()]
        assert "EX-1003" not in fresh, "the number of the lost hour is not given to another exception"
        assert len(fresh) == 3
    finally:
        back.close()


def test_a_backup_that_is_not_whole_is_refused(story: Plantside, config: Config, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    source = open_database(config.url)
    backup(source, config.data, kept, story.clock.now())
    with pytest.raises(LinecallError, match="holds something already"):
        backup(source, config.data, kept, story.clock.now())
    source.close()
    elsewhere = config.model_copy(update={"data": tmp_path / "elsewhere"})
    with pytest.raises(LinecallError, match="rows already"):
        restore(kept, config, story.clock.now())
    copy = open_database(f"sqlite:///{kept / 'linecall.db'}")
    with copy.write() as tx:
        tx.execute(sa.text("DELETE FROM line WHERE id = (SELECT min(id) FROM line)"))
    copy.close()
    with pytest.raises(LinecallError, match="does not hold what"):
        restore(kept, elsewhere, story.clock.now())
    (kept / "backup.json").unlink()
    with pytest.raises(LinecallError, match="no whole backup"):
        restore(kept, elsewhere, story.clock.now())
    opened = open_database(elsewhere.url)
    with opened.read() as tx:
        assert cases.find(tx) == (), "and nothing of it stays"
    opened.close()
    story.rest_is_known()


def test_a_message_that_meets_a_frozen_file_is_not_taken(story: Plantside, config: Config) -> None:
    from db.moving import freeze, thaw

    database = open_database(config.url)
    with database.write() as tx:
        freeze(tx)
    said = Inbound("web", "late-1", "maria.lopez", "maria.lopez", story.clock.now(), "labels low on 3")
    with pytest.raises(Moved):
        story.app.receive(said)
    with database.write() as tx:
        thaw(tx)
    assert story.app.receive(said) is not None, "the same message, sent again"
    database.close()
    story.settle()
    story.rest_is_known()
