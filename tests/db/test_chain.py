"""Whoever owns the database can change the log; whoever verifies it is told which entry of which case it was."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db import anchors, cases, chain, conversations, erasing
from db import log as chained
from db.connect import Database
from db.tables import log, seal, words
from db.verifying import Broken, Verified, verify
from tests.db.rows import SIX, a_case, minutes, saved, saved_again
from workflow.case import ERASED, Case, Entry

KEY = b"a key that is not in the database"
MARIA_SAID = "filler on 3 jammed"
UNPROTECT = {
    "sqlite": (
        "SELECT 'DROP TRIGGER ' || name FROM sqlite_master WHERE type = 'trigger'",
        "PRAGMA defer_foreign_keys = on",
    ),
    "postgresql": (
        "SELECT 'ALTER TABLE ' || relname || ' DISABLE TRIGGER ALL' FROM pg_class"
        " WHERE relname IN ('log', 'seal', 'words', 'anchor', 'plant_log', 'head')",
        "SELECT 1",
    ),
}


def entries_of(n: int, what: str = "updated") -> tuple[Entry, ...]:
    return tuple(Entry(SIX + minutes(i), "maria", what, f"word {i}", {"n": i, "part": 1.0}) for i in range(n))


@pytest.fixture
def written(database: Database) -> Database:
    """Two exceptions with five entries each, anchored, and one word in the plant's own log."""
    for number in ("EX-1001", "EX-1002"):
        case = saved(database, a_case(number), entries=entries_of(3))
        saved_again_with(database, case, entries_of(2, "promised"))
    with database.write() as tx:
        chained.note(tx, SIX, "linecall", "rules_changed", {"version": "abc"})
        assert anchors.drop(tx, KEY, SIX) is not None
    assert looked_at(database) == ()
    return database


def saved_again_with(database: Database, case: Case, entries: Sequence[Entry]) -> Case:
    return saved(database, case, entries=tuple(entries))


def checked(database: Database, outside: tuple[int, str] | None = None) -> Verified:
    with database.read() as tx:
        return verify(tx, [KEY], outside)


def looked_at(
    database: Database, outside: tuple[int, str] | None = None
) -> tuple[tuple[str, str | None, int | None], ...]:
    return tuple((one.how, one.case, one.position) for one in checked(database, outside).broken)


def tampered(database: Database, *statements: str) -> None:
    """What the owner of the database can do: take the guards away, and write."""
    with database.write() as tx:
        without_guards(tx)
        for statement in statements:
            tx.execute(sa.text(statement))


def without_guards(tx: Connection) -> None:
    drops, then = UNPROTECT[tx.dialect.name]
    for drop in tx.scalars(sa.text(drops)).all():
        tx.execute(sa.text(drop))
    tx.execute(sa.text(then))


ENTRY = "(SELECT entry FROM seal WHERE \"case\" = 'EX-1002' AND position = {})"


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([f"UPDATE log SET who = 'gary' WHERE id = {ENTRY.format(3)}"], ("changed", "EX-1002", 3)),
        ([f"UPDATE log SET what = 'resolved' WHERE id = {ENTRY.format(2)}"], ("changed", "EX-1002", 2)),
        ([f"UPDATE log SET facts = '{{\"n\": 9}}' WHERE id = {ENTRY.format(1)}"], ("changed", "EX-1002", 1)),
        ([f"UPDATE log SET why = 'it was somebody else' WHERE id = {ENTRY.format(5)}"], ("changed", "EX-1002", 5)),
        ([f"UPDATE words SET text = 'another word' WHERE entry = {ENTRY.format(2)}"], ("words_changed", "EX-1002", 2)),
        ([f"UPDATE words SET person = 'gary', text = NULL, salt = NULL WHERE entry = {ENTRY.format(2)}"],
         ("words_gone", "EX-1002", 2)),
        ([f"DELETE FROM words WHERE entry = {ENTRY.format(4)}"], ("changed", "EX-1002", 4)),
        (["UPDATE seal SET digest = 'x' WHERE \"case\" = 'EX-1002' AND position = 2"], ("changed", "EX-1002", 2)),
        (["UPDATE plant_log SET who = 'gary'"], ("changed", "", 1)),
        (["DELETE FROM plant_log"], ("cut", "", 1)),
    ],
)  # fmt: skip
def test_a_changed_row_is_named(written: Database, statements: Sequence[str], found: tuple[str, str, int]) -> None:
    tampered(written, *statements)
    assert looked_at(written)[0] == found


