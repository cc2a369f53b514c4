"""What the plant must be able to prove stays; what people wrote can go."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from bot.cli import app as cli
from bot.config import Config, WrongConfiguration
from bot.proving import checked, drop_anchor, erase, expire, keys_of
from db.log import of_plant
from db.tables import metadata
from tests.plantside import Plantside
from tests.stories.test_rules_reloaded import edit, own
from tests.stories.test_second_eye import DOWN, SECOND_EYE
from workflow.case import ERASED

__all__ = ["own"]

JAMMED = "filler on 3 jammed, zorbly noises since ten past, 10482 standing"
FIXED = "running again, unzorbled the starwheel, 40 min"


def everything(plant: Plantside) -> str:
    """All that the database holds, as one text."""
    with plant.app.database.read() as tx:
        return "\n".join(
            repr(tuple(row))
            for table in metadata.sorted_tables
            for row in tx.execute(sa.text(f'SELECT * FROM "{table}"'))
        )


def from_report_to_closed(plant: Plantside) -> str:
    plant.says("maria.lopez", JAMMED)
    number = plant.only_case().number
    plant.says("gary.lindqvist", "on my way, zorbly thing again")
    plant.says("gary.lindqvist", FIXED)
    plant.passes(minutes=5)
    assert plant.only_case().status == "closed"
    plant.rest_is_known()
    return number


def test_R61_a_persons_words_can_be_erased_everywhere_and_the_log_still_proves_who_did_what(plant: Plantside) -> None:
    number = from_report_to_closed(plant)
    drop_anchor(plant.app)
    assert "zorbly noises" in everything(plant)
    before = plant.log(number)

    erased = erase(plant.app, "maria.lopez", "stephanie.greer")
    erase(plant.app, "gary.lindqvist", "stephanie.greer")

    assert erased.left == ()
    assert "zorbl" not in everything(plant), "nowhere, not even where others were told of it"
    assert plant.log(number) == [*before, "erased", "erased"]
    assert plant.as_json(number)["log"][0]["who"] == "maria.lopez"
    assert plant.metrics().first_pass.value is not None, "the figures are what they were"
    found = checked(plant.app)
    assert found.whole
    assert found.erased == 2


def test_R61_a_condition_of_a_release_goes_with_its_authors_words_wherever_it_was_repeated(plant: Plantside) -> None:
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.says("tamika.jones", "6319-4A: release 950 cs if the zorbly retest is ok")
    plant.presses("tamika.jones", "confirm")
    assert plant.only_case().held[0].promised[0].part.condition, "a release under a condition"
    plant.says("stephanie.greer", "what is on hold?")
    plant.presses("tamika.jones", "not_met")
    plant.says("tamika.jones", "6319-4A: release 950 cs if the zorbly lab says ok")
    plant.presses("tamika.jones", "confirm")
    plant.presses("tamika.jones", "met")
    plant.presses("tamika.jones", "confirm")
    plant.passes(minutes=5)
    assert plant.only_case().status == "closed"
    decided = next(e for e in plant.as_json(plant.only_case().number)["log"] if e["what"] == "decided")
    assert "zorbly retest" in decided["facts"]["parts"][0]["condition"], "until then the log reads as it was said"
    drop_anchor(plant.app)

    erase(plant.app, "tamika.jones", "stephanie.greer")

    assert "zorbl" not in everything(plant)
    assert checked(plant.app).whole
    plant.rest_is_known()


def test_R61_what_was_said_to_be_fixed_goes_from_the_second_look_too(own: Plantside) -> None:
    plant = own
    edit(plant, SECOND_EYE)
    plant.says("maria.lopez", DOWN)
    plant.says("gary.lindqvist", "on it")
    plant.says("gary.lindqvist", "running again, unzorbled the starwheel")
    plant.presses("anita.rao", "verify")
    plant.passes(minutes=5)
    assert plant.only_case().status == "closed"

    erase(plant.app, "gary.lindqvist", "stephanie.greer")

    assert "zorbl" not in everything(plant)
    assert checked(plant.app).whole
    plant.rest_is_known()


def test_R61_the_reason_of_an_override_is_in_the_log_and_can_be_erased(plant: Plantside) -> None:
    plant.says("neil.abbott", "run 10486 first, because the zorbly truck is here")
    plant.says("denise.palmer", "what should we run next on line 3?")
    with plant.app.database.read() as tx:
        said = next(one for one in of_plant(tx) if one.what == "put_first")
    assert (said.who, said.facts["reason"]) == ("neil.abbott", "because the zorbly truck is here")
    drop_anchor(plant.app)

    erase(plant.app, "neil.abbott", "stephanie.greer")

    assert "zorbl" not in everything(plant)
    with plant.app.database.read() as tx:
        said = next(one for one in of_plant(tx) if one.what == "put_first")
    assert said.facts == {"work_order": "WO-10486", "line": "L3", "reason": ERASED}
    assert checked(plant.app).whole
    plant.rest_is_known()


def test_R61_the_reason_of_an_override_expires_with_all_other_words(plant: Plantside) -> None:
    plant.says("neil.abbott", "run 10486 first, because the zorbly truck is here")
    rules = replace(plant.app.folder.rules, keep_words=timedelta(days=30))
    plant.app.folder = replace(plant.app.folder, rules=rules)
    plant.clock.turn(timedelta(days=31))
    expire(plant.app)
    assert "zorbl" not in everything(plant)
    assert checked(plant.app).whole
    plant.rest_is_known()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL's own files: see docs/log.md
def test_erased_words_are_not_in_the_file_either(plant: Plantside) -> None:
    from_report_to_closed(plant)
    file = plant.app.config.data / "linecall.db"
    assert b"zorbly noises" in on_disk(file)

    for person in ("maria.lopez", "gary.lindqvist"):
        erase(plant.app, person, "stephanie.greer")

    assert b"zorbl" not in on_disk(file)


def on_disk(file: Path) -> bytes:
    return b"".join(path.read_bytes() for path in file.parent.glob(f"{file.name}*"))


def test_what_an_open_exception_needs_is_erased_when_it_has_ended(plant: Plantside) -> None:
    plant.says("maria.lopez", JAMMED)
    number = plant.only_case().number

    assert erase(plant.app, "maria.lopez", "stephanie.greer").left == (number,)
    assert "zorbly noises" in plant.only_case().said, "Gary still has to know what is wrong"

    plant.says("gary.lindqvist", "on my way")
    plant.says("gary.lindqvist", "running again, 40 min")
    plant.passes(minutes=5)
    expire(plant.app)
    assert "zorbly noises" not in everything(plant)
    plant.rest_is_known()


def test_words_expire_as_the_plants_rules_say(plant: Plantside) -> None:
    from_report_to_closed(plant)
    rules = replace(plant.app.folder.rules, keep_words=timedelta(days=30))
    plant.app.folder = replace(plant.app.folder, rules=rules)

    plant.clock.turn(timedelta(days=29))
    expire(plant.app)
    assert "zorbly noises" in everything(plant)
    plant.clock.turn(timedelta(days=2))
    expire(plant.app)
    assert "zorbl" not in everything(plant)
    assert checked(plant.app).whole


def test_the_log_says_of_a_decision_who_when_what_was_seen_and_by_which_rule(plant: Plantside) -> None:
    plant.says("edson.silva", "putting 6319-4A on hold, pallets without a date code")
    plant.says("tamika.jones", "6319-4A: release 600 cs")
    plant.presses("tamika.jones", "confirm")

    number = plant.only_case().number
    decided = next(e for e in plant.as_json(number)["log"] if e["what"] == "decided")
    assert decided["who"] == "tamika.jones"
    assert decided["facts"]["seen"]["held"] == ["6319-4A: 950 cs"]
    assert decided["facts"]["allowed_by"]["release"]["roles"] == ["quality"]
    assert decided["facts"]["rules"] == plant.app.folder.rules.version
    assert decided["facts"]["message"] > 0
    plant.rest_is_known()


def test_the_key_of_the_log_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    config = Config(data=tmp_path)
    (key,) = keys_of(config)
    assert keys_of(config) == (key,)
    file = tmp_path / "audit.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(WrongConfiguration, match="chmod 600"):
        keys_of(config)


def test_verify_log_says_in_plain_words_which_entry_was_changed(
    plant: Plantside, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = from_report_to_closed(plant)
    drop_anchor(plant.app)
    monkeypatch.setenv("LINECALL_PLANT", str(plant.app.config.plant))
    monkeypatch.setenv("LINECALL_DATA", str(plant.app.config.data))
    if database_url is not None:
        monkeypatch.setenv("LINECALL_DATABASE_URL", database_url)
    said = CliRunner().invoke(cli, ["verify-log"])
    assert said.exit_code == 0, said.output
    assert "Everything is as it was written." in said.output

    with plant.app.database.write() as tx:
        whose = sa.text('SELECT entry FROM seal WHERE "case" = :n AND position = 2')
        entry = tx.scalar(whose, {"n": number})
        guard = "DROP TRIGGER log_no_update" if database_url is None else "ALTER TABLE log DISABLE TRIGGER ALL"
        tx.execute(sa.text(guard))
        before = tx.scalar(sa.text(f"SELECT who FROM log WHERE id = {entry}"))
        tx.execute(sa.text(f"UPDATE log SET who = 'omar.haddad' WHERE id = {entry}"))

    said = CliRunner().invoke(cli, ["verify-log"])
    assert said.exit_code == 1
    assert f"Entry 2 of exception {number} was changed after it was written" in said.output
    document = json.loads(CliRunner().invoke(cli, ["verify-log", "--json"]).output)
    assert document["whole"] is False
    assert [(b["case"], b["position"], b["how"]) for b in document["broken"]] == [(number, 2, "changed")]
    with plant.app.database.write() as tx:
        tx.execute(sa.text(f"UPDATE log SET who = '{before}' WHERE id = {entry}"))
