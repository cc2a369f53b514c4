"""Roles x acts x states x channels, against two tables written from the rules and not from the code (R3, R41, R55)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import proven, shared_phone
from bot.proven import Way, gate
from bot.say import Press
from bot.wording import texts
from tests.workflow.test_permissions import ALL, CASES, DECIDES, PEOPLE, TABLE, WORLD_OF, W, in_state, named, who_may
from workflow.reading import INTENTS, Reading

WAYS = {
    "chat": Way(),
    "page": Way(),
    "mail": Way(decides=False),
    "forwarded": Way(forwarded=True),
    "phone": Way(phone=True),
    "phone_named": Way(phone=True, named=True),
}
BY_CHANNEL: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("permissions_by_channel.yaml").read_text("utf-8"))
WORDS, BUTTONS = BY_CHANNEL["words"], BY_CHANNEL["buttons"]
READ: dict[str, Reading] = {intent: Reading(intent) for intent in INTENTS} | {
    "promise": Reading("update", eta_min=20),
    "wait": Reading("update", waiting_for="a seal"),
    "decide": Reading("disposition"),
    "decline": Reading("reassign"),
    "reassign": Reading("reassign", reassign_to="ann"),
}
SAYS = {None: "yes", "needs_more_proof": "no", "not_your_words": "no", "needs_own_phone": "no", "who_is_it": "who"}
# The acts of the other table as people write or press them.
WRITTEN = dict.fromkeys(DECIDES, "decide") | {
    "raise": "raise", "join": "report", "reopen": "report", "correct": "update", "snooze": "wait", "widen": "hold_also",
    "confirm": "yes to a read-back", "last_good": "update",
}  # fmt: skip


def counts(act: str, way: str) -> str:
    """What the program's own gate says: of words as they were read, of a button, and of words that do what one does."""
    if act == "yes to a read-back":
        return SAYS[gate(None, Reading("answer", answer=True), WAYS[way], confirms=True)]
    if act in READ:
        return SAYS[gate(None, READ[act], WAYS[way], confirms=False)]
    return pressed(act, way)


def pressed(act: str, way: str) -> str:
    press = Press(act.removesuffix(" sent"), "EX-1", ())
    return SAYS[gate(press, None, WAYS[way], confirms=False, filled=act.endswith(" sent"))]


def cells(row: list[object]) -> list[str]:
    return [
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value) for value in row
    ]


@pytest.mark.parametrize("act", WORDS)
def test_R41_what_words_count_from_where_is_what_the_table_says(act: str) -> None:
    assert [counts(act, way) for way in WAYS] == cells(WORDS[act])


@pytest.mark.parametrize("act", BUTTONS)
def test_R41_what_button_counts_from_where_is_what_the_table_says(act: str) -> None:
    assert [pressed(act, way) for way in WAYS] == cells(BUTTONS[act])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "state"), CASES)
def test_R3_R55_who_may_do_what_in_which_state_from_where(kind: str, state: str, way: str) -> None:
    case, at = in_state(kind, state), [*WAYS].index(way)
    # On a shared phone of which nobody knows in whose hand it is, the phone itself writes; it writes nowhere else.
    here = ("phone",) if way == "phone" else tuple(name for name in PEOPLE if name != "phone")
    for act, cell in TABLE[kind][state].items():
        written = WRITTEN.get(act, act)
        row = cells(WORDS[written] if written in WORDS else BUTTONS[written])
        allowed = named(cell) & {*here} if row[at] == "yes" else set()
        passes = counts(written, way) == "yes"
        may = who_may(act, case, WORLD_OF.get(kind, W), here) if passes and written != "still_on_it" else set()
        assert may == allowed, f"{kind}, {state}, {way}: {act}"


def test_every_button_and_every_intent_is_in_the_table() -> None:
    """What is new in the code is in the table too, or this says so."""
    labels = {"yes", "no", "done"}  # of answers and of the end: they carry another act
    buttons = {name.removeprefix("button.") for name in texts("en") if name.startswith("button.")} - labels
    tabled = {*BUTTONS, *BY_CHANNEL["strangers"]} - {"decide sent"}
    assert buttons - tabled == set()
    assert tabled - buttons == {"put_first", "why"}, "no buttons: words that meet the gate of one"
    assert tabled >= proven.ACTS | shared_phone.NEVER | shared_phone.FREE
    intents = {"disposition": "decide"}
    assert {intents.get(intent, intent) for intent in INTENTS} <= {*WORDS}
    assert {WRITTEN.get(act, act) for act in ALL} <= {*WORDS, *BUTTONS}
