"""Quality decisions in the thread: read back first, taken only by an explicit yes (R41)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import cases, conversations
from workflow import holding
from workflow.case import Case, Offer
from workflow.reading import Reading

if TYPE_CHECKING:
    from bot.desk import Desk

# Never a decision, and enough for whoever was asked to take a task (R27, R41).
BARE_OK = frozenset({"ok", "okay", "k", "oki", "vale", "tá", "ta", "👍", "👌", "✅", "🆗", "👍🏻", "👍🏽", "👍🏿"})


def propose(desk: Desk, reading: Reading) -> str:
    """A quality decision: read back first, decided only by an explicit yes (R41)."""
    case = desk.thread.case if desk.thread.case is not None and desk.thread.case.held else None
    lots = [part.lot for part in reading.disposition if part.lot]
    for lot in lots:
        holding_it = [c for c in cases.find(desk.tx, lot=lot) if c.is_open and c.held_lot(lot)]
        case = holding_it[0] if holding_it else case
    if case is None:
        mine = [c for c in cases.open_cases(desk.tx) if c.type == "quality_hold" and c.held]
        case = mine[0] if len(mine) == 1 and not lots else None
    if case is None:
        return desk.tell("no_hold", lots=lots)
    proposal = holding.propose(case, reading.disposition, desk.me, desk.said, desk.world)
    conversations.ask(desk.tx, desk.me.id, case.number, "confirm", ("yes", "no"), desk.world.now)
    return desk.save(proposal)


def confirm(desk: Desk, reading: Reading) -> str:
    """The answer to a read-back: a clear yes decides, an "ok" or an emoji never does (R41)."""
    case = desk.thread.case
    assert case is not None
    if is_bare_ok(desk.said):
        return _read_back_again(desk, case)
    if reading.intent == "answer" and reading.answer is True:
        conversations.answered(desk.tx, desk.me.id)
        return desk.save(holding.confirm(case, desk.me, desk.world))
    if reading.intent == "cancel" or reading.answer is False:
        conversations.answered(desk.tx, desk.me.id)
        return desk.save(holding.withdraw_proposal(case, desk.me, desk.world))
    return _read_back_again(desk, case)


def is_bare_ok(said: str) -> bool:
    """Whether somebody wrote nothing but an "ok" or an emoji."""
    return said.casefold().strip(" .!") in BARE_OK


def _read_back_again(desk: Desk, case: Case) -> str:
    offers = (Offer("confirm", (str(case.decisions + 1),)), Offer("not_so"))
    return desk.tell("confirm_clearly", offers, case=case.number)
