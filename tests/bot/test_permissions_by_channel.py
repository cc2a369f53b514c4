"""Roles x acts x states x channels, against two tables written from the rules and not from the code (R3, R41, R55)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
import yaml

from bot import shared_phone
from bot.proven import binds
from bot.say import Press
from tests.workflow.test_permissions import ALL, DECISIONS, PEOPLE, TABLE, W, in_state
from workflow.errors import Refused
from workflow.reading import Reading

WAYS = ("chat", "page", "mail", "forwarded", "phone", "phone_named")
BY_CHANNEL = yaml.safe_load(Path(__file__).with_name("permissions_by_channel.yaml").read_text("utf-8"))
READ: dict[str, Reading] = {
    "report": Reading("report"),
    "acknowledge": Reading("acknowledge"),
    "promise": Reading("update", eta_min=20),
    "wait": Reading("update", waiting_for="a seal"),
    "update": Reading("update"),
    "resolve": Reading("resolve"),
    "cancel": Reading("cancel"),
    "reassign": Reading("reassign"),
    "decide": Reading("disposition"),
}
# The acts of the other table as people write them; what is a button alone is there under its own name.
WRITTEN = {name: name for name in READ} | dict.fromkeys(DECISIONS, "decide") | {
    "decline": "reassign", "raise": "press raise", "join": "report", "reopen": "report", "correct": "update",
    "snooze": "wait", "widen": "press hold_also",
}  # fmt: skip


def gate(act: str, way: str) -> Literal["yes", "no", "who"]:
    """Whether an act from there counts, as the program's own doors say in their order."""
    press = Press(act.removeprefix("press "), "EX-1", ()) if act.startswith("press ") else None
    reading = None if press is not None else READ[act]
    if way in ("mail", "forwarded") and binds(press, reading, confirms=False):
        return "no"
    if way.startswith("phone"):
        needs = shared_phone.wants(press, reading, confirms=False)
        if needs == "own phone":
            return "no"
        if needs == "a name" and way == "phone":
            return "who"
    return "yes"


@pytest.mark.parametrize("act", BY_CHANNEL)
def test_R41_what_counts_from_where_is_what_the_table_says(act: str) -> None:
    said = {True: "yes", False: "no"}
    wanted = [said.get(value, value) for value in BY_CHANNEL[act]]
    assert [gate(act, way) for way in WAYS] == wanted


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "state"), [(k, s) for k, states in TABLE.items() for s in states])
def test_R3_R55_who_may_do_what_in_which_state_from_where(kind: str, state: str, way: str) -> None:
    case = in_state(kind, state)
    at = WAYS.index(way)
    for act, row in TABLE[kind][state].items():
        allowed = row if BY_CHANNEL[WRITTEN[act]][at] is True else []
        if state == "acknowledged" and act in ("acknowledge", "decline", "promise", "wait") and allowed:
            allowed = ["tom" if kind == "breakdown" else "quinn"]
        may = []
        for name in PEOPLE:
            if gate(WRITTEN[act], way) != "yes":
                continue
            try:
                change = ALL[act](case, W.plant.person[name])
            except Refused:
                continue
            may += [name] if change.entries else []
        assert sorted(may) == sorted(allowed), f"{kind}, {state}, {way}: {act}"


def test_every_button_that_binds_is_in_the_table() -> None:
    known = {act.removeprefix("press ") for act in BY_CHANNEL if act.startswith("press ")}
    assert known >= shared_phone.NEVER, "what never comes from a shared phone is said in the table too"
