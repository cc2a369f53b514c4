"""A group with two plants: Stephanie manages both, and each answers from its own records, by its own days (R5, R57)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from bot import group as groups
from bot import group_checked
from bot.config import Config
from bot.group_checked import how_the_group_is
from bot.rehearsal import Rehearsal
from bot.web import create_web, issue_link
from db.connect import open_database
from integrations.plant_folder import PlantFolderProblems
from integrations.plant_folder.group_yaml import read_group
from tests.conftest import RIVERSIDE
from tests.stories.past_weeks import plant_with_guests, remember, the_cases
from tests.web.door import Visitor
from workflow.case import Case

WEDNESDAY_AT_TEN = datetime(2026, 11, 18, 16, 0, tzinfo=UTC)  # at the Molino it is five in the afternoon
MADRID = ZoneInfo("Europe/Madrid")
# Stephanie is `s.greer` there, by the same phone. Dwayne has the same id as Dwayne at Riverside and is somebody else.
MOLINO = """
id: molino
name: Molino del Norte
timezone: Europe/Madrid
languages: [es, en]
shifts:
  - {id: manana, start: "06:00", end: "14:00"}
  - {id: tarde, start: "14:00", end: "22:00"}
  - {id: noche, start: "22:00", end: "06:00"}
lines:
  - {id: M1, name: Molienda, aliases: [mill line], assets: [{id: M1-RUL, name: Banco de rulos, aliases: [roller mill]}]}
  - {id: M2, name: Envasado, aliases: [packing line], assets: [{id: M2-ENS, name: Ensacadora, aliases: [bagger]}]}
people:
  - {id: s.greer, name: Stephanie Greer, roles: [manager], contacts: {whatsapp: "+15550128"}}
  - {id: dwayne.hicks, name: Dwayne Hicks, roles: [manager], contacts: {whatsapp: "+34910000001"}}
  - {id: anita.rao, name: Anita Rao, roles: [operator], lines: [M2], contacts: {whatsapp: "+15550117"}}
  - {id: pilar.ruiz, name: Pilar Ruiz, roles: [supervisor], contacts: {whatsapp: "+34910000002"}}
  - {id: juan.gil, name: Juan Gil, roles: [maintenance], contacts: {whatsapp: "+34910000003"}}
"""
GROUP = """
plants:
  - {folder: riverside, data: riverside-data, called: [the bottling plant]}
  - {folder: molino, data: molino-data, called: [Molino, el Molino], page: "https://molino.example"}