@pytest.mark.parametrize(("position", "how"), [(1, "missing"), (3, "missing"), (5, "cut")])
def test_a_deleted_row_is_named(written: Database, position: int, how: str) -> None:
    with written.write() as tx:
        without_guards(tx)
        entry = tx.scalar(sa.text(f"SELECT entry FROM seal WHERE \"case\" = 'EX-1002' AND position = {position}"))
        for table, column in (("words", "entry"), ("seal", "entry"), ("log", "id")):
            tx.execute(sa.text(f"DELETE FROM {table} WHERE {column} = {entry}"))
    assert looked_at(written) == ((how, "EX-1002", position),)


def test_a_deleted_exception_is_named(written: Database) -> None:
    gone = "(SELECT id FROM log WHERE \"case\" = 'EX-1002')"
    tampered(
        written,
        f"DELETE FROM words WHERE entry IN {gone}",
        f"DELETE FROM seal WHERE entry IN {gone}",
        "DELETE FROM log WHERE \"case\" = 'EX-1002'",
        "DELETE FROM head WHERE \"case\" = 'EX-1002'",
    )
    assert checked(written).broken == (Broken("cut", "EX-1002", 1, 5),)


def test_an_inserted_row_is_named(written: Database) -> None:
    columns = '"case", at, who, what, why, facts'
    tampered(
        written,
        f"INSERT INTO log (id, {columns}) SELECT 9001, {columns} FROM log WHERE id = {ENTRY.format(2)}",
    )
    assert looked_at(written) == (("inserted", "EX-1002", None),)


def test_an_inserted_row_with_a_seal_of_its_own_is_named(written: Database) -> None:
    columns = '"case", at, who, what, why, facts'
    tampered(
        written,
        f"INSERT INTO log (id, {columns}) SELECT 9001, {columns} FROM log WHERE id = {ENTRY.format(2)}",
        "INSERT INTO seal (entry, \"case\", position, digest) VALUES (9001, 'EX-1002', 6, 'guessed')",
    )
    assert looked_at(written)[0] == ("changed", "EX-1002", 6)


def test_two_rows_that_changed_places_are_named(written: Database) -> None:
    with written.write() as tx:
        without_guards(tx)
        ids = [tx.scalar(sa.text(f"SELECT {ENTRY.format(n)}")) for n in (2, 3)]
        for table, column in (("words", "entry"), ("seal", "entry"), ("log", "id")):
            for old, new in ((ids[0], 9002), (ids[1], ids[0]), (9002, ids[1])):
                tx.execute(sa.text(f"UPDATE {table} SET {column} = {new} WHERE {column} = {old}"))
    assert ("moved", "EX-1002", 2) in looked_at(written)


def test_a_row_that_was_moved_to_another_exception_is_named(written: Database) -> None:
    tampered(written, f"UPDATE log SET \"case\" = 'EX-1001' WHERE id = {ENTRY.format(5)}")
    assert {("inserted", "EX-1001", None), ("cut", "EX-1002", 5)} <= set(looked_at(written))


def test_a_chain_that_was_written_anew_from_end_to_end_does_not_fit_its_anchor(written: Database) -> None:
    with written.write() as tx:
        without_guards(tx)
        tx.execute(sa.text(f"UPDATE log SET who = 'gary' WHERE id = {ENTRY.format(2)}"))
        whole_again(tx, "EX-1002")
    assert checked(written).broken == (Broken("rewritten", "EX-1002", 1, 5, number=1),)


