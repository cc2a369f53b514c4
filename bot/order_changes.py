"""Whoever ends the change of an order is read back what ERP will show of it, and says yes before ERP gets it (R41)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from bot.order_words import words_of
from bot.proven import stopped
from bot.say import Press
from db import cases, conversations
from workflow import finishing, order_change
from workflow.case import Case, Change, Entry, Notice, Offer
from workflow.order_change import Becomes, Words
from workflow.reading import Quantity, Reading, Resolution
from workflow.records import WorkOrder

if TYPE_CHECKING:
    from bot.desk import Desk

READ_BACK = "order_read_back"


def ended(desk: Desk, case: Case, outcome: Resolution) -> str:
    """Somebody says that it is done: what is not plainly told of its order is read back, and it ends with the yes."""
    change = finishing.resolve(case, desk.me, outcome, desk.world)  # refuses whoever may not
    order = _order(desk, case)
    if change.case.resolved_at is None or order is None:
        return desk.save(change)
    found = order_change.becomes(case, _words(desk, case, outcome), order)
    if found is None:
        return desk.save(change)
    after, plain = found
    if plain:
        return desk.save(finishing.resolve(case, desk.me, outcome, desk.world, after))
    return _read_back(desk, case, outcome, after, order)


def answered(desk: Desk, reading: Reading) -> str | None:
    """A yes or a no in words; None where nothing waits for one, or the message is neither."""
    case, asked = desk.thread.case, desk.thread.question
    if case is None or asked is None or asked.asks != "confirm" or not case.is_open or case.status == "draft":
        return None
    waits = _waiting(desk, case)
    if waits is None or (reading.intent != "answer" and reading.intent != "cancel"):
        return None
    if reading.intent == "answer" and not isinstance(reading.answer, bool):
        return None
    yes = reading.answer is True
    return stopped(desk, "book_order" if yes else "words_only") or _done(desk, case, waits, yes=yes)


def pressed(desk: Desk, press: Press, case: Case) -> str:
    """The buttons under a read-back; one that another read-back has followed counts no more (R33)."""
    waits = _waiting(desk, case)
    if waits is None or press.args != _carried(case, _becomes(waits)):
        return desk.late(case)
    return _done(desk, case, waits, yes=press.act == "book_order")


def _read_back(desk: Desk, case: Case, outcome: Resolution, after: Becomes, order: WorkOrder) -> str:
    before, now = order_change.sides(order, after)
    carried = _carried(case, after)
    scrap = [outcome.scrap.value, outcome.scrap.uom] if outcome.scrap is not None else None
    logged: dict[str, object] = {"work_order": after.work_order, "before": before, "after": now}
    logged |= {"minutes": outcome.downtime_min, "scrap_said": scrap, "shall_be": list(carried)}
    facts = {"case": case.number, "work_order": after.work_order, "before": before, "after": now}
    offers = (Offer("book_order", carried), Offer("words_only", carried))
    entry = Entry(desk.world.now, desk.me.id, READ_BACK, outcome.action or desk.said, logged)
    notice = Notice(desk.me.id, READ_BACK, facts, offers, until="resolved")
    conversations.ask(desk.tx, desk.me.id, case.number, "confirm", ("yes", "no"), desk.world.now)
    return desk.save(Change(case, (entry,), (notice,)))


def _done(desk: Desk, case: Case, waits: Entry, *, yes: bool) -> str:
    conversations.answered(desk.tx, desk.me.id)
    scrap = waits.facts.get("scrap_said")
    outcome = Resolution(waits.why, waits.facts.get("minutes"), Quantity(*scrap) if scrap else None)
    return desk.save(finishing.resolve(case, desk.me, outcome, desk.world, _becomes(waits) if yes else None))


def _waiting(desk: Desk, case: Case) -> Entry | None:
    """The sender's last read-back, where nothing has been decided about the exception since."""
    mine = [e for e in cases.log_of(desk.tx, case.number) if e.what == READ_BACK and e.who == desk.me.id]
    return mine[-1] if mine and mine[-1].facts["shall_be"][0] == str(case.decisions) else None


def _carried(case: Case, after: Becomes) -> tuple[str, ...]:
    quantity = f"{after.quantity:.15g}" if after.quantity is not None else ""
    due = after.due.isoformat() if after.due is not None else ""
    return str(case.decisions), quantity, due, "cancelled" if after.cancelled else ""


def _becomes(waits: Entry) -> Becomes:
    _, quantity, due, cancelled = waits.facts["shall_be"]
    return Becomes(
        str(waits.facts["work_order"]),
        float(quantity) if quantity else None,
        date.fromisoformat(due) if due else None,
        bool(cancelled),
    )


def _order(desk: Desk, case: Case) -> WorkOrder | None:
    """The one order that it is about, as ERP has it; of several nobody can say which is meant."""
    planned = case.type == "material_shortage" and "planner" in desk.me.roles
    if (case.type != "order_change" and not planned) or len(case.work_orders) != 1:
        return None
    return desk.world.records.work_order.get(case.work_orders[0])


def _words(desk: Desk, case: Case, outcome: Resolution) -> Words:
    """What the report says of the order; a day that is told at the end goes over the report's."""
    plant = desk.world.plant
    ending = words_of(f"{outcome.action}. {desk.said}", plant.local(desk.sent_at).date())
    if case.type != "order_change":
        return Words(days=ending.days)
    report = words_of(case.said, plant.local(case.captured_at).date())
    return Words(
        report.more, report.fewer, report.cancelled, report.whole, report.becomes, report.amounts,
        ending.days or report.days,
    )  # fmt: skip