"""


class Plants(NamedTuple):
    """Two plants and their folder."""

    riverside: Rehearsal
    molino: Rehearsal
    base: Path


def at_the_mill() -> Iterator[Case]:
    """Tuesday's stop of the bagger, one at one in the night of Tuesday's night shift, and one on Monday."""
    stops = (("M2", "M2-ENS", 17, 9, 50), ("M1", "M1-RUL", 18, 1, 20), ("M2", "M2-ENS", 16, 9, 30))
    pattern = next(c for c in the_cases() if c.resolved_at is not None)
    for n, (line, machine, day, hour, minutes) in enumerate(stops, 1):
        at = datetime(2026, 11, day, hour, 0, tzinfo=MADRID)
        over = at + timedelta(minutes=minutes)
        task = replace(pattern.tasks[0], asked_at=at, owner="juan.gil", told=("juan.gil",), acknowledged_at=at,
                       acknowledged_by="juan.gil", done_at=over, done_by="juan.gil")  # fmt: skip
        yield replace(
            pattern, number=f"EX-{2000 + n}", plant="molino", captured_at=at, reporter="pilar.ruiz", line=line,
            assets=(machine,), work_orders=(), occurred_at=at, opened_at=at, resolved_at=over, resolved_by="juan.gil",
            resolution="atasco quitado", posted_at=over, closed_at=over, tasks=(task,), rerouted=0,
        )  # fmt: skip


@pytest.fixture
def plants(tmp_path: Path) -> Iterator[Plants]:
    """Both on that Wednesday; questions change nothing."""
    for name in ("riverside", "molino"):
        (tmp_path / name).mkdir()
    plant_with_guests(tmp_path / "riverside")
    (tmp_path / "molino" / "plant.yaml").write_text(MOLINO, "utf-8")
    (tmp_path / "group.yaml").write_text(GROUP, "utf-8")
    both = [
        Rehearsal(
            Config(plant=tmp_path / name, data=tmp_path / f"{name}-data", group=tmp_path / "group.yaml", play=True),
            WEDNESDAY_AT_TEN,
        )
        for name in ("riverside", "molino")
    ]
    remember(both[0].app.database, the_cases())
    remember(both[1].app.database, at_the_mill())
    yield Plants(both[0], both[1], tmp_path)
    for one in both:
        one.close()


def asked(plant: Rehearsal, person: str, text: str) -> str:
    """What a person is answered."""
    plant.hears(person)
    plant.says(person, text)
    (answer,) = plant.hears(person)
    return answer


def test_R57_stops_in_all_plants_yesterday_are_each_plants_own(plants: Plants) -> None:
    answer = asked(plants.riverside, "stephanie.greer", "stops in all plants yesterday")

    ours, theirs = answer.split("■ Molino del Norte")
    assert "■ Riverside Bottling" in ours
    assert "85 min down in 3 stops" in ours
    assert "EX-2011" in ours
    assert theirs.startswith(" (17:00 there)"), "whose yesterday it is can be seen"
    assert "70 min down in 2 stops" in theirs, "one in the night belongs to the production day before, by their clock"
    assert "EX-2001" in theirs
    assert "EX-2003" not in theirs
    assert "nothing is added up" in answer
    assert "https://molino.example/figures" in answer


def test_R57_two_plants_are_compared_by_their_names(plants: Plants) -> None:
    answer = asked(plants.riverside, "stephanie.greer", "compare Riverside and Molino this week")

    ours, theirs = answer.split("■ Molino del Norte")
    assert "10 exceptions" in ours
    assert "3 exceptions" in theirs
    assert "Resolution time" in theirs
    assert "median 30 min, from only 3" in theirs


def test_R57_a_plant_named_alone_answers_alone_and_knows_its_own_machines(plants: Plants) -> None:
    answer = asked(plants.riverside, "stephanie.greer", "how many stops of the bagger at Molino this week?")

    assert "Riverside" not in answer
    assert "Ensacadora" in answer
    assert "80 min down in 2 stops" in answer


def test_R57_an_exception_of_another_plant_is_looked_up_there(plants: Plants) -> None:
    answer = asked(plants.riverside, "stephanie.greer", "what happened to EX-2001 in Molino?")

    assert "Ensacadora" in answer
    assert "Filler 3" not in answer, "EX-2001 is another exception at Riverside"


@pytest.mark.parametrize(
    ("person", "text", "says"),
    [
        ("wagner.prado", "paradas em todas as plantas ontem", "Molino del Norte (lá são 17:00)"),
        ("hector.salinas", "compara todas las plantas esta semana", "Molino del Norte (allí son las 17:00)"),
        ("juergen.weiss", "Stillstände in allen Werken gestern", "Molino del Norte (dort ist es 17:00)"),
        ("agnieszka.nowak", "postoje we wszystkich zakładach wczoraj", "Molino del Norte (tam jest 17:00)"),
        ("ravi.sharma", "sabhi plants mein kal kitne breakdown?", "Molino del Norte (wahan 17:00 baje)"),
        ("stephanie.greer", "stops at both sites yesterday", "Molino del Norte (17:00 there)"),
    ],
)
def test_R57_the_question_is_understood_in_every_language(plants: Plants, person: str, text: str, says: str) -> None:
    with (plants.base / "molino" / "plant.yaml").open("a", encoding="utf-8") as out:
        known = plants.riverside.app.plant.person[person]
        address = known.contacts.get("whatsapp", f"+1999{sum(map(ord, person))}")
        if address != "+15550128":
            out.write(f'  - {{id: guest, name: Guest, roles: [manager], contacts: {{whatsapp: "{address}"}}}}\n')
    if not plants.riverside.app.plant.person[person].contacts:
        with plants.riverside.app.database.write() as tx:
            from db import addresses

            addresses.bind(tx, "whatsapp", address, person, WEDNESDAY_AT_TEN)

    answer = asked(plants.riverside, person, text)

    assert says in answer
    ours, theirs = answer.split("■ Molino del Norte")
    assert "EX-2011" in ours or "32 min" in ours or "10" in ours
    assert "EX-2001" in theirs


def test_R55_the_rights_of_each_plant_count_and_an_id_alone_proves_nothing(plants: Plants) -> None:
    answer = asked(plants.riverside, "anita.rao", "stops in all plants yesterday")
    theirs = answer.split("■ Molino del Norte")[1]
    assert "EX-2001" in theirs, "the line that she has there"
    assert "EX-2002" not in theirs, "an operator there sees her own line, whatever she is at Riverside"

    answer = asked(plants.riverside, "dwayne.hicks", "stops in all plants yesterday")
    assert "you are not among its people" in answer.split("■ Molino del Norte")[1], "another man of the same name"


def test_R57_who_leaves_the_other_plant_sees_nothing_of_it_from_then_on(plants: Plants) -> None:
    assert "EX-2001" in asked(plants.riverside, "stephanie.greer", "stops at Molino yesterday")

    there = plants.base / "molino" / "plant.yaml"
    there.write_text(MOLINO.replace("+15550128", "+34910000009"), "utf-8")

    assert "you are not among its people" in asked(plants.riverside, "stephanie.greer", "stops at Molino yesterday")


def test_a_plant_that_does_not_answer_is_named_and_the_others_answer(
    plants: Plants, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.molino.close()
    for file in (plants.base / "molino-data").glob("linecall.db*"):
        file.unlink()

    answer = asked(plants.riverside, "stephanie.greer", "stops in all plants yesterday")

    assert "■ Molino del Norte: does not answer just now" in answer
    assert "85 min down in 3 stops" in answer
    assert not (plants.base / "molino-data" / "linecall.db").exists(), "nothing is created over there"

    released = threading.Event()
    monkeypatch.setattr(groups, "PATIENCE", 0.2)
    monkeypatch.setattr(groups.Member, "_asked", lambda *_: released.wait(30))
    try:
        answer = asked(plants.riverside, "stephanie.greer", "stops in all plants yesterday")
    finally:
        released.set()
    assert "■ Molino del Norte: does not answer just now" in answer, "one that hangs is not waited for"


def test_a_plant_with_another_version_is_named_and_never_read(plants: Plants) -> None:
    import sqlalchemy as sa

    with plants.molino.app.database.write() as tx:
        tx.execute(sa.text("update alembic_version set version_num = '9999'"))

    answer = asked(plants.riverside, "stephanie.greer", "stops in all plants yesterday")

    assert "runs another version of Linecall" in answer.split("■ Molino del Norte")[1]


@pytest.fixture
def mill_on_postgresql(plants: Plants, postgresql_url: str) -> Iterator[Plants]:
    """The same two plants; the mill has moved to PostgreSQL, read from here by an account that may only read."""
    import sqlalchemy as sa

    plants.molino.close()
    there = plants.base / "molino"
    mill = Rehearsal(
        Config(plant=there, data=plants.base / "molino-data", database_url=postgresql_url, play=True), WEDNESDAY_AT_TEN
    )
    remember(mill.app.database, at_the_mill())
    name = postgresql_url.rpartition("/")[2]
    with mill.app.database.write() as tx:
        tx.execute(sa.text(f"CREATE ROLE {name}_reads LOGIN"))
        tx.execute(sa.text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}_reads"))
    reads = sa.engine.make_url(postgresql_url).set(username=f"{name}_reads")
    (plants.base / "molino_url").write_text(reads.render_as_string(hide_password=False), "utf-8")
    (plants.base / "group.yaml").write_text(
        GROUP.replace("data: molino-data", "database_url_file: molino_url"), "utf-8"
    )
    ours = plants.riverside.app
    ours.group.close()
    ours.group = groups.Group.of(plants.base / "group.yaml", ours.config.plant)
    yield Plants(plants.riverside, mill, plants.base)
    ours.group.close()
    with mill.app.database.write() as tx:
        tx.execute(sa.text(f"DROP OWNED BY {name}_reads"))
        tx.execute(sa.text(f"DROP ROLE {name}_reads"))
    mill.close()


@pytest.mark.postgresql
def test_R57_a_plant_on_sqlite_and_one_on_postgresql_answer_one_question(mill_on_postgresql: Plants) -> None:
    import sqlalchemy as sa

    assert mill_on_postgresql.riverside.app.database.dialect == "sqlite"
    assert mill_on_postgresql.molino.app.database.dialect == "postgresql"

    answer = asked(mill_on_postgresql.riverside, "stephanie.greer", "stops in all plants yesterday")

    ours, theirs = answer.split("■ Molino del Norte")
    assert "85 min down in 3 stops" in ours
    assert theirs.startswith(" (17:00 there)")
    assert "70 min down in 2 stops" in theirs
    assert "EX-2003" not in theirs
    compared = asked(mill_on_postgresql.riverside, "stephanie.greer", "compare Riverside and Molino this week")
    assert "median 30 min, from only 3" in compared.split("■ Molino del Norte")[1]
    (found,) = [one for one in how_the_group_is(mill_on_postgresql.riverside.app) if one.what == "  Molino del Norte"]
    assert found.how.startswith("PostgreSQL 1")
    assert found.to_do == ""

    theirs_only_read = open_database(mill_on_postgresql.riverside.app.group.members[0].sister.database, only_reads=True)
    with pytest.raises(sa.exc.DBAPIError, match="read-only"), theirs_only_read.write() as tx:
        tx.execute(sa.text("delete from alembic_version"))
    theirs_only_read.close()


@pytest.mark.postgresql
def test_the_doctor_names_the_tables_that_the_account_over_there_may_not_read(mill_on_postgresql: Plants) -> None:
    import sqlalchemy as sa

    with mill_on_postgresql.molino.app.database.write() as tx:
        role = tx.scalar(sa.text("select current_database()")) + "_reads"
        tx.execute(sa.text(f"REVOKE SELECT ON address FROM {role}"))

    (found,) = [one for one in how_the_group_is(mill_on_postgresql.riverside.app) if "Molino" in one.what]

    assert "may not read 1 table(s)" in found.how
    assert found.how.endswith(": address")
    assert "GRANT SELECT" in found.to_do


def of_the_mill(plants: Plants) -> tuple[str, str]:
    """What the doctor says of the mill, and what to do."""
    (found,) = [one for one in how_the_group_is(plants.riverside.app) if one.what.startswith("  ")]
    return found.how, found.to_do


def test_the_doctor_says_of_each_plant_that_it_can_be_asked_and_who_is_known_there(plants: Plants) -> None:
    how, to_do = of_the_mill(plants)
    assert how.startswith("SQLite 3.")
    assert how.endswith("2 of our people are known there")
    assert to_do == ""

    strangers = MOLINO.replace("+15550128", "+34910000009").replace("+15550117", "+34910000008")
    (plants.base / "molino" / "plant.yaml").write_text(strangers, "utf-8")
    how, to_do = of_the_mill(plants)
    assert "0 of our people" in how
    assert "the same phone" in to_do


def test_the_doctor_says_what_is_wrong_with_another_plant_and_what_to_do(
    plants: Plants, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlalchemy as sa

    theirs = plants.base / "molino" / "plant.yaml"
    theirs.write_text(MOLINO.replace("timezone: Europe/Madrid", "timezone: Molino"), "utf-8")
    found = [one for one in how_the_group_is(plants.riverside.app) if one.what.startswith("  ")]
    assert "its plant folder has 1 problem(s), first plant.yaml:4" in found[0].how
    assert "linecall check" in found[0].to_do
    assert "SQLite" in found[1].how, "its database is looked at all the same"
    theirs.write_text(MOLINO, "utf-8")

    for version, says, do in (
        ("0001", "an older Linecall", "there, then here"),
        ("9999", "a newer", "update Linecall"),
    ):
        with plants.molino.app.database.write() as tx:
            tx.execute(sa.text("update alembic_version set version_num = :v"), {"v": version})
        how, to_do = of_the_mill(plants)
        assert says in how
        assert do in to_do

    plants.molino.close()
    for file in (plants.base / "molino-data").glob("linecall.db*"):
        file.unlink()
    how, to_do = of_the_mill(plants)
    assert "does not answer" in how
    assert "start its Linecall once" in to_do
    assert not list((plants.base / "molino-data").glob("linecall.db*")), "nothing is created over there"

    released = threading.Event()
    monkeypatch.setattr(group_checked, "PATIENCE", 0.05)
    monkeypatch.setattr(group_checked, "_folder_of", lambda _: (released.wait(30), (None, ""))[1])
    try:
        how, to_do = of_the_mill(plants)
    finally:
        released.set()
    assert "gave no sign" in how
    assert "share" in to_do


def test_a_plant_that_was_updated_meanwhile_is_asked_again(plants: Plants) -> None:
    import sqlalchemy as sa

    with plants.molino.app.database.write() as tx:
        ours = tx.scalar(sa.text("select version_num from alembic_version"))
        tx.execute(sa.text("update alembic_version set version_num = '0001'"))
    assert "another version" in asked(plants.riverside, "stephanie.greer", "stops at Molino yesterday")
    with plants.molino.app.database.write() as tx:
        tx.execute(sa.text("update alembic_version set version_num = :v"), {"v": ours})
    assert "EX-2001" in asked(plants.riverside, "stephanie.greer", "stops at Molino yesterday")


def test_nothing_can_be_written_in_another_plants_records(plants: Plants) -> None:
    import sqlalchemy as sa

    theirs = open_database(plants.riverside.app.group.members[0].sister.database, only_reads=True)
    with pytest.raises(sa.exc.OperationalError, match="readonly"), theirs.write() as tx:
        tx.execute(sa.text("delete from alembic_version"))
    theirs.close()


@pytest.mark.parametrize(
    ("person", "text"),
    [
        ("maria.lopez", "labeller 3 jammed, line 3 is down, the pallets for Molino wait"),
        ("maria.lopez", "Molino sent the wrong caps, line 3 stands"),
        ("denise.palmer", "forklift hit a man at the Molino truck"),
    ],
)
def test_R14_a_report_that_names_a_plant_opens_an_exception(plants: Plants, person: str, text: str) -> None:
    before = len(plants.riverside.cases())

    plants.riverside.says(person, text)

    assert len(plants.riverside.cases()) == before + 1
    assert not any("■" in said for said in plants.riverside.hears(person))


def test_a_plant_without_a_group_answers_as_always(tmp_path: Path) -> None:
    alone = Rehearsal(Config(plant=RIVERSIDE, data=tmp_path / "data", play=True), WEDNESDAY_AT_TEN)
    remember(alone.app.database, the_cases())
    assert "■" not in asked(alone, "stephanie.greer", "how many stops yesterday?")
    alone.close()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("plants: []\n", "group.yaml:1: plants: is an empty list"),
        ("plants:\n  - {folder: a}\n", "does not say where its records are"),
        ("plants:\n  - {folder: a, data: b, database_url_file: c}\n", "one of them"),
        ("plants:\n  - {folder: a, database_url_file: nowhere}\n", "cannot be read"),
        ("plants:\n  - {folder: a, data: b, pages: c}\n", "unknown key 'pages'"),
        ("plants:\n  - {folder: a, data: b, page: molino}\n", "page"),
    ],
)
def test_a_wrong_group_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "group.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(PlantFolderProblems) as refused:
        read_group(file)
    assert says in str(refused.value)


def test_R57_the_page_shows_the_plants_side_by_side_to_whom_both_know(plants: Plants) -> None:
    web = create_web(plants.riverside.app)

    def page_of(person: str | None, path: str) -> str:
        visitor = Visitor(web, "localhost:8080", "127.0.0.1", {})
        if person is not None:
            token = issue_link(plants.riverside.app, person).partition("token=")[2]
            visitor.post("/sign-in", data={"link": token})
        return visitor.get(path).text

    assert "/figures/plants?period=yesterday" in page_of("stephanie.greer", "/figures?period=yesterday")
    hers = page_of("stephanie.greer", "/figures/plants?period=yesterday")
    assert 'href="https://molino.example/figures?period=yesterday">Molino del Norte</a>' in hers
    assert "17 Nov 06:00 – 06:00" in hers, "each plant by its own clock"
    assert "85 min" in hers
    assert "70 min" in hers
    assert "155" not in hers, "nothing is added up"
    assert "you are not among its people" in page_of("dwayne.hicks", "/figures/plants?period=yesterday")
    assert "/figures/plants" not in page_of(None, "/figures"), "a screen on the wall is nobody over there"
    assert "Molino" not in page_of(None, "/figures/plants")