def whole_again(tx: Connection, number: str) -> None:
    """What somebody would do who knows how the chain is made and has not the key."""
    digest = chain.START
    rows = tx.execute(
        sa.select(log, seal.c.position)
        .join(seal, seal.c.entry == log.c.id)
        .where(log.c.case == number)
        .order_by(log.c.id)
    ).all()
    for row in rows:
        committed = sa.select(words.c.field, words.c.commitment).where(words.c.entry == row.id)
        pairs = [(field, kept) for field, kept in tx.execute(committed)]
        digest = chain.digest(digest, number, row.position, row.at, row.who, row.what, row.why, dict(row.facts), pairs)
        tx.execute(sa.update(seal).where(seal.c.entry == row.id).values(digest=digest))
    tx.execute(sa.text('UPDATE head SET digest = :d WHERE "case" = :n'), {"d": digest, "n": number})


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("UPDATE anchor SET heads = '{}' WHERE number = 1", "anchor_forged"),
        ("UPDATE anchor SET mac = 'x' WHERE number = 1", "anchor_forged"),
        ("DELETE FROM anchor WHERE number = 1", "anchor_missing"),
    ],
)
def test_an_anchor_that_was_tampered_with_is_named(written: Database, statement: str, how: str) -> None:
    case = saved(written, a_case("EX-1003"), entries=entries_of(1))
    assert case.number == "EX-1003"
    with written.write() as tx:
        anchors.drop(tx, KEY, SIX + minutes(1))
    tampered(written, statement)
    assert how in {one.how for one in checked(written).broken}


def test_who_has_another_key_proves_nothing(written: Database) -> None:
    with written.read() as tx:
        assert [one.how for one in verify(tx, [b"another key"]).broken] == ["anchor_other_key"]
        assert verify(tx, [b"another key", KEY]).whole, "an old key is believed beside the new one"


def test_a_database_that_was_put_back_to_an_older_state_gives_itself_away(written: Database) -> None:
    assert looked_at(written, outside=(7, "what the data folder remembers")) == (("older", None, None),)


def test_only_what_moved_is_anchored_again(written: Database) -> None:
    with written.write() as tx:
        assert anchors.drop(tx, KEY, SIX) is None
    saved(written, a_case("EX-1003"), entries=entries_of(1))
    with written.write() as tx:
        again = anchors.drop(tx, KEY, SIX)
    assert again is not None
    assert set(again.heads) == {"EX-1003"}


def test_random_tampering_is_always_found(written: Database) -> None:
    """One bit of one cell at a time; the seed is printed by pytest's own header when it fails."""
    rng = random.Random(1126)
    cells: Sequence[tuple[str, str, str]] = (
        ("log", "who", "id"), ("log", "what", "id"), ("log", "why", "id"), ("log", "case", "id"),
        ("words", "text", "entry"), ("words", "commitment", "entry"), ("seal", "digest", "entry"),
        ("anchor", "mac", "number"), ("plant_log", "what", "position"),
    )  # fmt: skip
    for _ in range(60):
        table, column, key = rng.choice(cells)
        with contextlib.suppress(Rollback), written.write() as tx:
            without_guards(tx)
            rows = tx.execute(sa.text(f'SELECT {key}, "{column}" FROM {table}')).all()
            of, value = rng.choice(rows)
            other = (
                "EX-1001" if column == "case" and value != "EX-1001" else f"{value}~" if column != "case" else "EX-1002"
            )
            tx.execute(sa.text(f'UPDATE {table} SET "{column}" = :v WHERE {key} = :k'), {"v": other, "k": of})
            found = verify(tx, [KEY])
            assert not found.whole, f"{table}.{column} of {of}"
            raise Rollback
    assert checked(written).whole


class Rollback(Exception):
    pass


