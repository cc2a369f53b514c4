"""What is kept of what people taught: counted once an answer, by whom, with a history that nobody can change."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from db import cases, erasing, lessons, log, understood
from db.connect import Database
from db.lessons import Told
from tests.db.rows import SIX, a_case, an_entry, minutes, saved
from workflow.case import ERASED, Case, Entry
from workflow.reading import Vote, Why

RIVERSIDE = "riverside"


def told(entry: int, who: str = "maria", case: str = "EX-1001") -> Told:
    return Told(entry, case, SIX + minutes(entry), who, "answered", "asset", {"value": "L3-CAP"})


def confirmed(database: Database, *entries: Told, words: str = "hulk", refused: str | None = None) -> list[int | None]:
    with database.write() as tx:
        return [lessons.confirm(tx, RIVERSIDE, "asset", "L3-CAP", words, refused, t) for t in entries]


def test_each_answer_counts_once_and_people_are_counted_apart(database: Database) -> None:
    confirmed(database, told(1), told(1), told(2), told(3, "joana"))

    with database.read() as tx:
        (lesson,) = lessons.of_plant(tx, RIVERSIDE)
    assert (lesson.state, lesson.times, lesson.people) == ("proposed", 3, ("maria", "joana"))
    assert lesson.cases == ("EX-1001",)


def test_accepting_and_forgetting_leave_their_history_and_a_note_in_the_plants_log(database: Database) -> None:
    (number,) = confirmed(database, told(1))
    assert number is not None
    versions = []
    for act in (lessons.accept, lessons.forget, lessons.accept):
        with database.write() as tx:
            act(tx, number, "denise", SIX)
        with database.read() as tx:
            versions.append(lessons.version(tx, RIVERSIDE))
            lesson = lessons.get(tx, RIVERSIDE, number)
    assert lesson is not None
    assert lesson.state == "learnt"
    assert [h.what for h in lesson.history] == ["confirmed", "accepted", "forgotten", "accepted"]
    assert len(set(versions)) == 3, "a running service sees each of them"
    with database.read() as tx:
        noted = [(h.who, h.what) for h in log.of_plant(tx)]
        assert lessons.learnt(tx, RIVERSIDE) == (lesson,)
        assert lessons.learnt(tx, "elsewhere") == ()
        assert lessons.get(tx, "elsewhere", number) is None
    assert noted == [("denise", "lesson_accepted"), ("denise", "lesson_forgotten"), ("denise", "lesson_accepted")]


@pytest.mark.parametrize("change", ["UPDATE lesson_log SET who = 'nobody'", "DELETE FROM lesson_log"])
def test_R61_the_history_of_a_lesson_cannot_be_changed(database: Database, change: str) -> None:
    confirmed(database, told(1))

    with pytest.raises(sa.exc.DBAPIError), database.write() as tx:
        tx.execute(sa.text(change))


def test_the_logs_are_read_on_from_where_one_was(database: Database) -> None:
    saved(database, a_case(), entries=(an_entry("reported"), an_entry("answered")))

    with database.read() as tx:
        both = lessons.entries_after(tx, 0, 10)
        assert [t.what for t in both] == ["reported", "answered"]
        assert lessons.entries_after(tx, both[0].id, 10) == both[1:]
        assert lessons.entries_after(tx, 0, 1) == both[:1]


def why(text: str) -> Why:
    return Why(text, ("en",), (Vote("report", 0.9),), (), (), (), "likeliest", how="local")


def ended(database: Database) -> Case:
    case = a_case(said="blobs of grease on labels", closed_at=SIX, resolved_at=SIX)
    return saved(database, case, entries=(Entry(SIX, "maria", "reported", case.said),))


@pytest.mark.parametrize("everybody", [True, False])
def test_erased_words_are_gone_from_examples_and_explanations_too(database: Database, everybody: bool) -> None:
    case = ended(database)
    with database.write() as tx:
        understood.keep(tx, case.number, 1, why(case.said), SIX)
        example = lessons.confirm(tx, RIVERSIDE, "kind", "quality_hold", case.said, None, told(1))
        name = lessons.confirm(tx, RIVERSIDE, "asset", "L3-CAP", "hulk", None, told(1))
        assert example is not None
        lessons.accept(tx, example, "denise", SIX)
        assert understood.of_case(tx, case.number) == (why(case.said),)
        before = lessons.version(tx, RIVERSIDE)
    with database.write() as tx:
        if everybody:
            erasing.older_than(tx, SIX + timedelta(days=1), SIX)
        else:
            erasing.of_person(tx, "maria", {("web", "maria")}, SIX, "denise")
    with database.read() as tx:
        found = {x.id: x for x in lessons.of_plant(tx, RIVERSIDE)}
        assert found[example].words.startswith(ERASED)
        assert found[example].state == "refused"
        assert lessons.version(tx, RIVERSIDE) != before
        assert understood.of_case(tx, case.number) == ()
        assert found[name or 0].words == "hulk", "what a machine is called is nobody's own"
        assert cases.get(tx, case.number) is not None
