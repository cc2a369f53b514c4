"""Whose a phone is, what a person chose and what they lost: beside plant.yaml, the same on both databases (R55)."""

from __future__ import annotations

from db import addresses, inbox, invitations, members
from db.connect import Database
from tests.db.rows import SIX, a_message, minutes

TELEGRAM = "telegram"


def test_an_invitation_asks_one_address_once_and_until_it_ends(database: Database) -> None:
    with database.write() as tx:
        invitations.put(tx, "token-of-maria", "maria", SIX + minutes(60))
        assert invitations.take(tx, "token-of-maria", TELEGRAM, "1", SIX) == "maria"
        assert invitations.take(tx, "token-of-maria", TELEGRAM, "2", SIX) is None, "it is used"
        assert invitations.asked(tx, TELEGRAM, "1", SIX) == "maria"
        assert invitations.asked(tx, TELEGRAM, "2", SIX) is None
        assert invitations.asked(tx, TELEGRAM, "1", SIX + minutes(61)) is None
        invitations.close(tx, TELEGRAM, "1")
        assert invitations.asked(tx, TELEGRAM, "1", SIX) is None


def test_a_second_question_at_an_address_takes_the_place_of_the_first(database: Database) -> None:
    with database.write() as tx:
        for person in ("maria", "gary"):
            invitations.put(tx, f"token-of-{person}", person, SIX + minutes(60))
            invitations.take(tx, f"token-of-{person}", TELEGRAM, "1", SIX)
        assert invitations.asked(tx, TELEGRAM, "1", SIX) == "gary"
        invitations.withdraw(tx, "gary")
        assert invitations.asked(tx, TELEGRAM, "1", SIX) is None


def test_a_revoked_address_is_nobodys_until_it_is_bound_again(database: Database) -> None:
    with database.write() as tx:
        addresses.bind(tx, TELEGRAM, "1", "maria", SIX)
        addresses.revoke(tx, TELEGRAM, "1", SIX)
        known = addresses.get(tx, TELEGRAM, "1")
        assert known is not None
        assert (known.person, known.revoked_at) == (None, SIX)
        addresses.reachable(tx, TELEGRAM, "1")
        assert addresses.get(tx, TELEGRAM, "1") == known, "writing alone gives it back to nobody"
        addresses.bind(tx, TELEGRAM, "1", "gary", SIX)
        again = addresses.get(tx, TELEGRAM, "1")
    assert again is not None
    assert (again.person, again.revoked_at) == ("gary", None)


def test_each_revocation_begins_another_turn_and_leaves_the_language(database: Database) -> None:
    with database.write() as tx:
        assert (members.turn(tx, "maria"), members.turns(tx)) == (0, 0)
        members.speaks(tx, "maria", "es")
        members.end_sessions(tx, "maria")
        members.end_sessions(tx, "maria")
        members.end_sessions(tx, "gary")
        members.speaks(tx, "maria", "pl")
        assert (members.turn(tx, "maria"), members.turn(tx, "gary"), members.turns(tx)) == (2, 1, 3)
        assert members.languages(tx) == {"maria": "pl"}


def test_a_strangers_words_are_taken_again_once_as_told_and_put_away_once(database: Database) -> None:
    with database.write() as tx:
        for n in ("1", "2"):
            stored = inbox.put(tx, a_message(message_id=n), SIX)
            assert stored is not None
            inbox.done(tx, stored, SIX, inbox.STRANGER)
        second, first = inbox.of_strangers(tx)
        assert [inbox.again_as_told(tx, first, SIX) for _ in range(2)] == [1, 0]
        (due,) = inbox.due(tx, SIX, 10)
        assert (due.id, due.message.forwarded) == (first.id, True)
        assert [inbox.put_away(tx, [second.id, due.id], SIX) for _ in range(2)] == [1, 0], "what waits is left alone"
        assert inbox.stranger_count(tx) == 0