def test_erasing_takes_the_words_and_leaves_the_chain_whole(database: Database) -> None:
    ended = a_case(closed_at=SIX, resolved_at=SIX, resolved_by="gary", resolution="new seal", tasks=())
    maria = Entry(SIX, "maria", "reported", MARIA_SAID, {"line": "L3"})
    gary = Entry(SIX, "gary", "waiting", "the seal", {"waiting_for": "the seal", "role": "maintenance"})
    saved(database, ended, entries=(maria, gary))
    with database.write() as tx:
        anchors.drop(tx, KEY, SIX)
        erased = erasing.of_person(tx, "maria", {("web", "maria")}, SIX + minutes(5), "denise")
    assert erased.cases == ("EX-1001",)
    with database.read() as tx:
        first, second, last = cases.log_of(tx, "EX-1001")
        assert (first.why, first.facts) == (ERASED, {"line": "L3"}), "what, when, who and which line stay"
        assert second == gary, "another person's words are theirs"
        assert (last.who, last.what, last.facts) == ("denise", "erased", {"entries": [1], "person": "maria"})
        case = cases.get(tx, "EX-1001")
        assert case is not None
        assert (case.said, case.resolution) == (ERASED, "new seal")
        assert chained.of_plant(tx)[-1].what == "words_erased"
    found = checked(database)
    assert found.whole
    assert found.erased == 1


@pytest.mark.parametrize(
    "told", ["{}", "Maria: „{}“", "Maria : «\u00a0{}\u00a0»", "Maria: „{}”", "Maria: “{}”", "Maria: {}."]
)
def test_words_are_taken_out_of_what_others_were_told_in_any_language(database: Database, told: str) -> None:
    ended = a_case(closed_at=SIX, resolved_at=SIX, tasks=())
    saved(database, ended, entries=(Entry(SIX, "maria", "reported", MARIA_SAID, {}),))
    with database.write() as tx:
        conversations.told(tx, "gary", SIX, told.format(MARIA_SAID), (), "EX-1001", "web", None)
        conversations.told(tx, "gary", SIX, told.format(f"{MARIA_SAID[:12]}…"), (), "EX-1001", "web", None)
        erasing.of_person(tx, "maria", (), SIX, "denise")
        whole, cut = (one.text for one in conversations.of(tx, "gary"))
    assert whole == told.format(ERASED)
    if told[-1] not in "}.":
        assert cut == told.format(ERASED)


def test_words_of_an_open_exception_stay_until_it_has_ended(database: Database) -> None:
    case = saved(database, a_case(), entries=(Entry(SIX, "maria", "reported", MARIA_SAID),))
    with database.write() as tx:
        assert erasing.of_person(tx, "maria", (), SIX, "denise").left == ("EX-1001",)
    with database.read() as tx:
        assert cases.log_of(tx, "EX-1001")[0].why == MARIA_SAID
    saved_again(database, case, closed_at=SIX, resolved_at=SIX)
    with database.write() as tx:
        assert erasing.of_person(tx, "maria", (), SIX, "denise").left == ()
    with database.read() as tx:
        assert cases.log_of(tx, "EX-1001")[0].why == ERASED


def test_retention_takes_old_words_alone(database: Database) -> None:
    old, young = a_case(closed_at=SIX, resolved_at=SIX), a_case("EX-1002", closed_at=SIX + minutes(9), resolved_at=SIX)
    for case in (old, young, a_case("EX-1003")):
        saved(database, case, entries=(Entry(SIX, "maria", "reported", MARIA_SAID),))
    with database.write() as tx:
        assert erasing.older_than(tx, SIX + minutes(5), SIX + timedelta(days=9)).cases == ("EX-1001",)
    with database.write() as tx:
        assert erasing.older_than(tx, SIX + minutes(5), SIX + timedelta(days=9)) == erasing.Erased()
    with database.read() as tx:
        said = [cases.log_of(tx, number)[0].why for number in ("EX-1001", "EX-1002", "EX-1003")]
    assert said == [ERASED, MARIA_SAID, MARIA_SAID]
    assert checked(database).whole


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seal SET digest = 'x'",
        "DELETE FROM seal",
        "UPDATE words SET text = 'x'",
        "DELETE FROM words",
        "UPDATE anchor SET mac = 'x'",
        "DELETE FROM plant_log",
    ],
)
def test_the_proofs_cannot_be_changed_by_the_program(written: Database, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError), written.write() as tx:
        tx.execute(sa.text(statement))
    assert checked(written).whole
